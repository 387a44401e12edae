"""Mutual trust: every pod verifies the peers that it talks to, at every step of any history."""
