"""Tests of the report of a simulation."""
