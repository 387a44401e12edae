"""A control plane as plain processes on loopback, with the hook and Metacontroller's model."""
