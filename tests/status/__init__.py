"""Tests of `app.status`."""
