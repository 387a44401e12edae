"""What the API server does to a manifest: defaults, normalisation, validation, field owners."""
