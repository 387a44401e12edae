"""The programs of a control plane: pinned Go modules, and how they are built."""
