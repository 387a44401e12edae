"""A cluster as its credentials see it: Secrets, workloads, claims, annotations, status."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from app.credentials import access, identity
from app.credentials.access import UserAccess
from app.credentials.identity import IdentityPlan
from app.entropy import Entropy
from app.names import RECREATE_SECRET, Names
from app.observed.request import SyncRequest, read
from app.result import Manifest
from app.schema.wazuhcluster import WazuhClusterSpec
from app.secret_data import SecretData
from tests.clusters import spec as spec_of
from tests.observed.requests import NAME, NAMESPACE, UID, named, request

NOW: Final = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
NAMES: Final = Names(cluster=NAME, namespace=NAMESPACE, domain="cluster.local")
ENTROPY: Final = Entropy(bytes(range(32)))
OUR_LABEL: Final = {"controller-uid": UID}
#: Identity Secrets but the CA, without the enrolment password, which is not always wanted.
CREDENTIALS: Final = (
    "wz-api-credentials",
    "wz-cluster-key",
    "wz-dashboard-credentials",
    "wz-indexer-credentials",
)


def encoded(values: Mapping[str, str | bytes]) -> dict[str, str]:
    """Data of a Secret as Kubernetes carries it."""
    raw = {key: one if isinstance(one, bytes) else one.encode() for key, one in values.items()}
    return {key: base64.b64encode(one).decode() for key, one in raw.items()}


def secret(name: str, values: Mapping[str, str | bytes] | None = None, **metadata: Any) -> Manifest:
    """A Secret; ``metadata``: further fields of it, such as labels."""
    found = named(name, kind="Secret", type="Opaque", data=encoded(values or {"k": "v"}))
    found["metadata"].update(metadata)
    return found


def manifest_of(content: SecretData) -> Manifest:
    """A Secret of ours as it is observed after it was emitted."""
    found = named(content.name, type=content.type, data=dict(content.data))
    found["metadata"]["annotations"] = dict(content.annotations)
    return found


def reader_of(workload: str, *secrets: str) -> Manifest:
    """A workload whose only container reads these Secrets."""
    variables = [{"secretRef": {"name": name}} for name in secrets]
    pod = {"containers": [{"name": "a", "envFrom": variables}]}
    return named(workload, spec={"replicas": 1, "template": {"spec": pod}})


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What one call sees. ``order``: value of ``wazuh.com/recreate-secret``, empty for none."""

    spec: WazuhClusterSpec = field(default_factory=spec_of)
    secrets: tuple[Manifest, ...] = ()
    workloads: tuple[Manifest, ...] = ()
    dashboards: tuple[Manifest, ...] = ()
    related: tuple[Manifest, ...] = ()
    claims: tuple[str, ...] = ()
    order: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> SyncRequest:
        """The request, read."""
        body = request(
            children={
                "Secret.v1": _by_name(self.secrets),
                "StatefulSet.apps/v1": _by_name(self.workloads),
                "Deployment.apps/v1": _by_name(self.dashboards),
            },
            related={
                "Secret.v1": _by_name(self.related),
                "PersistentVolumeClaim.v1": _by_name(named(claim) for claim in self.claims),
            },
        )
        body["parent"]["status"] = dict(self.status)
        if self.order:
            body["parent"]["metadata"]["annotations"] = {RECREATE_SECRET: self.order}
        return read(body)

    @property
    def user(self) -> UserAccess:
        """The user's Secrets, looked up."""
        return access.look_up(self.spec, self.asked.observed)

    def plan(self, entropy: Entropy = ENTROPY) -> IdentityPlan:
        """What becomes of the identity Secrets."""
        wanted = identity.identities(self.spec, NAMES, self.user, entropy)
        return identity.plan(self.asked, wanted, now=NOW)

    def generated(self) -> list[str]:
        """Names of the Secrets that this call makes."""
        return sorted(one.secret for one in self.plan().reissues)

    def lost(self) -> dict[str, str]:
        """What is held for, with what is said."""
        return {one.secret: one.message for one in self.plan().lost}

    def applied(self) -> World:
        """The world after the answer was stored and is seen."""
        emitted = {one.name: manifest_of(one) for one in self.plan().secrets}
        kept = [one for one in self.secrets if one["metadata"]["name"] not in emitted]
        return replace(self, secrets=(*kept, *emitted.values()))

    def without(self, *names: str) -> World:
        """The world after these Secrets were deleted."""
        kept = tuple(one for one in self.secrets if one["metadata"]["name"] not in names)
        return replace(self, secrets=kept)


def _by_name(objects: Iterable[Manifest]) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in objects}


def content(plan: IdentityPlan, name: str) -> SecretData:
    """One Secret of a plan; StopIteration where there is none."""
    return next(one for one in plan.secrets if one.name == name)
