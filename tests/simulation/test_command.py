"""`simulate` with the trial hook: output, edits, exit statuses."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.arguments import CommandError, Parser, UsageError
from app.result import Manifest
from app.simulation import command
from app.simulation.duration import seconds_of, shown
from app.simulation.hook import Clock, DirectHook, Hook, seeded_entropy
from tests.simulation.test_hook import served
from tests.simulation.trial_hook import NAME, SECRET, customize, parent, sync


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def direct(clock: Clock, seed: int) -> Hook:
    """The trial hook in process."""
    return DirectHook(sync, customize, clock, seeded_entropy(seed))


@contextmanager
def no_server(clock: Clock) -> Iterator[str]:
    """A server that never answers."""
    del clock
    with served(500, b"broken") as url:
        yield url


def run(*arguments: str, stream: io.StringIO | None = None) -> tuple[int, str]:
    """Exit status and output."""
    parser = Parser(prog="simulate")
    command.arguments(parser)
    output = stream or io.StringIO()
    status = command.run(
        parser.parse_args(arguments), serve=no_server, direct=direct, stream=output
    )
    return status, output.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A WazuhCluster with a Secret beside it."""
    return written(tmp_path / "cluster.yaml", secret(), parent())


def secret() -> Manifest:
    """A Secret of the user."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "mine"},
        "stringData": {"a": "b"},
    }


def written(path: Path, *documents: Any) -> Path:
    """Documents as YAML."""
    path.write_text(yaml.safe_dump_all(documents))
    return path


def test_a_run_ends_when_the_cluster_is_running_and_quiet(file: Path) -> None:
    """Plain lines, the last one with the counts."""
    status, output = run(str(file), "--direct")
    assert status == 0
    lines = output.splitlines()
    assert any("Creating" in line for line in lines)
    assert "Running    5/5 children" in lines[-2]
    assert "indexer 3/3  dashboard 1/1" in lines[-2]
    assert "5 children" in lines[-1]
    assert len(lines) < 40


def test_the_manifests_are_written_as_they_were_emitted(file: Path, tmp_path: Path) -> None:
    """Secrets for their owner only; nothing of the server's or of Metacontroller's."""
    run(str(file), "--direct", "--output", str(tmp_path / "out"))
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert set(files) == {
        f"configmap-{NAME}-config.yaml", f"deployment-{NAME}-dashboard.yaml",
        f"secret-{SECRET}.yaml", f"service-{NAME}-headless.yaml",
        f"statefulset-{NAME}-indexer.yaml", "status.yaml",
    }  # fmt: skip
    assert stat.S_IMODE(files[f"secret-{SECRET}.yaml"].stat().st_mode) == 0o600
    manifest = yaml.safe_load(files[f"statefulset-{NAME}-indexer.yaml"].read_text())
    assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
    assert set(manifest["metadata"]) == {"name", "namespace", "labels"}
    assert "controller-uid" not in manifest["metadata"]["labels"]


def test_an_edit_is_applied_at_its_time(file: Path, tmp_path: Path) -> None:
    """The run goes on until the cluster is quiet again."""
    changed = written(tmp_path / "changed.yaml", parent(replicas=5))
    status, output = run(str(file), "--direct", "--edit", f"{changed}@10m")
    assert status == 0
    assert f"10m  {changed} applied" in output
    assert "indexer 5/5" in output.splitlines()[-2]


def test_a_run_may_take_a_given_time(file: Path) -> None:
    """Two days; every resync runs if asked for."""
    _, some = run(str(file), "--direct", "--for", "2h")
    _, every = run(str(file), "--direct", "--for", "2h", "--all-resyncs")
    counts = [int(text.splitlines()[-1].split()[1]) for text in (some, every)]
    assert counts[1] > counts[0] + 200
    assert "virtual time 2h" in some


def test_a_terminal_gets_one_block(file: Path) -> None:
    """Redrawn in place."""
    _, output = run(str(file), "--direct", stream=Terminal())
    assert "\x1b[" in output
    assert "###   indexer 3/3" in output


def test_a_seed_gives_the_same_run(file: Path) -> None:
    """Line by line."""
    assert run(str(file), "--direct", "--seed", "3") == run(str(file), "--direct", "--seed", "3")


def test_a_hook_that_fails_fails_the_run(file: Path) -> None:
    """Status 1, one line that says how."""
    with pytest.raises(CommandError, match="500") as error:
        run(str(file))
    assert error.value.status == 1


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        pytest.param({"mischief": "null-child"}, "null in children", id="null"),
        pytest.param({"mischief": "quantity"}, "rules broken", id="useless writes"),
        pytest.param(
            {"workload": {"updateStrategy": {"type": "RollingUpdate"}, "replicas": 2}},
            "not Running and quiet",
            id="never ready",
        ),
    ],
)
def test_a_run_that_comes_to_no_end_fails(tmp_path: Path, spec: dict[str, Any], text: str) -> None:
    """Status 1, not 2: the input was fine."""
    with pytest.raises(CommandError, match=text) as error:
        run(str(written(tmp_path / "x.yaml", parent(**spec))), "--direct")
    assert error.value.status == 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["missing.yaml", "--direct"], id="no such file"),
        pytest.param(["{file}", "--for", "soon"], id="duration"),
        pytest.param(["{file}", "--edit", "{file}"], id="edit without a time"),
        pytest.param(["{file}", "--edit", "{file}@never"], id="edit at no time"),
        pytest.param(["{file}", "--edit", "missing.yaml@1m"], id="edit without a file"),
        pytest.param(["{file}", "--seed", "x"], id="seed"),
    ],
)
def test_bad_usage_is_status_2(file: Path, arguments: list[str]) -> None:
    """One line, before anything is run."""
    with pytest.raises(UsageError) as error:
        run(*(text.format(file=file) for text in arguments))
    assert error.value.status == 2
    assert "\n" not in str(error.value)


def test_an_edit_must_be_of_the_same_cluster(file: Path, tmp_path: Path) -> None:
    """Another name would be another cluster."""
    other = parent()
    other["metadata"]["name"] = "other"
    with pytest.raises(UsageError, match="another"):
        run(str(file), "--direct", "--edit", f"{written(tmp_path / 'o.yaml', other)}@1m")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("3h", 10800), ("800d", 69_120_000), ("1h30m", 5400), ("0s", 0)],
)
def test_durations(text: str, seconds: int) -> None:
    """There and back."""
    assert seconds_of(text) == seconds
    assert seconds_of(shown(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "1", "s", "1w", "1s1m", "-1s", "99999d"])
def test_what_is_no_duration(text: str) -> None:
    """ValueError."""
    with pytest.raises(ValueError, match="must be"):
        seconds_of(text)
