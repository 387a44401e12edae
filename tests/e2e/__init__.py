"""End to end, on a real API server: `make e2e`. Plain pytest does not collect this folder."""
