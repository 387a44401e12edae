"""Tests of `app.resolve`."""
