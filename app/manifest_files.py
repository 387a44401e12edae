"""Manifests as YAML text and as files of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block; no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as the base class has it
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(value: object) -> str:
    """YAML with the order of keys kept and long texts as blocks."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def write_files(response: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    """Write each child (and the status) into ``folder``, made where it is missing.

    Yields the files. Secrets get mode 0600 whatever stood there before. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for child in response["children"]:
        name = f"{child['kind']}-{child['metadata']['name']}.yaml".lower()
        mode = 0o600 if child["kind"] == "Secret" else 0o644
        yield _write(folder / name, as_yaml(child), mode)
    yield _write(folder / "status.yaml", as_yaml({"status": response.get("status")}), 0o644)


def _write(path: Path, text: str, mode: int) -> Path:
    """Write ``text``; the mode is right before the first byte is there, no link is followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, mode), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.truncate(0)
        file.write(text)
    return path
