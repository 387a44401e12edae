"""Passwords and keys: kept, generated, derived, looked up, and recovered by people."""
