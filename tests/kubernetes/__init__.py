"""Tests of the shared parts of Kubernetes objects."""
