"""Tests of what the API server does to a manifest."""
