"""A real OpenSearch with the security plugin, fed with what the hook renders."""
