"""Assembles OpenSearch with its security plugin from the Maven packages that pom.xml names.

A home folder is kept outside the checkout, by the hash of all that it is made from, so a second
run downloads nothing. Every package is checked against the sums beside this file.
`python -m tests.indexer.distribution.assemble` prints the homes; with ``--pin`` it writes the sums.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
#: OpenSearch inside Wazuh 4.14.2 to 4.14.4, inside 4.14.0 and 4.14.1, and the newest published one
#: that is older than the range of supported versions (2.13 on).
CURRENT: Final = "2.19.4"
PREVIOUS: Final = "2.19.3"
OLDER: Final = "2.11.1"
VERSIONS: Final = (CURRENT, PREVIOUS, OLDER)

_PLUGIN: Final = "opensearch-security"
_DEPENDENCY_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
#: The core refuses a logging backend of another version than its API's.
_LOG4J: Final = "2.21.0"
_DOWNLOAD_SECONDS: Final = 900
_COMPILE_SECONDS: Final = 120
_EMPTY_FOLDERS: Final = ("bin", "config", "extensions", "logs", "modules")


class AssemblyError(Exception):
    """A tool is missing, or a package is not the one that was pinned."""


def assemble(version: str) -> Path:
    """Home folder of an OpenSearch, made where it is not there yet.

    Raises AssemblyError or TimeoutExpired.
    """
    home = _cache() / f"opensearch-{version}-{_digest(version)}"
    if home.exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    # Beside it and moved, so that a broken-off download leaves no home.
    with tempfile.TemporaryDirectory(dir=home.parent) as place:
        packages, made = Path(place) / "packages", Path(place) / "home"
        _download(version, packages)
        _compare(_sums_of(packages), sums(version))
        _lay_out(version, packages, made)
        try:
            made.rename(home)
        except OSError:
            if not home.exists():  # else another run was faster, with the same content
                raise
    return home


def pin(version: str) -> Path:
    """Write the sums of the packages as the registry has them now; the file that holds them."""
    with tempfile.TemporaryDirectory() as place:
        packages = Path(place) / "packages"
        _download(version, packages)
        lines = [f"{digest}  {name}\n" for name, digest in _sums_of(packages).items()]
    path = _sums_path(version)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def sums(version: str) -> dict[str, str]:
    """Name of each package to its SHA-256, as pinned."""
    lines = _sums_path(version).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def _sums_path(version: str) -> Path:
    return HERE / f"opensearch-{version}.sha256"


def _cache() -> Path:
    """Folder for all homes of this project."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "wazuh-hook-indexer"


def _digest(version: str) -> str:
    """What a home depends on: the packages' sums, the class of ours, and how they are laid out."""
    sources = [_sums_path(version), *sorted(HERE.rglob("*.java")), HERE / "pom.xml", Path(__file__)]
    found = hashlib.sha256()
    for path in sources:
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _download(version: str, folder: Path) -> None:
    """Have Maven copy every package into ``folder``."""
    _say(f"fetching OpenSearch {version}")
    _run(
        [
            *("mvn", "--batch-mode", "--quiet", "--file", HERE / "pom.xml"),
            *(f"-Dopensearch.version={version}", f"-Dlog4j.version={_LOG4J}"),
            *(f"-DoutputDirectory={folder}", "-DincludeScope=runtime"),
            f"{_DEPENDENCY_PLUGIN}:copy-dependencies",
        ],
        _DOWNLOAD_SECONDS,
    )


def _sums_of(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def _compare(found: dict[str, str], pinned: dict[str, str]) -> None:
    """AssemblyError that names every package which differs, is missing or is new."""
    wrong = sorted(
        name for name in found.keys() | pinned.keys() if found.get(name) != pinned.get(name)
    )
    if wrong:
        raise AssemblyError(f"not as pinned: {', '.join(wrong)}")


def _lay_out(version: str, packages: Path, home: Path) -> None:
    """Core in ``lib``, plugin in its folder, and the class that no package has."""
    for name in _EMPTY_FOLDERS:
        (home / name).mkdir(parents=True)
    archive = packages / f"{_PLUGIN}-{version}.0.zip"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(home / "plugins" / _PLUGIN)
    archive.unlink()
    packages.rename(home / "lib")
    _compile_loader(version, home / "lib")


def _compile_loader(version: str, library: Path) -> None:
    """A jar by the very name to which OpenSearch's policy grants its permissions."""
    sources = HERE / "loader"
    with tempfile.TemporaryDirectory() as classes:
        _run(
            ["javac", "--release", "11", "-d", classes, *sorted(sources.rglob("*.java"))],
            _COMPILE_SECONDS,
        )
        jar = library / f"opensearch-plugin-classloader-{version}.jar"
        _run(["jar", "--create", "--file", jar, "-C", classes, "."], _COMPILE_SECONDS)


def _run(command: Sequence[str | Path], seconds: int) -> None:
    if shutil.which(command[0]) is None:
        raise AssemblyError(f"`{command[0]}` is needed on PATH (Maven and a JDK of version 17)")
    done = subprocess.run(  # noqa: S603 - our own arguments
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-20:])
        raise AssemblyError(f"`{command[0]}` ended with status {done.returncode}:\n{last}")


def _say(text: str) -> None:
    sys.stderr.write(f"e2e-indexer: {text}\n")


def main(arguments: Sequence[str]) -> None:
    """Assemble, or pin, every version."""
    task = pin if "--pin" in arguments else assemble
    for version in VERSIONS:
        sys.stdout.write(f"{task(version)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
