"""The script of the security Job: what it asks the index, what it refuses, how it ends."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bcrypt
import pytest

from app.config.security import security_patch, security_sh

SCRIPTS: Final = Path(__file__).parents[2] / "app" / "config" / "scripts"
HASHES: Final = tuple(
    bcrypt.hashpw(b"word", f"$2b$04${letter * 22}".encode()).decode() for letter in "Oe"
)
PATCH: Final = security_patch(
    admin_username="boss.1",
    admin_hash=HASHES[0],
    dashboard_username="kibanaserver",
    dashboard_hash=HASHES[1],
)
UP: Final = '200\n{"message":null,"mode":"strict","status":"UP"}'
YELLOW: Final = '200\n{"status":"yellow","timed_out":false}'
UPDATED: Final = '200\n{"status":"OK","message":"Resource updated."}'
FLUSHED: Final = '200\n{"message":"Cache flushed successfully."}'
GOOD: Final = (UP, YELLOW, UPDATED, FLUSHED)

#: A stand-in that writes down how it is called and gives the next answer: status, then body.
CURL: Final = r"""#!/bin/bash
printf '%s\n' "$*" >>"$CALLS"
number=$(wc -l <"$CALLS")
answer=$ANSWERS/$number
[[ -e $answer ]] || answer=$ANSWERS/last
code=$(head -n 1 "$answer")
if [[ $code == 000 ]]; then
    tail -n +2 "$answer" >&2
    exit 6
fi
printf '%s\n%s' "$(tail -n +2 "$answer")" "$code"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How the script ended, what it said, and the calls it made."""

    status: int
    said: str
    calls: list[str]

    @property
    def requests(self) -> list[str]:
        """Method and address of each call."""
        words = [one.split() for one in self.calls]
        found = []
        for call in words:
            method = call[call.index("--request") + 1]
            address = next(one for one in call if one.startswith("https://"))
            found.append(f"{method} {address.removeprefix('https://index:9200')}")
        return found


def run(
    folder: Path,
    *answers: str,
    patch: bytes | None = PATCH,
    digest: str | None = None,
    patience: int = 60,
    without: str = "",
) -> Run:
    """Run the script; the last answer is given again and again."""
    programs, certificates, given = folder / "bin", folder / "certs", folder / "answers"
    for one in (programs, certificates, given):
        one.mkdir()
    for name, text in (("curl", CURL), ("sleep", "#!/bin/bash\n")):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    for name in ("ca.crt", "tls.crt", "tls.key"):
        if name != without:
            (certificates / name).write_text("pem", encoding="utf-8")
    for number, answer in enumerate(answers, start=1):
        (given / str(number)).write_text(answer, encoding="utf-8")
    (given / "last").write_text(answers[-1] if answers else "000\nnobody", encoding="utf-8")
    calls = folder / "calls"
    calls.touch()
    body = folder / "security-patch.json"
    if patch is not None:
        body.write_bytes(patch)
    ended = subprocess.run(  # noqa: S603 - our own script
        [
            *(shutil.which("bash") or "/bin/bash", "-c", security_sh(), "security"),
            digest or hashlib.sha256(patch or b"").hexdigest(),
        ],
        env={
            "PATH": f"{programs}:/usr/bin:/bin",
            "CALLS": str(calls),
            "ANSWERS": str(given),
            "INDEX_URL": "https://index:9200",
            "CERTIFICATES": str(certificates),
            "PATCH": str(body),
            "PATIENCE": str(patience),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = ended.stdout + ended.stderr
    return Run(status=ended.returncode, said=said, calls=calls.read_text().splitlines())


HEALTH: Final = "GET /_plugins/_security/health"
INDEX: Final = (
    "GET /_cluster/health/.opendistro_security"
    "?wait_for_status=yellow&timeout=5s&cluster_manager_timeout=5s"
)
SET: Final = "PATCH /_plugins/_security/api/internalusers"
FLUSH: Final = "DELETE /_plugins/_security/api/cache"


def test_it_waits_sets_both_passwords_at_once_and_flushes_the_cache(tmp_path: Path) -> None:
    """In this order; everything by the administrator's certificate."""
    ended = run(tmp_path, *GOOD)
    assert (ended.status, ended.requests) == (0, [HEALTH, INDEX, SET, FLUSH])
    for call in ended.calls:
        for option, name in (("cacert", "ca.crt"), ("cert", "tls.crt"), ("key", "tls.key")):
            assert f"--{option} {tmp_path}/certs/{name}" in call
    assert f"--data-binary @{tmp_path}/security-patch.json" in ended.calls[2]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param("000\ncurl: (7) Failed to connect", id="nobody listens"),
        pytest.param('503\n{"status":"DOWN"}', id="not initialised"),
        pytest.param("401\nUnauthorized", id="refused"),
        pytest.param('500\n{"error":"null_pointer_exception"}', id="an error"),
        pytest.param('408\n{"timed_out":true}', id="timed out"),
        pytest.param('200\n{"status":"DOWN","timed_out":true}', id="a 200 that says no"),
    ],
)
@pytest.mark.parametrize("step", range(3))
def test_every_step_is_tried_until_it_succeeds(tmp_path: Path, later: str, step: int) -> None:
    """The same complaint is said once."""
    if step == 1 and later.startswith("200"):
        later = "503\n"
    ended = run(tmp_path, *GOOD[:step], later, later, *GOOD[step:])
    assert ended.status == 0
    assert ended.requests == sorted(ended.requests, key=[HEALTH, INDEX, SET, FLUSH].index)
    assert len(ended.calls) == len(GOOD) + 2
    assert ended.said.count("security: waiting: ") == 1


