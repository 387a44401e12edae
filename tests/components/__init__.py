"""Tests of the components: what a cluster's objects look like."""
