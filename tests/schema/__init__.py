"""Tests of the models, the rules and the parsing of a spec."""
