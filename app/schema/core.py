"""Kubernetes' own types in the models: dictionaries, normalised, described by their name.

``x-core`` names the Kubernetes type; its full schema stands in `app.schema.core_types`, which is
generated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from app.kubernetes import normalise, quantity

Manifest = dict[str, Any]

Affinity = Annotated[
    Manifest,
    AfterValidator(normalise.affinity),
    Field(json_schema_extra={"x-core": "Affinity"}),
]
Toleration = Annotated[
    Manifest,
    AfterValidator(normalise.toleration),
    Field(json_schema_extra={"x-core": "Toleration"}),
]
TopologySpreadConstraint = Annotated[
    Manifest,
    AfterValidator(normalise.topology_spread_constraint),
    Field(json_schema_extra={"x-core": "TopologySpreadConstraint"}),
]
EnvVar = Annotated[
    Manifest,
    AfterValidator(normalise.env_var),
    Field(json_schema_extra={"x-core": "EnvVar"}),
]
EnvFrom = Annotated[
    Manifest,
    AfterValidator(normalise.env_from),
    Field(json_schema_extra={"x-core": "EnvFromSource"}),
]
Volume = Annotated[
    Manifest,
    AfterValidator(normalise.volume),
    Field(json_schema_extra={"x-core": "Volume"}),
]
VolumeMount = Annotated[
    Manifest,
    AfterValidator(normalise.volume_mount),
    Field(json_schema_extra={"x-core": "VolumeMount"}),
]
PodSecurityContext = Annotated[
    Manifest,
    AfterValidator(normalise.security_context),
    Field(json_schema_extra={"x-core": "PodSecurityContext"}),
]
SecurityContext = Annotated[
    Manifest,
    AfterValidator(normalise.security_context),
    Field(json_schema_extra={"x-core": "SecurityContext"}),
]
Resources = Annotated[Manifest, Field(json_schema_extra={"x-core": "ResourceRequirements"})]
IngressRule = Annotated[
    Manifest,
    AfterValidator(normalise.network_policy_rule),
    Field(json_schema_extra={"x-core": "NetworkPolicyIngressRule"}),
]
EgressRule = Annotated[
    Manifest,
    AfterValidator(normalise.network_policy_rule),
    Field(json_schema_extra={"x-core": "NetworkPolicyEgressRule"}),
]

#: Default resources by tier. No CPU limit: throttling stretches the JVM's garbage collections
#: and the three node runs before a dashboard starts.
INDEXER_RESOURCES: Final[Mapping[str, Mapping[str, str]]] = {
    "requests": {"cpu": "500m", "memory": "4Gi"},
    "limits": {"memory": "4Gi"},
}
MANAGER_RESOURCES: Final[Mapping[str, Mapping[str, str]]] = {
    "requests": {"cpu": "500m", "memory": "2Gi"},
    "limits": {"memory": "4Gi"},
}
DASHBOARD_RESOURCES: Final[Mapping[str, Mapping[str, str]]] = {
    "requests": {"cpu": "250m", "memory": "512Mi"},
    "limits": {"memory": "1Gi"},
}


def with_default_resources(
    given: Mapping[str, Any], default: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """ResourceRequirements of a tier: requests and limits each count as one map.

    A default follows a wish that it would contradict: the default limit rises to a larger
    request, the default request falls to a smaller limit. Quantities are canonical afterwards.
    Raises QuantityError.
    """
    wish = normalise.resources(given)
    requests = wish.get("requests", {})
    limits = wish.get("limits", {})
    if given.get("requests") is None:
        requests = _bounded(default["requests"], limits, sign=1)
    if given.get("limits") is None:
        limits = _bounded(default["limits"], requests, sign=-1)
    both = {"limits": limits, "requests": requests}
    return wish | {key: value for key, value in both.items() if value}


def _bounded(default: Mapping[str, str], wish: Mapping[str, str], *, sign: int) -> dict[str, str]:
    """``default`` with each value cut (sign 1) or raised (sign -1) to the wished one."""
    return {
        name: wish[name]
        if name in wish and sign * quantity.compare(value, wish[name]) > 0
        else value
        for name, value in default.items()
    }
