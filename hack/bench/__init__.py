"""The figures of the server: over real HTTP, load generator and server in processes of their own."""
