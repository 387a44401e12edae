"""The real hook in the embedded engine: whole clusters, lagging informers, virtual time."""
