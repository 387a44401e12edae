"""What the hook answers in each scenario, compared with files that people read.

``make golden`` accepts what changed; it rewrites the files, lists them and fails, so that nobody
accepts by accident.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import pytest

from app.hook.sync import sync
from tests.cluster_builder import seeded_entropy
from tests.golden_text import request_text, response_text
from tests.scenarios import SCENARIOS, Scenario

GOLDEN: Final = Path(__file__).parent / "golden"
FILES: Final = ("README.md", "request.yaml", "response.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A golden that is not what the code gives."""

    path: Path
    wanted: str

    @property
    def diff(self) -> str:
        """Unified diff from the file to what the code gives."""
        present = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        name = str(self.path.relative_to(GOLDEN.parent.parent))
        lines = difflib.unified_diff(
            present.splitlines(keepends=True),
            self.wanted.splitlines(keepends=True),
            fromfile=f"{name} (accepted)",
            tofile=f"{name} (now)",
        )
        return "".join(lines)


def rendered(name: str) -> dict[str, str]:
    """Texts of all files of a scenario; the answer is made twice and must be the same bytes."""
    scenario = SCENARIOS[name]
    request, now = scenario.build()
    answers = [sync(request, now=now, entropy=seeded_entropy(0)) for _ in range(2)]
    first, second = (orjson.dumps(one.response.on_wire()) for one in answers)
    assert first == second, "two calls with one request, time and entropy differ"
    return {
        "README.md": readme(name, scenario),
        "request.yaml": request_text(request, now),
        "response.yaml": response_text(request, answers[0], in_full=scenario.in_full),
    }


def readme(name: str, scenario: Scenario) -> str:
    """Why the scenario exists, in one sentence."""
    return f"# {name.replace('-', ' ')}\n\n{scenario.why}\n"


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_answer_is_the_accepted_one(name: str, *, update_golden: bool) -> None:
    """Each scenario's files are what the code gives, to the byte."""
    mismatches = [
        Mismatch(path=GOLDEN / name / file, wanted=text)
        for file, text in rendered(name).items()
        if not _is_accepted(GOLDEN / name / file, text)
    ]
    if not mismatches:
        return
    if update_golden:
        for one in mismatches:
            one.path.parent.mkdir(parents=True, exist_ok=True)
            one.path.write_text(one.wanted, encoding="utf-8")
        listed = "\n".join(f"  {one.path.relative_to(GOLDEN.parent.parent)}" for one in mismatches)
        pytest.fail(f"rewritten, read the diff and run again:\n{listed}", pytrace=False)
    diffs = "\n".join(one.diff for one in mismatches)
    pytest.fail(f"{diffs}\nto accept: make golden", pytrace=False)


def test_every_golden_belongs_to_a_scenario() -> None:
    """A folder or file that no scenario makes is checked by nobody."""
    wanted = {f"{name}/{file}" for name in SCENARIOS for file in FILES}
    present = {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*") if path.is_file()}
    assert sorted(present - wanted) == []


def test_every_scenario_has_a_golden() -> None:
    """A scenario without files would compare nothing."""
    wanted = {f"{name}/{file}" for name in SCENARIOS for file in FILES}
    missing = sorted(file for file in wanted if not (GOLDEN / file).is_file())
    assert missing == [], "to accept new scenarios: make golden"


def _is_accepted(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
