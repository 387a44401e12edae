"""Tests of app.checks."""
