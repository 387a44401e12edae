"""Properties: what holds for every spec and every view of a cluster, found by hypothesis."""
