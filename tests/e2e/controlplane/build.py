"""Builds the programs of the control plane from the pinned modules beside this file.

Binaries are kept outside the checkout, by the hash of the module and of the flags they were built
with, so a second run builds nothing. `python -m tests.e2e.controlplane.build` prints their paths.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
#: A first build on two busy cores takes a quarter of an hour.
BUILD_SECONDS: Final = 3600
_KWOK: Final = "sigs.k8s.io/kwok"
#: Rules by which kwok plays kubelet and provisioner, below its folder `kustomize/stage`.
_STAGES: Final = (
    "node/fast/node-initialize.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
    "volume/fast/pvc-provision.yaml",
    "volume/fast/pv-bind.yaml",
    "volume/fast/pvc-delete.yaml",
    "volume/fast/pv-delete.yaml",
)
_STORAGE_CLASS: Final = "volume/fast/storage-class.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A folder with go.mod. ``packages``: import path of each binary."""

    name: str
    packages: tuple[tuple[str, str], ...]
    stamped: str = ""

    @property
    def folder(self) -> Path:
        """Where go.mod is."""
        return HERE / self.name

    @property
    def flags(self) -> str:
        """Linker flags: no symbols, and the version where the program asks for its own."""
        if not self.stamped:
            return "-s -w"
        major, minor, patch = self._version(self.stamped)
        place = "k8s.io/component-base/version"
        if self.name == "helm":  # it judges charts by the Kubernetes its client is of: 1.36 is 0.36
            stamps = [
                f"-X helm.sh/helm/v3/pkg/{package}.k8sVersion{part}={number}"
                for package in ("chartutil", "lint/rules")
                for part, number in (("Major", "1"), ("Minor", minor))
            ]
            return " ".join(["-s -w", *stamps])
        return (
            f"-s -w -X {place}.gitVersion=v{major}.{minor}.{patch}"
            f" -X {place}.gitMajor={major} -X {place}.gitMinor={minor}"
        )

    def _version(self, module: str) -> tuple[str, str, str]:
        """Numbers of the version that go.mod requires of ``module``."""
        text = (self.folder / "go.mod").read_text(encoding="utf-8")
        line = rf"^\s*(?:require )?{re.escape(module)} v(\d+)\.(\d+)\.(\d+)"
        version = re.search(line, text, re.MULTILINE)
        if version is None:
            raise ValueError(f"{self.folder}: {module} is not required")
        major, minor, patch = version.groups()
        return major, minor, patch

    @property
    def digest(self) -> str:
        """What the binaries depend on."""
        found = hashlib.sha256(repr((self.packages, self.flags)).encode())
        for path in sorted(self.folder.iterdir()):
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return found.hexdigest()[:16]


MODULES: Final = (
    Module(name="etcd", packages=(("etcd", "go.etcd.io/etcd/server/v3"),)),
    Module(
        name="kubernetes",
        packages=tuple(
            (name, f"k8s.io/kubernetes/cmd/{name}")
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        ),
        stamped="k8s.io/kubernetes",
    ),
    Module(name="kwok", packages=(("kwok", f"{_KWOK}/cmd/kwok"),)),
)
HELM: Final = Module(
    name="helm", packages=(("helm", "helm.sh/helm/v3/cmd/helm"),), stamped="k8s.io/client-go"
)
KUSTOMIZE: Final = Module(
    name="kustomize", packages=(("kustomize", "sigs.k8s.io/kustomize/kustomize/v5"),)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Paths of what was built. ``stages`` and ``storage_class``: files of kwok."""

    binaries: dict[str, Path]
    stages: Path
    storage_class: Path


def build() -> Programs:
    """Build what is not there yet. CalledProcessError if a build fails."""
    binaries: dict[str, Path] = {}
    for module in (*MODULES, HELM, KUSTOMIZE):
        binaries |= build_module(module)
    kwok = binaries["kwok"].parent
    return Programs(
        binaries=binaries,
        stages=kwok / "stages.yaml",
        storage_class=kwok / "storage-class.yaml",
    )


def build_module(module: Module) -> dict[str, Path]:
    """Binaries of one module by name, built if they are not there yet.

    The tests of charts and manifests need no control plane, and build what they need by this.
    """
    folder = cache() / f"{module.name}-{module.digest}"
    if not folder.exists():
        _build(module, folder)
    return {name: folder / name for name, _ in module.packages}


def cache() -> Path:
    """Folder for all builds of this project."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "wazuh-hook-e2e"


def _build(module: Module, folder: Path) -> None:
    """Build into a folder beside and move it, so that a broken-off build leaves no ``folder``."""
    go = shutil.which("go")
    if go is None:
        raise FileNotFoundError("the control plane is built from source: `go` is needed on PATH")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        made = Path(place) / "made"
        made.mkdir()
        packages = dict(module.packages)
        _say(f"building {', '.join(packages)}")
        # One call compiles what the programs share once and links them side by side. It names
        # several programs by their packages, and a single one as it is told.
        target = made / next(iter(packages)) if len(packages) == 1 else f"{made}{os.sep}"
        flags = ("-buildvcs=false", "-ldflags", module.flags, "-o", str(target))
        _go(go, module, "build", *flags, *packages.values())
        if module.name == "kwok":
            _copy_stages(Path(_go(go, module, "list", "-m", "-f", "{{.Dir}}", _KWOK).strip()), made)
        made.rename(folder)


def _go(go: str, module: Module, *arguments: str) -> str:
    """Run the Go tool in the module's folder; what it prints."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [go, *arguments],
        cwd=module.folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=BUILD_SECONDS,
    )
    return done.stdout


def _copy_stages(source: Path, folder: Path) -> None:
    """Take the rules and the StorageClass out of kwok's module."""
    stages = source / "kustomize" / "stage"
    texts = [(stages / name).read_text(encoding="utf-8") for name in _STAGES]
    (folder / "stages.yaml").write_text("---\n".join(texts), encoding="utf-8")
    shutil.copyfile(stages / _STORAGE_CLASS, folder / "storage-class.yaml")


def _say(text: str) -> None:
    sys.stderr.write(f"e2e: {text}\n")


if __name__ == "__main__":
    for built in build().binaries.values():
        sys.stdout.write(f"{built}\n")
