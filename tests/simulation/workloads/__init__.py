"""Tests of the models of the built-in controllers."""
