"""Small building blocks: objects with some of their fields, maps, names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]


@st.composite
def some_of(
    draw: st.DrawFn, fields: Mapping[str, Strategy], *, at_least: int = 0, at_most: int = 4
) -> dict[str, Any]:
    """An object with a few of ``fields``: any of them may come, seldom many at once."""
    keys = draw(
        st.lists(st.sampled_from(sorted(fields)), unique=True, min_size=at_least, max_size=at_most)
    )
    return {key: draw(fields[key]) for key in sorted(keys)}


@st.composite
def with_some(
    draw: st.DrawFn, required: Mapping[str, Strategy], optional: Mapping[str, Strategy]
) -> dict[str, Any]:
    """An object with all of ``required`` and a few of ``optional``."""
    found = {key: draw(strategy) for key, strategy in required.items()}
    return found | (draw(some_of(optional)) if optional else {})


def unique_items(item: Strategy, key: str, *, at_most: int = 3) -> Strategy:
    """A list of objects in which no two have the same ``key``."""
    return st.lists(item, unique_by=lambda one: str(one[key]), max_size=at_most)


YES, NO = st.sampled_from([True]), st.sampled_from([False])
NAMES = st.sampled_from(["a", "fast", "team-a", "x.y-z", "0"])
LABELS = st.dictionaries(
    st.sampled_from(["pool", "example.com/team", "kubernetes.io/os"]),
    st.sampled_from(["a", "linux", "", "B_1.c"]),
    max_size=2,
)
ANNOTATIONS = st.dictionaries(
    st.sampled_from(["owner", "example.com/scrape", "Example.com/Upper"]),
    st.sampled_from(["true", "", "a & <b> 'c' \u00fc\n"]),
    max_size=2,
)
LABEL_SELECTORS = some_of(
    {
        "matchLabels": LABELS,
        "matchExpressions": st.lists(
            st.sampled_from(
                [
                    {"key": "tier", "operator": "In", "values": ["a", "b"]},
                    {"key": "tier", "operator": "Exists"},
                    {"key": "tier", "operator": "DoesNotExist", "values": []},
                ]
            ),
            max_size=1,
        ),
    }
)
