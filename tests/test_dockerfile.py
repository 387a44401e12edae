"""The image's recipe, read as text: nothing here can build it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
LINES: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def _instructions(name: str) -> list[str]:
    return [line.partition(" ")[2].strip() for line in LINES if line.startswith(f"{name} ")]


def test_every_stage_has_the_same_pinned_base() -> None:
    """A tag with a patch level of Python, without a registry of somebody's own."""
    [image] = _instructions("ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-[a-z]+", image)
    assert {line.split()[0] for line in _instructions("FROM")} == {"${PYTHON_IMAGE}"}


def test_nothing_is_installed_without_a_hash_or_from_the_network() -> None:
    """Either locked with hashes, or our own wheel without any index."""
    installs = [line for line in _instructions("RUN") if " install " in line]
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-deps --no-index" in line for line in installs)


def test_the_image_runs_one_process_as_nobody() -> None:
    """A numeric user, so that runAsNonRoot can be checked."""
    assert _instructions("USER") == ["65532:65532"]
    assert _instructions("ENTRYPOINT") == ['["wazuh-hook"]']
    assert _instructions("CMD") == ['["serve"]']


def test_the_last_stage_holds_the_environment_alone() -> None:
    """Neither sources nor tools of the build."""
    last = "\n".join(LINES).rpartition("FROM ")[2]
    assert re.findall(r"^COPY (.*)$", last, re.MULTILINE) == [
        "--from=environment /opt/hook /opt/hook"
    ]


def test_what_is_copied_is_in_the_build_context() -> None:
    """.dockerignore lets only listed files in."""
    allowed = {
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    sources = {
        source.rstrip("/")
        for line in _instructions("COPY")
        if not line.startswith("--from")
        for source in line.split()[:-1]
    }
    assert all(
        any(name == source or name.startswith(f"{source}/") for name in allowed)
        for source in sources
    )
