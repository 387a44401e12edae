"""Tests; the layout mirrors `app`."""
