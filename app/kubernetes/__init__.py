"""Shared parts of Kubernetes objects: metadata, pods, Services, policies, quantities."""
