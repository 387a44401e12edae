"""The real helm, built from its pinned module on first use, and goldens of what it renders."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from app.result import Manifest
from tests.e2e.controlplane.build import HELM, build_module
from tests.golden_text import dump

ROOT: Final = Path(__file__).parents[2]
CHARTS: Final = ROOT / "charts"
GOLDEN: Final = Path(__file__).parent / "golden"
RELEASE: Final = "wazuh"
NAMESPACE: Final = "wazuh-system"
_SECONDS: Final = 60
_SHOWN: Final = 'notes: {{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}'


class HelmError(Exception):
    """Helm refused; the text is what it said."""


def helm(*arguments: str | Path, kubeconfig: Path | None = None, seconds: float = _SECONDS) -> str:
    """What helm prints. Without ``kubeconfig`` it reaches no cluster. HelmError if it fails."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        [binary(), *map(str, arguments)],
        env={**os.environ, **_environment(), "KUBECONFIG": str(kubeconfig or os.devnull)},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode:
        raise HelmError(f"helm {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout


def lint(chart: Path, values: Mapping[str, Any]) -> str:
    """Report of `helm lint --strict`. HelmError for anything to complain of, warnings included."""
    with tempfile.TemporaryDirectory() as folder:
        return helm("lint", "--strict", chart, "--values", _file(Path(folder), values))


def template(
    chart: Path, values: Mapping[str, Any], *arguments: str, release: str = RELEASE
) -> list[Manifest]:
    """Manifests that the chart makes of ``values``, hooks included, in the order helm prints."""
    with tempfile.TemporaryDirectory() as folder:
        file = _file(Path(folder), values)
        place = ["--namespace", NAMESPACE, "--values", str(file), *arguments]
        text = helm("template", release, chart, *place)
    return [manifest for manifest in yaml.load_all(text, yaml.CSafeLoader) if manifest]


def notes(chart: Path, values: Mapping[str, Any]) -> str:
    """NOTES as an installation shows them.

    Helm prints them only where it reaches a cluster, so a copy of the chart has them in a manifest.
    """
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / chart.name
        shutil.copytree(chart, copied)
        (copied / "templates" / "shown.yaml").write_text(_SHOWN, encoding="utf-8")
        [shown] = template(copied, values, "--show-only", "templates/shown.yaml")
    return f"{str(shown['notes']).strip()}\n"


def golden_text(manifests: list[Manifest]) -> str:
    """Text of a golden: one document a manifest."""
    return "---\n".join(dump(manifest) for manifest in manifests)


def compare(path: Path, text: str, *, update: bool) -> None:
    """Fail unless the file is ``text``; with ``update`` rewrite it first, and fail all the same."""
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    if present == text:
        return
    name = str(path.relative_to(ROOT))
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"rewritten, read the diff and run again: {name}", pytrace=False)
    lines = difflib.unified_diff(
        present.splitlines(keepends=True),
        text.splitlines(keepends=True),
        fromfile=f"{name} (accepted)",
        tofile=f"{name} (now)",
    )
    pytest.fail(f"{''.join(lines)}\nto accept: --update-golden", pytrace=False)


@cache
def binary() -> Path:
    """Path of helm; its first build takes a minute or two."""
    return build_module(HELM)["helm"]


@cache
def _environment() -> dict[str, str]:
    """Folders of helm's own in a place of this process, so that no plugin or repository counts."""
    folder = Path(tempfile.gettempdir()) / f"wazuh-hook-helm-{os.getuid()}"
    return {f"HELM_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}


def _file(folder: Path, values: Mapping[str, Any]) -> Path:
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
    return path
