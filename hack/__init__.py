"""Generators and the benchmark; no part of the product."""
