"""Tests of `app.rollout`."""
