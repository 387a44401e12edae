"""The cluster's certificates: parsed, judged, issued; no Kubernetes object is known here."""
