"""The kinds the hook may emit, with the API version under which they are registered.

Metacontroller deletes an observed child and creates it anew, in every sync, if it is answered
under another apiVersion than its rule has: both sides read this table, and a test compares it
with the CompositeController.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: ``name``, ``api_version`` and ``plural``."""

    name: str
    api_version: str
    plural: str

    @property
    def group_key(self) -> str:
        """Key of the kind's group in ``children`` and ``related``: ``StatefulSet.apps/v1``."""
        return f"{self.name}.{self.api_version}"


CONFIG_MAP: Final = Kind("ConfigMap", "v1", "configmaps")
SECRET: Final = Kind("Secret", "v1", "secrets")
SERVICE: Final = Kind("Service", "v1", "services")
SERVICE_ACCOUNT: Final = Kind("ServiceAccount", "v1", "serviceaccounts")
STATEFUL_SET: Final = Kind("StatefulSet", "apps/v1", "statefulsets")
DEPLOYMENT: Final = Kind("Deployment", "apps/v1", "deployments")
CRON_JOB: Final = Kind("CronJob", "batch/v1", "cronjobs")
JOB: Final = Kind("Job", "batch/v1", "jobs")
NETWORK_POLICY: Final = Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies")
POD_DISRUPTION_BUDGET: Final = Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets")
ROLE: Final = Kind("Role", "rbac.authorization.k8s.io/v1", "roles")
ROLE_BINDING: Final = Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings")
PERSISTENT_VOLUME_CLAIM: Final = Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims")

#: Kinds of children, in the order in which Metacontroller applies them (group, version, kind).
CHILD_KINDS: Final = (
    CONFIG_MAP,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    DEPLOYMENT,
    STATEFUL_SET,
    CRON_JOB,
    JOB,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
    ROLE,
    ROLE_BINDING,
)
