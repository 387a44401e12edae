"""What the hook's chart makes of a handful of values, compared with files that people read."""

from __future__ import annotations

import pytest

from tests.charts.helm import GOLDEN, compare, golden_text, lint, notes
from tests.charts.operator import CHART, VALUE_SETS, described, rendered

FOLDER = GOLDEN / "operator"


@pytest.mark.parametrize("name", VALUE_SETS)
def test_the_manifests_are_the_accepted_ones(name: str, *, update_golden: bool) -> None:
    """All but keys, token and revision, to the byte."""
    text = golden_text(described(rendered(name)))
    compare(FOLDER / f"{name}.yaml", text, update=update_golden)


@pytest.mark.parametrize("name", ["default", "minimal", "everything-set"])
def test_the_notes_are_the_accepted_ones(name: str, *, update_golden: bool) -> None:
    """They tell the next step."""
    compare(FOLDER / f"{name}-notes.txt", notes(CHART, VALUE_SETS[name]), update=update_golden)


def test_every_golden_belongs_to_a_value_set() -> None:
    """A file that no test reads is checked by nobody."""
    wanted = {f"{name}.yaml" for name in VALUE_SETS}
    wanted |= {f"{name}-notes.txt" for name in ("default", "minimal", "everything-set")}
    assert {path.name for path in FOLDER.iterdir()} == wanted


@pytest.mark.parametrize("name", VALUE_SETS)
def test_helm_has_nothing_to_complain_of(name: str) -> None:
    """`helm lint --strict`."""
    assert "0 chart(s) failed" in lint(CHART, VALUE_SETS[name])
