"""The report of a simulation: what was recorded, drawn as one page that needs nothing else."""
