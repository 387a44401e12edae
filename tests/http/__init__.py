"""The HTTP edge, over real HTTP."""
