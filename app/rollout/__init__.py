"""Which tier takes what now: order, hashes that wait, what is kept, what is frozen."""