def test_a_cache_that_cannot_be_flushed_is_tried_again(tmp_path: Path) -> None:
    """A node that was away would let people in by the old password."""
    ended = run(tmp_path, *GOOD[:3], "503\n", FLUSHED)
    assert (ended.status, ended.requests[3:]) == (0, [FLUSH, FLUSH])


@pytest.mark.parametrize("step", range(4))
def test_it_gives_up_when_its_time_is_over(tmp_path: Path, step: int) -> None:
    """Exit status 1: another pod may have more luck; the last words say where it stood."""
    ended = run(tmp_path, *GOOD[:step], "503\n", patience=0)
    assert ended.status == 1
    assert ended.said.splitlines()[-1].startswith("security: gave up: ")
    assert ended.said.endswith("HTTP status 503\n")


def test_the_reason_of_a_call_without_answer_is_said(tmp_path: Path) -> None:
    """A wrong CA, a name that does not resolve: that is what a person needs."""
    ended = run(tmp_path, "000\ncurl: (60) SSL certificate problem\n\nMore details", patience=0)
    assert ended.status == 1
    assert ended.said.endswith("no answer: curl: (60) SSL certificate problem\n")


@pytest.mark.parametrize("step", [2, 3])
def test_a_refused_request_is_not_repeated(tmp_path: Path, step: int) -> None:
    """HTTP 400: the same again would be refused again; exit status 2 ends the Job."""
    ended = run(tmp_path, *GOOD[:step], '400\n{"reason":"bad"}')
    assert (ended.status, len(ended.calls)) == (2, step + 1)


def test_the_former_patch_of_a_slow_kubelet_is_not_sent(tmp_path: Path) -> None:
    """Exit status 1: the next pod may mount the right one."""
    ended = run(tmp_path, *GOOD, digest="0" * 64)
    assert (ended.status, ended.calls) == (1, [])


@pytest.mark.parametrize("name", ["ca.crt", "tls.crt", "tls.key"])
def test_a_missing_file_ends_it_at_once(tmp_path: Path, name: str) -> None:
    """Exit status 2, and the file is named."""
    ended = run(tmp_path, *GOOD, without=name)
    assert (ended.status, ended.calls) == (2, [])
    assert f"{tmp_path}/certs/{name}" in ended.said


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param(None, id="absent"),
        pytest.param(b"", id="empty"),
        pytest.param(PATCH[:-1], id="cut off"),
        pytest.param(PATCH[: len(PATCH) // 2], id="cut in the middle"),
        pytest.param(PATCH.replace(HASHES[1].encode(), b""), id="an empty hash"),
        pytest.param(PATCH.replace(HASHES[1].encode(), b"not-a-hash"), id="no hash"),
        pytest.param(PATCH.replace(HASHES[0].encode(), HASHES[0][:-1].encode()), id="short"),
        pytest.param(PATCH.replace(b"/kibanaserver", b"/kibana/server"), id="a path"),
        pytest.param(PATCH.replace(b'"add"', b'"remove"'), id="another operation"),
        pytest.param(b"[]", id="no user"),
        pytest.param(b"[" + PATCH[1:].split(b"},{")[0] + b"}]", id="one user"),
        pytest.param(PATCH + b"\n" + PATCH, id="twice"),
    ],
)
def test_a_patch_of_another_form_is_never_sent(tmp_path: Path, patch: bytes | None) -> None:
    """The index takes any text for a hash and locks the user out."""
    ended = run(tmp_path, *GOOD, patch=patch)
    assert (ended.status, ended.calls) == (2, [])


def test_nothing_of_the_patch_is_said(tmp_path: Path) -> None:
    """Neither hashes nor what the index answers about them stand in a log."""
    ended = run(tmp_path, *GOOD[:2], f"500\n{HASHES[0]}", *GOOD[2:])
    assert ended.status == 0
    for one in (*HASHES, "boss.1"):
        assert one not in ended.said
        assert not [call for call in ended.calls if one in call]


def test_repeating_it_asks_for_the_same(tmp_path: Path) -> None:
    """A second pod after the first was lost changes nothing more."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = (run(folder, *GOOD) for folder in folders)
    assert first.requests == second.requests
    assert (first.status, second.status) == (0, 0)


@pytest.mark.parametrize("script", sorted(one.name for one in SCRIPTS.glob("*.sh")))
def test_shellcheck_has_nothing_to_say(script: str) -> None:
    """It comes with the development requirements, beside the interpreter."""
    program = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which(
        "shellcheck"
    )
    assert program is not None, "shellcheck is missing: install the development requirements"
    found = subprocess.run(  # noqa: S603 - a checker of our own files
        [program, str(SCRIPTS / script)], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")
