"""What a kubelet does for a container: volumes become files below a folder, variables get values.

Volumes and mounts are read from the rendered workload itself, so a node finds each file where its
pod would. A folder is swapped through the link ``..data``; a mount with subPath is a plain file
that never changes.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.result import Manifest

#: The link through which every file of a mounted folder is read.
_DATA: Final = "..data"
_DATA_NEW: Final = "..data_tmp"

#: Objects by kind and name.
Objects = Mapping[tuple[str, str], Manifest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who may read a volume's files: ids of the pod's user and of its fsGroup."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Hand a file or folder to the user; only root can."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


#: Where nobody but the tests reads.
TESTER: Final = Owner(uid=os.geteuid(), gid=os.getegid())


#: Kinds whose pods are played.
_WORKLOADS: Final = frozenset({"Deployment", "Job", "StatefulSet"})


class Pod:
    """One pod of a rendered workload or Job, its file system below ``root``."""

    def __init__(self, objects: Objects, workload: str, *, name: str, root: Path) -> None:
        """Nothing is written yet. ``objects``: all that is rendered; ``name``: of the pod."""
        self.name = name
        self.root = root
        self._objects = objects
        spec = next(
            one["spec"]["template"]["spec"]
            for (kind, found), one in objects.items()
            if kind in _WORKLOADS and found == workload
        )
        self._container: Manifest = spec["containers"][0]
        self._volumes: dict[str, Manifest] = {one["name"]: one for one in spec["volumes"]}
        security = {**spec["securityContext"], **self._container["securityContext"]}
        self.owner = (
            Owner(uid=security["runAsUser"], gid=security.get("fsGroup", security["runAsUser"]))
            if os.geteuid() == 0
            else TESTER
        )

    def path(self, inside: str) -> Path:
        """Where an absolute path of the container is."""
        return self.root / inside.lstrip("/")

    @property
    def command(self) -> list[str]:
        """What the container runs, argument by argument; KeyError where the image says it."""
        return list(self._container["command"])

    def environment(self) -> dict[str, str]:
        """Variables of the container, Secrets looked up; KeyError where one is missing."""
        return {one["name"]: self._value(one) for one in self._container["env"]}

    def mount(self, objects: Objects | None = None) -> None:
        """Write what every mount shows; with ``objects`` from newer ones.

        Folders that are there already are swapped, single files stay: as in a running pod.
        """
        self._objects = objects or self._objects
        for mount in self._container["volumeMounts"]:
            place = self.path(mount["mountPath"])
            volume = self._volumes.get(mount["name"])
            if volume is None:  # a claim
                self._folder(place)
            elif "subPath" in mount:
                if not place.exists():
                    self._folder(place.parent)
                    self._write(place, self._content(volume)[mount["subPath"]], _mode(volume))
            else:
                self._folder(place.parent)
                project(self._content(volume), place, mode=_mode(volume), owner=self.owner)

    def _folder(self, path: Path) -> None:
        """A folder of the container's user, with all that leads to it below the root."""
        for part in [*reversed(path.relative_to(self.root).parents), path.relative_to(self.root)]:
            if not (self.root / part).exists():
                (self.root / part).mkdir(mode=0o755)
                self.owner.own(self.root / part)

    def _write(self, path: Path, content: bytes, mode: int) -> None:
        path.write_bytes(content)
        path.chmod(mode)
        self.owner.own(path)

    def _content(self, volume: Manifest) -> dict[str, bytes]:
        """File name to content of a volume's files."""
        kind, source = _source(volume)
        data = data_of(self._objects[kind, source["name"]])
        items = source.get("items") or [{"key": key, "path": key} for key in data]
        return {item["path"]: data[item["key"]] for item in items}

    def _value(self, variable: Manifest) -> str:
        if "value" in variable:
            return str(variable["value"])
        source: Manifest = variable["valueFrom"]
        if "fieldRef" in source:
            return {"metadata.name": self.name}[source["fieldRef"]["fieldPath"]]
        reference = source["secretKeyRef"]
        return data_of(self._objects["Secret", reference["name"]])[reference["key"]].decode()


def data_of(manifest: Manifest) -> dict[str, bytes]:
    """Data of a ConfigMap or Secret as bytes, by key."""
    found: Mapping[str, str] = manifest.get("data") or {}
    if manifest["kind"] == "Secret":
        return {key: base64.b64decode(text) for key, text in found.items()}
    return {key: text.encode() for key, text in found.items()}


def project(
    content: Mapping[str, bytes], folder: Path, *, mode: int = 0o440, owner: Owner = TESTER
) -> None:
    """Show ``content`` in ``folder`` as a kubelet does, all files replaced by one rename.

    The same content leaves everything as it is, as there.
    """
    folder.mkdir(mode=0o755, exist_ok=True)
    current = folder / _DATA
    if current.exists() and _shown(current) == dict(content):
        return
    former = current.resolve() if current.exists() else None
    payload = folder / f"..{int(former.name[2:]) + 1 if former else 1:04d}"
    payload.mkdir(mode=0o755)
    for name, text in content.items():
        (payload / name).write_bytes(text)
        (payload / name).chmod(mode)
        owner.own(payload / name)
    (folder / _DATA_NEW).symlink_to(payload.name)
    (folder / _DATA_NEW).rename(current)
    for name in content:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"{_DATA}/{name}")
    for link in folder.iterdir():
        if link.is_symlink() and link.name != _DATA and link.name not in content:
            link.unlink()
    if former:
        shutil.rmtree(former)


def _shown(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _source(volume: Manifest) -> tuple[str, dict[str, Any]]:
    """Kind and source of a volume, with the name under ``name``."""
    if "secret" in volume:
        return "Secret", {**volume["secret"], "name": volume["secret"]["secretName"]}
    return "ConfigMap", dict(volume["configMap"])


def _mode(volume: Manifest) -> int:
    mode: int = _source(volume)[1]["defaultMode"]
    return mode
