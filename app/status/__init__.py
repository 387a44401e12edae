"""The status of a WazuhCluster, from observed children only."""
