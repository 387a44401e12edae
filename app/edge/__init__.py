"""The HTTP edge: routes, limits, logs, metrics, server. It knows nothing of Kubernetes."""
