"""`simulate --report`: the file, and what is wrong with a file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from app.cli.arguments import CommandError, UsageError
from tests.simulation.report.test_page import parsed
from tests.simulation.test_command import run, written
from tests.simulation.trial_hook import NAME, parent


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A WazuhCluster for the trial hook."""
    return written(tmp_path / "cluster.yaml", parent())


def test_a_run_writes_its_report(cluster: Path, tmp_path: Path) -> None:
    """With the edits under the names of their files; the same run gives the same bytes."""
    edit = written(tmp_path / "bigger.yaml", parent(replicas=5))
    files = [tmp_path / "1.html", tmp_path / "2.html"]
    for file in files:
        arguments = ["--direct", "--edit", f"{edit}@10m", "--report", str(file)]
        status, output = run(str(cluster), *arguments)
        assert status == 0
        assert f"report in {file}" in output
    html = files[0].read_text(encoding="utf-8")
    drawn = parsed(html).within("title")
    assert any(text.endswith("bigger.yaml: spec.replicas") for text in drawn)
    assert html.count(f'aria-label="{NAME}-indexer-4"') == 2  # the overview and one episode
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_failed_run_has_a_report_too(tmp_path: Path) -> None:
    """That is when it is needed most."""
    broken = written(tmp_path / "broken.yaml", parent(mischief="quantity"))
    file = tmp_path / "report.html"
    with pytest.raises(CommandError, match="rules broken"):
        run(str(broken), "--direct", "--report", str(file))
    html = file.read_text(encoding="utf-8")
    assert html.count('aria-label="Broken rules"') >= 1
    parsed(html)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        pytest.param("", "is a directory", id="a directory"),
        pytest.param("missing/report.html", "its directory does not exist", id="no directory"),
        pytest.param("cluster.yaml/report.html", "does not exist", id="a file as directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_the_run(
    cluster: Path, tmp_path: Path, target: str, text: str
) -> None:
    """One line, status 2, and no simulation for nothing."""
    stream = io.StringIO()
    with pytest.raises(UsageError, match=text) as error:
        run(str(cluster), "--direct", "--report", str(tmp_path / target), stream=stream)
    assert error.value.status == 2
    assert "\n" not in str(error.value)
    assert stream.getvalue() == ""


def test_a_disk_that_is_full_is_told(cluster: Path) -> None:
    """Status 2 in one line, after the run."""
    with pytest.raises(UsageError, match="/dev/full: No space left on device") as error:
        run(str(cluster), "--direct", "--report", "/dev/full")
    assert error.value.status == 2
