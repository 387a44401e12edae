"""The index of each cluster, as far as its users go: who can log in.

Its first start loads the file of users; afterwards only the patch of a security Job changes them.
It lives on the claims of the indexers, so a cluster that is created again finds it as it was.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

import orjson
import yaml

from app.names import LABEL_COMPONENT, LABEL_INSTANCE, Role
from app.result import Manifest
from app.simulation.api_calls import Event, EventType
from app.simulation.api_server import ApiServer
from app.simulation.workloads.kubelet import Content, Kubelet
from app.simulation.workloads.pods import is_ready, role_of

_CLAIM: Final = "PersistentVolumeClaim"
_USERS: Final = "internal_users.yml"
_PATCH: Final = "security-patch.json"
_BCRYPT: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
_RETRY: Final = 1
_NO_USE: Final = 2

#: Namespace and name of a cluster.
Place = tuple[str, str]


class Indices:
    """``users``: hash of each user's password, by cluster."""

    __slots__ = ("_api", "_kubelet", "users")

    def __init__(self, api: ApiServer, kubelet: Kubelet) -> None:
        """Look on, and be what the pods of security Jobs talk to."""
        self.users: dict[Place, dict[str, str]] = {}
        self._api = api
        self._kubelet = kubelet
        kubelet.program = self._run
        api.watch(self._seen)

    def take_over(self, other: Indices) -> None:
        """Hold what ``other`` holds."""
        self.users = {place: dict(users) for place, users in other.users.items()}

    def _seen(self, event: Event) -> None:
        item = event.object
        if item["metadata"].get("labels", {}).get(LABEL_COMPONENT) != Role.INDEXER:
            return
        if item["kind"] == "Pod" and event.type is not EventType.DELETED and is_ready(item):
            self._start(item)
        elif item["kind"] == _CLAIM and event.type is EventType.DELETED:
            self._lose(_place(item))

    def _start(self, pod: Manifest) -> None:
        """A node joins; the first one of all makes the index."""
        place = _place(pod)
        if place in self.users:
            return
        text = self._file(pod, _USERS)
        if text is not None:
            users = yaml.safe_load(text)
            self.users[place] = {name: one["hash"] for name, one in users.items() if "hash" in one}

    def _lose(self, place: Place) -> None:
        """An index without volumes is gone."""
        claims = self._api.objects(_CLAIM, place[0])
        if not any(_place(one) == place and _is_indexer(one) for one in claims):
            self.users.pop(place, None)

    def _run(self, pod: Manifest) -> int:
        """Exit status of a pod that ends by itself."""
        if role_of(pod) != Role.CREDENTIALS:
            return 0
        place, patch = _place(pod), self._file(pod, _PATCH)
        if patch is None:
            return _NO_USE
        digest = pod["spec"]["containers"][0]["command"][-1]
        nodes = [one for one in self._api.objects("Pod", place[0]) if _is_indexer(one)]
        is_up = any(_place(one) == place and is_ready(one) for one in nodes)
        if hashlib.sha256(patch).hexdigest() != digest or not is_up:
            return _RETRY
        steps = orjson.loads(patch)
        if not all(_BCRYPT.fullmatch(one["value"]["hash"]) for one in steps):
            return _NO_USE
        for one in steps:
            self.users[place][one["path"].removeprefix("/")] = one["value"]["hash"]
        return 0

    def _file(self, pod: Manifest, name: str) -> bytes | None:
        """A file that the pod's Secrets showed when it started."""
        loaded = self._kubelet.loaded.get(pod["metadata"]["uid"])
        found: list[Content] = [] if loaded is None else list(loaded.secrets.values())
        return next((base64.b64decode(one[name]) for one in found if name in one), None)


def _place(item: Manifest) -> Place:
    metadata = item["metadata"]
    return metadata["namespace"], str(metadata.get("labels", {}).get(LABEL_INSTANCE, ""))


def _is_indexer(item: Manifest) -> bool:
    return role_of(item) == Role.INDEXER
