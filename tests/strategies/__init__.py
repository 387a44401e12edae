"""Hypothesis strategies: specs that every rule allows, specs that some rule refuses, views.

``specs`` reaches every field of the API and is weighted to small ones: most faults need two or
three fields at once, hardly ever thirty. The objects that a spec may refer to are in
``tests.user_objects``.
"""

from __future__ import annotations

from tests.strategies.edits import edits
from tests.strategies.faulty import invalid_specs
from tests.strategies.moments import moments
from tests.strategies.spec import specs
from tests.strategies.views import shuffled, subsets, with_nulls

__all__ = ["edits", "invalid_specs", "moments", "shuffled", "specs", "subsets", "with_nulls"]
