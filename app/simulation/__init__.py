"""The embedded engine: API server, Metacontroller and workload controllers in virtual time."""
