"""What a request says: parent, children, what was last applied, which Secrets are read."""
