"""The tests of the folder `live` need Maven and Java: `make e2e-indexer` names it and runs them."""

from __future__ import annotations

collect_ignore = ["live"]
