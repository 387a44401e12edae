"""What the hook renders for one cluster, from its creation on, at the real time.

The hook is asked as in life until it writes nothing; certificates are those it issued.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from app.hook.sync import sync
from app.names import Role
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.indexer.kubelet import TESTER, Objects, Pod, data_of, project
from tests.scenarios import at_rest

#: OpenSearch 2.19.4 is inside.
WAZUH: Final = "4.14.4"
#: The smallest cluster in which one node can be away.
REPLICAS: Final = 2
#: Some rounds take the cluster to rest, in each of which time passes: none may lie in the future.
_AGO: Final = timedelta(hours=2)
#: For a cluster that a test takes through many rounds.
LONG_AGO: Final = timedelta(hours=12)
#: More calls of the hook than any cluster here needs, so that no two seeds share a draw.
_CALLS: Final = 1000


def real_time() -> datetime:
    """Now, in whole seconds: a node checks certificates against it."""
    moment = datetime.now(UTC)  # noqa: TID251 - a real node checks against the real time
    return moment.replace(microsecond=0)


class Rendered:
    """One cluster and all its objects, as they are stored."""

    def __init__(
        self,
        spec: Mapping[str, Any] | None = None,
        *,
        version: str = WAZUH,
        seed: int = 0,
        age: timedelta = _AGO,
        claims: int = 0,
    ) -> None:
        """At rest, every pod ready.

        ``spec``: what differs from two indexers of ``version``; another ``seed`` draws other keys
        and passwords; ``age``: how long ago it was created; ``claims``: of so many indexers, left
        by an earlier cluster of the name.
        """
        whole = {"version": version, "indexer": {"replicas": REPLICAS}, **(spec or {})}
        self.created = real_time() - age
        created = ClusterBuilder(whole, now=self.created)
        created.calls = seed * _CALLS
        created.add_claims(claims)
        self.cluster = at_rest(created)

    def copy(self) -> Rendered:
        """The same cluster, which then goes its own way."""
        made = copy.copy(self)
        made.cluster = self.cluster.copy()
        return made

    @property
    def objects(self) -> Objects:
        """Every child, by kind and name."""
        return {(kind, name): one for (_, kind, name), one in self.cluster.children.items()}

    def child(self, kind: str, name: str) -> Manifest:
        """One child; KeyError where there is none."""
        return self.objects[kind, name]

    def secret(self, name: str) -> dict[str, str]:
        """Data of a Secret as texts."""
        return {key: text.decode() for key, text in data_of(self.child("Secret", name)).items()}

    @property
    def opensearch_yml(self) -> str:
        """opensearch.yml as the ConfigMap holds it."""
        name = NAMES.config_map(Role.INDEXER)
        text: str = self.child("ConfigMap", name)["data"]["opensearch.yml"]
        return text

    @property
    def settings(self) -> dict[str, Any]:
        """opensearch.yml, read."""
        settings: dict[str, Any] = yaml.safe_load(self.opensearch_yml)
        return settings

    def pod(self, role: Role, ordinal: int, root: Path) -> Pod:
        """A pod of a tier below ``root``; nothing is written yet."""
        name = NAMES.pod(role, ordinal)
        return Pod(self.objects, NAMES.workload(role), name=name, root=root)

    def show_secret(self, name: str, folder: Path) -> Path:
        """Show a Secret in a folder, as a Job mounts it; a second time it is swapped."""
        project(data_of(self.child("Secret", name)), folder, owner=TESTER)
        return folder

    def live_on(self, until: datetime | None = None) -> None:
        """Let the hook do what is due at a moment, now by default, until it writes nothing."""
        self.cluster.now = max(self.cluster.now, until or real_time())
        at_rest(self.cluster)

    def ask(self) -> None:
        """One sync at the real time, its answer stored."""
        self.cluster.now = max(self.cluster.now, real_time())
        self.cluster.sync(sync)

    def renew(self, leaf: str) -> None:
        """Have the hook issue a leaf anew: as after somebody deleted its Secret."""
        self.cluster.remove("Secret", NAMES.certs(leaf))
        self.ask()
