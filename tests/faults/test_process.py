"""The process itself: what it needs of the machine, and what a defect costs."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import pytest

from app.cli.main import hook
from app.components import dashboard
from app.edge.http import create_app
from app.edge.limits import BearerTokens
from app.edge.server import serving
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry
from tests.cluster_builder import NOW
from tests.scenarios import steady

ROOT: Final = Path(__file__).parents[2]
RECORDING: Final = ROOT / "tests" / "recordings" / "5-steady-state.json"

#: A process that may write no file at all, in a folder that is not there any more.
_DISKLESS: Final = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    with open(sys.argv.pop(1), "wb") as file:
        file.write(b"x")
except OSError:
    pass
else:
    sys.exit("a file could be written")
from app.cli.main import main
sys.exit(main(sys.argv[1:]))
"""

#: Forked workers ask for their seeds, as the composition root gives them to the edge.
_FORKED: Final = """
import os, sys
from app.cli.main import _seed
_seed()
sys.stdout.flush()
for _ in range(4):
    if os.fork() == 0:
        os.write(1, (_seed().hex() + "\\n" + _seed().hex() + "\\n").encode())
        os._exit(0)
for _ in range(4):
    os.wait()
"""


@contextmanager
def serving_process(tmp_path: Path) -> Iterator[str]:
    """URL of ``serve`` in a process without a disk."""
    gone = tmp_path / "gone"
    gone.mkdir()
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-B", "-c", _DISKLESS, str(tmp_path / "probe"), "serve", "--port", "0"],
        cwd=gone,
        env={"PYTHONPATH": str(ROOT), "TMPDIR": "/nonexistent", "HOME": "/nonexistent"},
        stderr=subprocess.PIPE,
    )
    try:
        gone.rmdir()
        assert process.stderr is not None
        for line in process.stderr:
            event = orjson.loads(line)
            if event["event"] == "listening":
                yield f"http://127.0.0.1:{event['port']}"
                break
        else:
            pytest.fail("it ended before it served")
    finally:
        process.terminate()
        process.wait(20)
        if process.stderr is not None:
            process.stderr.close()


def test_f71_nothing_on_disk_is_needed(tmp_path: Path) -> None:
    """No file can be written, the working directory and the temporary one do not exist."""
    with serving_process(tmp_path) as url:
        answer = httpx.post(f"{url}/sync", content=RECORDING.read_bytes(), timeout=20)
        assert answer.status_code == 200
        assert httpx.get(f"{url}/readyz", timeout=20).status_code == 200


def test_f72_forked_workers_share_no_seed() -> None:
    """The system's source is asked in every call: nothing is drawn beforehand and copied."""
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _FORKED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seeds = run.stdout.split()
    assert len(seeds) == 8
    assert len(set(seeds)) == 8
    assert {len(seed) for seed in seeds} == {64}


def test_f70_every_token_is_compared_in_constant_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal numbers of comparisons of equal length, whatever is sent; none ends early."""
    compared: list[tuple[int, int]] = []

    def counted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    file = tmp_path / "tokens"
    file.write_text("first-token\nsecond-token\nthird-token\n")
    tokens = BearerTokens(file)
    monkeypatch.setattr("app.edge.limits.hmac.compare_digest", counted)
    costs = []
    for sent in (b"Bearer first-token", b"Bearer third-token", b"Bearer x", b"", None, b"x" * 9000):
        compared.clear()
        tokens.accepts(sent)
        costs.append(list(compared))
    assert costs == [[(32, 32)] * 3] * 6


@contextmanager
def real(stream: io.BytesIO) -> Iterator[httpx.Client]:
    """The real hook behind the edge; answers are not kept."""
    settings = Settings.model_construct(reuse_max_bytes=0)
    telemetry = Telemetry(stream=stream, clock=lambda: NOW, level="debug")
    app = create_app(
        hook(), settings=settings, clock=lambda: NOW, seed=lambda: b"7" * 32, telemetry=telemetry
    )
    with serving(app, settings) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def test_f73_a_defect_in_one_renderer_costs_its_cluster_a_sync_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """500 without a single child: a shorter list would delete what is missing from it."""
    builder = dashboard.service

    def defective(cluster: Any) -> Any:
        if cluster.uid == "broken":
            raise LookupError(cluster.name)
        return builder(cluster)

    monkeypatch.setattr(dashboard, "service", defective)
    sound, broken = steady().request(), steady().request()
    broken["parent"]["metadata"]["uid"] = "broken"
    stream = io.BytesIO()
    with real(stream) as client:
        for _ in range(2):
            answer = client.post("/sync", json=broken)
            assert answer.status_code == 500
            assert answer.text.startswith("internal error")
            assert "children" not in answer.text
            answer = client.post("/sync", json=sound)
            assert answer.status_code == 200
            assert len(orjson.loads(answer.content)["children"]) > 30
    events = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["outcome"] for one in events] == ["error", "applied"] * 2
