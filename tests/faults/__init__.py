"""Single faults, by their numbers in docs/reliability.md: what each does to a living cluster."""
