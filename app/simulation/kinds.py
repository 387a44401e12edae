"""The kinds that the model knows: versions, plurals, and which of them count generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app import names


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """One kind as discovery serves it.

    ``generation``: whether objects carry ``metadata.generation``. ``initial_status``: what the
    server stores for a new object, before any controller has spoken.
    """

    name: str
    api_version: str
    plural: str
    generation: bool = False
    initial_status: Mapping[str, object] | None = None

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        group, slash, _ = self.api_version.partition("/")
        return group if slash else ""

    @property
    def version(self) -> str:
        """Version within the group."""
        return self.api_version.rpartition("/")[2]

    @property
    def key(self) -> str:
        """Key of the kind's group in a sync request."""
        return f"{self.name}.{self.api_version}"

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """Order in which Metacontroller handles kinds."""
        return (self.group, self.version, self.name)


_TABLE: Final = (
    Kind(name="ConfigMap", api_version="v1", plural="configmaps"),
    Kind(name="Secret", api_version="v1", plural="secrets"),
    Kind(name="Service", api_version="v1", plural="services", initial_status={"loadBalancer": {}}),
    Kind(name="ServiceAccount", api_version="v1", plural="serviceaccounts"),
    Kind(
        name="PersistentVolumeClaim",
        api_version="v1",
        plural="persistentvolumeclaims",
        initial_status={"phase": "Pending"},
    ),
    Kind(name="Pod", api_version="v1", plural="pods", initial_status={"phase": "Pending"}),
    Kind(
        name="StatefulSet",
        api_version="apps/v1",
        plural="statefulsets",
        generation=True,
        initial_status={"availableReplicas": 0, "replicas": 0},
    ),
    Kind(
        name="Deployment",
        api_version="apps/v1",
        plural="deployments",
        generation=True,
        initial_status={},
    ),
    Kind(
        name="ReplicaSet",
        api_version="apps/v1",
        plural="replicasets",
        generation=True,
        initial_status={"replicas": 0},
    ),
    Kind(name="ControllerRevision", api_version="apps/v1", plural="controllerrevisions"),
    Kind(
        name="HorizontalPodAutoscaler",
        api_version="autoscaling/v2",
        plural="horizontalpodautoscalers",
    ),
    Kind(
        name="CronJob",
        api_version="batch/v1",
        plural="cronjobs",
        generation=True,
        initial_status={},
    ),
    Kind(name="Job", api_version="batch/v1", plural="jobs", generation=True, initial_status={}),
    Kind(
        name="NetworkPolicy",
        api_version="networking.k8s.io/v1",
        plural="networkpolicies",
        generation=True,
    ),
    Kind(
        name="PodDisruptionBudget",
        api_version="policy/v1",
        plural="poddisruptionbudgets",
        generation=True,
        initial_status={
            "currentHealthy": 0,
            "desiredHealthy": 0,
            "disruptionsAllowed": 0,
            "expectedPods": 0,
        },
    ),
    Kind(name="Role", api_version="rbac.authorization.k8s.io/v1", plural="roles"),
    Kind(name="RoleBinding", api_version="rbac.authorization.k8s.io/v1", plural="rolebindings"),
    Kind(name=names.KIND, api_version=names.API_VERSION, plural=names.PLURAL, generation=True),
)

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _TABLE}
BY_RESOURCE: Final[Mapping[tuple[str, str], Kind]] = {
    (kind.api_version, kind.plural): kind for kind in _TABLE
}
