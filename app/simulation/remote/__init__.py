"""The model of Metacontroller as a client of a real API server, in real time."""
