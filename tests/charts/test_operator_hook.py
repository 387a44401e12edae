"""The hook as the chart runs it, asked by what `helm test` runs, in processes of their own.

Of the rendered pods only paths, ports and the address behind the Service's name are mapped.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.result import Manifest
from tests.charts.operator import only, rendered
from tests.e2e.stack.processes import LOOPBACK, Process, free_ports

READY_SECONDS: Final = 30.0
#: Value sets whose Secrets helm makes.
OWN_SECRETS: Final = ("default", "mutual-tls", "minimal", "everything-set")
_RESOLVE: Final = f"""
import socket
_real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: _real({LOOPBACK!r}, *rest, **more)
"""


class Pod:
    """One container of a rendered pod on this machine: files of its Secrets, and variables."""

    def __init__(self, spec: Mapping[str, Any], manifests: list[Manifest], folder: Path) -> None:
        """Write what the kubelet would mount below ``folder``."""
        [self._container] = spec["containers"]
        self._folder = folder
        volumes = {one["name"]: one["secret"] for one in spec.get("volumes", ())}
        for mount in self._container.get("volumeMounts", ()):
            source = volumes[mount["name"]]
            data = only(manifests, "Secret", source["secretName"])["data"]
            items = source.get("items") or [{"key": key, "path": key} for key in data]
            place = self._mapped(mount["mountPath"])
            place.mkdir(parents=True)
            for item in items:
                (place / item["path"]).write_bytes(base64.b64decode(data[item["key"]]))

    @property
    def variables(self) -> dict[str, str]:
        """Variables with mapped paths."""
        return {
            one["name"]: str(self._mapped(one["value"]))
            if one["name"].endswith("_FILE")
            else one["value"]
            for one in self._container["env"]
        }

    @property
    def command(self) -> list[str]:
        """Command of the container."""
        return [*self._container.get("command", ()), *self._container.get("args", ())]

    def _mapped(self, path: str) -> Path:
        return self._folder / path.removeprefix("/")


@contextmanager
def _hook(name: str, folder: Path) -> Iterator[tuple[int, int]]:
    """The hook of a value set at work; its port and the port of its probes."""
    manifests = rendered(name)
    pod = Pod(only(manifests, "Deployment")["spec"]["template"]["spec"], manifests, folder / "hook")
    port, probes = free_ports(2)
    mapped = {
        "WAZUH_HOOK_HOST": LOOPBACK,
        "WAZUH_HOOK_PORT": str(port),
        "WAZUH_HOOK_PROBE_PORT": str(probes),
        "WAZUH_HOOK_STOP_DELAY_SECONDS": "0",
    }
    hook = Process("hook", folder, [sys.executable, "-m", "app", "serve"])
    hook.start({**pod.variables, **mapped})
    try:
        end = time.monotonic() + READY_SECONDS
        while not _is_ready(probes):
            hook.check()
            assert time.monotonic() < end, hook.tail()
            time.sleep(0.1)
        yield port, probes
    finally:
        hook.stop()


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _test(
    name: str,
    folder: Path,
    port: int,
    *,
    secrets_of: str | None = None,
    token: tuple[Path, str] | None = None,
) -> tuple[int, str]:
    """Status and output of the chart's test, with the Secrets of another rendering if said.

    ``token``: a file that is written over, and with what.
    """
    manifests = rendered(name)
    pod = Pod(only(manifests, "Pod")["spec"], rendered(secrets_of or name), folder / "test")
    if token is not None:
        file, text = token
        assert file.exists()
        file.write_text(text, encoding="utf-8")
    variables = pod.variables
    scheme, _, _ = variables["URL"].partition("://")
    host = variables["URL"].partition("://")[2].partition(":")[0]
    variables["URL"] = f"{scheme}://{host}:{port}"
    *interpreter, script = pod.command
    assert interpreter == ["python", "-c"]
    done = subprocess.run(  # noqa: S603 - the chart's own script
        [sys.executable, "-I", "-c", f"{_RESOLVE}\n{script}"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", OWN_SECRETS)
def test_the_charts_test_passes(name: str, tmp_path: Path) -> None:
    """Over TLS with the chart's certificate, with its token, and with a client's certificate."""
    with _hook(name, tmp_path) as (port, probes):
        status, said = _test(name, tmp_path, port)
        metrics = httpx.get(f"http://{LOOPBACK}:{probes}/metrics", trust_env=False)
    assert (status, said.splitlines()[-1]) == (0, "ok: a call is answered")
    assert ("without the token is refused" in said) is (name != "minimal")
    assert "wazuh_hook_build_info" in metrics.text


def test_the_charts_test_fails_without_a_clients_certificate(tmp_path: Path) -> None:
    """The hook with mutual TLS lets nobody in who has none."""
    with _hook("mutual-tls", tmp_path) as (port, _):
        status, said = _test("default", tmp_path, port, secrets_of="mutual-tls")
    assert status != 0
    assert "ok:" not in said


def test_the_charts_test_fails_with_another_authority(tmp_path: Path) -> None:
    """A hook with a certificate of somebody else is not taken for ours."""
    with _hook("default", tmp_path) as (port, _):
        status, said = _test("default", tmp_path, port, secrets_of="mutual-tls")
    assert status != 0
    assert "CERTIFICATE_VERIFY_FAILED" in said


def test_the_charts_test_fails_with_another_token(tmp_path: Path) -> None:
    """A call with a token of somebody else's is refused, and the test says with what status."""
    with _hook("default", tmp_path) as (port, _):
        wrong = tmp_path / "test" / "var/run/test/token/token"
        status, said = _test("default", tmp_path, port, token=(wrong, "another"))
    assert status == 1
    assert "FAILED: a call is answered: status 401" in said
    assert "another" not in said
