"""Passwords and keys, kept, generated, derived and recovered: rule by rule."""
