"""Models of the built-in controllers: workloads, pods, claims, garbage collection."""
