"""The command line: exit status, one line on stderr, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from app.cli import main as command_line
from app.cli.main import main

ROOT = Path(__file__).parent.parent
QUICKSTART = ROOT / "examples" / "quickstart.yaml"
RECORDING = ROOT / "tests" / "recordings" / "5-steady-state.json"
SEED = "5e" * 32


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests counts."""
    for name in [name for name in os.environ if name.startswith("WAZUH_HOOK_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param([], "COMMAND", id="no command"),
        pytest.param(["nope"], "invalid choice", id="unknown command"),
        pytest.param(["serve", "--port", "65536"], "from 0 to 65535", id="no port"),
        pytest.param(["serve", "--port", "x"], "from 0 to 65535", id="no number"),
        pytest.param(["serve", "extra"], "unrecognized", id="too much"),
        pytest.param(["render"], "FILE", id="no file"),
        pytest.param(["render", "/no/such/file"], "No such file", id="missing file"),
        pytest.param(["render", "x", "--now", "2026-01-01"], "must be a time", id="no time"),
        pytest.param(["render", "x", "--now", "yesterday"], "must be a time", id="no time at all"),
        pytest.param(["render", "x", "--seed", "5e"], "64 hex digits", id="short seed"),
        pytest.param(["render", "x", "--seed", "zz" * 32], "64 hex digits", id="no hex"),
        pytest.param(["render", "x", "--rounds", "0"], "from 1 to 100", id="no round"),
        pytest.param(["simulate"], "FILE", id="nothing to simulate"),
        pytest.param(["simulate", "/no/such/file"], "No such file", id="missing simulation"),
        pytest.param(["simulate", "x", "--for", "soon"], "--for", id="no duration"),
        pytest.param(["crd", "--x"], "unrecognized", id="unknown option"),
    ],
)
def test_bad_usage_or_input_is_one_line_and_2(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Says what is wrong; stdout stays empty."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("wazuh-hook: ")
    assert printed.err.count("\n") == 1
    assert text in printed.err


@pytest.mark.parametrize(
    "arguments",
    [["--help"], *([name, "--help"] for name in ("serve", "render", "simulate", "crd"))],
)
def test_help_is_no_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout."""
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("usage: wazuh-hook")


def test_a_setting_that_cannot_be_used_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and 2."""
    monkeypatch.setenv("WAZUH_HOOK_MAX_BODY_BYTES", "s3cret")
    assert main(["serve"]) == 2
    printed = capsys.readouterr().err
    assert "WAZUH_HOOK_MAX_BODY_BYTES" in printed
    assert "s3cret" not in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "text"),
    [(None, "No such file"), ("\n", "holds no token")],
    ids=["missing", "empty"],
)
def test_a_token_file_that_cannot_be_used_is_one_line_and_2(
    content: str | None,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A hook without the wanted protection must not start."""
    if content is not None:
        (tmp_path / "token").write_text(content)
    monkeypatch.setenv("WAZUH_HOOK_BEARER_TOKEN_FILE", str(tmp_path / "token"))
    assert main(["serve", "--port", "0"]) == 2
    printed = capsys.readouterr().err
    assert text in printed
    assert printed.count("\n") == 1


def test_a_taken_port_is_a_failed_run(capsys: pytest.CaptureFixture[str]) -> None:
    """One line and 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 1
    printed = capsys.readouterr().err
    assert "cannot listen on 127.0.0.1:" in printed
    assert printed.count("\n") == 1


def test_a_defect_is_one_line_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Type and place, since the text of an exception may hold anything."""

    def broken(_options: object) -> int:
        raise ValueError("Passw0rd.marker")

    monkeypatch.setattr(command_line, "crd", broken)
    assert main(["crd"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("wazuh-hook: internal error: ValueError in test_main.py:")
    assert "Passw0rd" not in printed


def test_an_interrupt_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As shells expect it, without a word."""

    def interrupted(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "crd", interrupted)
    assert main(["crd"]) == 130
    assert capsys.readouterr().err == ""


def test_crd_prints_the_committed_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Byte for byte."""
    assert main(["crd"]) == 0
    committed = ROOT / "crds" / "wazuhclusters.resources.wazuh.com.yaml"
    assert capsys.readouterr().out == committed.read_text(encoding="utf-8")


def test_render_prints_the_whole_cluster_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A WazuhCluster alone becomes everything that its creation brings."""
    assert main(["render", str(QUICKSTART), "--seed", SEED]) == 0
    response = yaml.safe_load(capsys.readouterr().out)
    kinds = {child["kind"] for child in response["children"]}
    assert {"StatefulSet", "Deployment", "ConfigMap", "Secret", "Service"} <= kinds
    values = [
        value
        for child in response["children"]
        if child["kind"] == "Secret"
        for value in child["data"].values()
    ]
    assert values
    assert all(value.startswith("<") and value.endswith(">") for value in values)


def test_render_is_the_same_for_the_same_seed_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Keys, serials and passwords come from the seed, dates from the time."""
    printed = []
    for seed in (SEED, SEED, "5f" * 32):
        arguments = ["render", str(QUICKSTART), "--reveal", "--now", "2026-11-24T08:00:00Z"]
        assert main([*arguments, "--seed", seed]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != printed[2]


def test_render_writes_files_with_secrets_for_the_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder that it makes; a file that was readable before is no longer."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    loose = folder / "secret-wazuh-ca.yaml"
    loose.write_text("x" * 100_000)
    loose.chmod(0o644)
    arguments = ["render", str(QUICKSTART), "--reveal", "--output", str(folder)]
    assert main(arguments) == 0
    count = int(capsys.readouterr().out.split()[0])
    files = sorted(folder.iterdir())
    assert len(files) == count
    modes = {file.name: file.stat().st_mode & 0o777 for file in files}
    assert {mode for name, mode in modes.items() if name.startswith("secret-")} == {0o600}
    ca = yaml.safe_load(loose.read_text())
    assert ca["kind"] == "Secret"
    assert not ca["data"]["ca.key"].startswith("<")


def test_render_into_what_is_no_folder_is_a_failed_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and 1."""
    (tmp_path / "file").write_text("")
    assert main(["render", str(QUICKSTART), "--output", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_render_follows_no_link_to_another_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Secret must not be written where somebody else pointed to."""
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / "secret-wazuh-ca.yaml").symlink_to(tmp_path / "elsewhere")
    assert main(["render", str(QUICKSTART), "--reveal", "--output", str(tmp_path)]) == 1
    assert (tmp_path / "elsewhere").read_text() == "untouched"
    assert capsys.readouterr().err.count("\n") == 1


def test_render_of_a_refused_spec_prints_the_answer_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, the faults in one line, and the status as it would be written."""
    document = yaml.safe_load(QUICKSTART.read_text())
    document["spec"]["version"] = "3.13.6"
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(document))
    assert main(["render", str(tmp_path / "old.yaml")]) == 2
    printed = capsys.readouterr()
    assert yaml.safe_load(printed.out)["status"]["phase"] == "Failed"
    assert "spec.version" in printed.err
    assert printed.err.count("\n") == 1


def test_simulate_reaches_a_running_cluster_over_http(capsys: pytest.CaptureFixture[str]) -> None:
    """The main job on real input, through the real server."""
    assert main(["simulate", str(QUICKSTART)]) == 0
    assert "Running" in capsys.readouterr().out


@contextmanager
def _serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, Path]]:
    """``python -m app serve`` as a process: itself, its address and its log."""
    log = tmp_path / "log"
    environment = os.environ | {"WAZUH_HOOK_STOP_DELAY_SECONDS": "0", "WAZUH_HOOK_PROT": "1"}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", "0"],
            cwd=ROOT,
            env=environment,
            stderr=stream,
        )
    try:
        yield process, f"http://127.0.0.1:{_port(process, log)}", log
    finally:
        process.kill()
        process.wait(20)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "listening":
                return int(event["port"])
        time.sleep(0.05)
    pytest.fail(f"the server did not start: {log.read_text()}")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"]
)
def test_serve_answers_a_recorded_request_and_ends_with_a_signal(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """Nothing but events on stderr; a misspelt variable is one of them."""
    with _serving(tmp_path) as (process, url, log):
        answer = httpx.post(f"{url}/sync", content=RECORDING.read_bytes(), timeout=20)
        assert answer.status_code == 200
        process.send_signal(number)
        assert process.wait(20) == status
        events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["event"] for event in events] == [
        "unknown_variables",
        "listening",
        "sync",
        *(["stopping"] if number is signal.SIGTERM else []),
        "stopped",
    ]
    assert events[0]["variables"] == ["WAZUH_HOOK_PROT"]


def test_output_into_a_closed_pipe_is_no_traceback() -> None:
    """``| head`` is a way to use it; here the reader is gone before the first byte."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "crd"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    assert (process.wait(60), errors) == (1, b"")
    process.stderr.close()
