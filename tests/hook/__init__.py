"""Tests of `app.hook`."""
