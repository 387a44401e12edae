"""The API: pydantic models of the WazuhCluster and of the hook's envelopes."""
