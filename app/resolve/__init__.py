"""From spec and observation to one `Cluster`: judged, held field by field, resolved."""
