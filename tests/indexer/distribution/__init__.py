"""The OpenSearch distribution, assembled from Maven packages."""
