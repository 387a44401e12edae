"""Tests of the model's client of a real API server."""
