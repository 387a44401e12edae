"""Tests on running nodes."""
