"""The figures of the server: over real HTTP, with server and load generator apart."""
