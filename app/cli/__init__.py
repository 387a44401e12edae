"""The command line, and the composition root behind it."""
