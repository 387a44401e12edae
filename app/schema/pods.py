"""What every tier has: image, placement, Service, budget, network policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, StrictBool, StrictStr, model_validator
from pydantic.config import JsonDict

from app.schema import core
from app.schema.base import (
    ADDRESS,
    CIDR,
    IMAGE_NAME,
    IMAGE_TAG,
    LABEL_KEY,
    AnnotationMap,
    Count,
    LabelMap,
    Model,
    Name,
    NodePort,
    Port,
)

_PORTS: Final[JsonDict] = {"x-min-items": 1, "x-unique": "name"}


class ImageSpec(Model):
    """An image in parts. What is absent is derived: repository by tier, tag by version."""

    repository: Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=IMAGE_NAME)] | (
        None
    ) = Field(
        default=None,
        description="Repository. Default: wazuh/wazuh-indexer, -manager or -dashboard.",
    )
    tag: Annotated[StrictStr, Field(min_length=1, max_length=200, pattern=IMAGE_TAG)] | None = (
        Field(default=None, description="Tag, optionally with a digest. Default: spec.version.")
    )
    pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        default=None, description="When the image is pulled. Default: IfNotPresent."
    )


class PublishedPort(Model):
    """A port of a Service. Target port and protocol are fixed."""

    name: StrictStr = Field(description="Which of the tier's ports.", max_length=15)
    port: Port = Field(description="Port of the Service.")
    node_port: NodePort | None = Field(
        default=None,
        description="Port on every node; only with NodePort or LoadBalancer. Default: drawn.",
    )


class RestPort(PublishedPort):
    """The port of an indexer."""

    name: Literal["rest"] = Field(description="Which of the tier's ports.")


class MasterPort(PublishedPort):
    """A port of the manager master."""

    name: Literal["api", "agent-events", "agent-auth"] = Field(
        description="Which of the tier's ports."
    )


class AgentPort(PublishedPort):
    """A port for agents."""

    name: Literal["agent-events", "agent-auth"] = Field(description="Which of the tier's ports.")


class HttpsPort(PublishedPort):
    """The port of a dashboard."""

    name: Literal["https"] = Field(description="Which of the tier's ports.")


class ServiceSpec(Model):
    """How a tier's Service is published."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP", description="Type of the Service. Default: ClusterIP."
    )
    annotations: AnnotationMap = Field(
        default_factory=dict, description="Annotations of the Service. Default: none."
    )
    ports: tuple[PublishedPort, ...] = Field(
        default=(),
        description="Exactly the published ports. Default: all ports of the tier, the managers' "
        "API only on ClusterIP.",
        json_schema_extra=_PORTS,
    )
    node_port: NodePort | None = Field(
        default=None,
        description="Port on every node, not beside ports; only with NodePort or LoadBalancer. "
        "Default: drawn.",
    )
    load_balancer_ip: (
        Annotated[StrictStr, Field(min_length=1, max_length=45, pattern=ADDRESS)] | None
    ) = Field(
        default=None, alias="loadBalancerIP", description="Address to ask for. Default: none."
    )
    load_balancer_class: (
        Annotated[StrictStr, Field(min_length=1, max_length=317, pattern=LABEL_KEY)] | None
    ) = Field(default=None, description="Class of the load balancer. Default: none.")
    load_balancer_source_ranges: Annotated[
        tuple[Annotated[StrictStr, Field(max_length=49, pattern=CIDR)], ...],
        Field(max_length=64),
    ] = Field(default=(), description="Networks (CIDR) that may come in. Default: all.")
    external_traffic_policy: Literal["Cluster", "Local"] | None = Field(
        default=None, description="Local keeps the source address of agents. Default: Cluster."
    )
    session_affinity: Literal["None", "ClientIP"] = Field(
        default="None", description="Whether one client stays with one pod. Default: None."
    )


class IndexerService(ServiceSpec):
    """Service of the indexers."""

    ports: Annotated[tuple[RestPort, ...], Field(max_length=1)] = Field(
        default=(),
        description="The published port. Default: rest 9200.",
        json_schema_extra=_PORTS,
    )


class MasterService(ServiceSpec):
    """Service of the manager master."""

    HIDDEN: ClassVar[frozenset[str]] = frozenset({"node_port"})

    ports: Annotated[tuple[MasterPort, ...], Field(max_length=3)] = Field(
        default=(),
        description="Exactly the published ports. Default: api (only on ClusterIP), agent-events, "
        "agent-auth.",
        json_schema_extra=_PORTS,
    )


class WorkerService(ServiceSpec):
    """Service of the manager workers."""

    HIDDEN: ClassVar[frozenset[str]] = frozenset({"node_port"})

    ports: Annotated[tuple[AgentPort, ...], Field(max_length=2)] = Field(
        default=(),
        description="Exactly the published ports. Default: agent-events, and agent-auth where "
        "workers enrol.",
        json_schema_extra=_PORTS,
    )


class AgentService(WorkerService):
    """One Service for events and enrolment on all managers."""

    enabled: StrictBool = Field(default=False, description="Whether it exists. Default: false.")


class DashboardService(ServiceSpec):
    """Service of the dashboard."""

    ports: Annotated[tuple[HttpsPort, ...], Field(max_length=1)] = Field(
        default=(),
        description="The published port. Default: https 5601.",
        json_schema_extra=_PORTS,
    )


class PodDisruptionBudgetSpec(Model):
    """How many pods of a tier may be away at a time by a voluntary disruption."""

    enabled: StrictBool | None = Field(
        default=None, description="Whether there is a budget. Default: by tier and replicas."
    )
    max_unavailable: Count | None = Field(
        default=None, description="Pods that may be away. Default: 1 for indexers and workers."
    )
    min_available: Count | None = Field(
        default=None, description="Pods that must stay, instead. Default: 1 for the dashboard."
    )


class NetworkPolicySpec(Model):
    """NetworkPolicy of a tier."""

    enabled: StrictBool = Field(
        default=False, description="Whether there is a policy. Default: false."
    )
    ingress: Annotated[tuple[core.IngressRule, ...], Field(max_length=32)] = Field(
        default=(), description="Rules added to the tier's own. Default: none."
    )
    egress: Annotated[tuple[core.EgressRule, ...], Field(max_length=32)] | None = Field(
        default=None,
        description="Present, also empty: egress is policed; DNS and the cluster's own traffic "
        "stay open. Default: absent, egress is open.",
    )


class TierSpec(Model):
    """Knobs of a tier's pods, the same for all tiers."""

    DEFAULT_RESOURCES: ClassVar[Mapping[str, Mapping[str, str]]]

    resources: core.Resources = Field(
        default_factory=dict,
        description="Requests and limits; each counts as one map. Default: by tier.",
    )
    image: ImageSpec = Field(default_factory=ImageSpec, description="The tier's image.")
    node_selector: LabelMap = Field(
        default_factory=dict, description="Labels a node must have. Default: none."
    )
    tolerations: Annotated[tuple[core.Toleration, ...], Field(max_length=32)] = Field(
        default=(), description="Tolerated taints. Default: none."
    )
    affinity: core.Affinity | None = Field(
        default=None,
        description="Replaces the default: soft anti-affinity by host within the tier; none on "
        "the master.",
    )
    topology_spread_constraints: (
        Annotated[tuple[core.TopologySpreadConstraint, ...], Field(max_length=8)] | None
    ) = Field(
        default=None,
        description="Replaces the default: by zone, maxSkew 1, ScheduleAnyway; none on the "
        "master. Without labelSelector the tier's own is put in.",
    )
    priority_class_name: Name | None = Field(
        default=None, description="PriorityClass of the pods. Default: none."
    )
    service_account_name: Name = Field(
        default="default", description="ServiceAccount; its token is not mounted. Default: default."
    )
    annotations: AnnotationMap = Field(
        default_factory=dict,
        description="Annotations of the StatefulSet or Deployment. Default: none.",
    )
    pod_annotations: AnnotationMap = Field(
        default_factory=dict, description="Annotations of the pods. Default: none."
    )
    pod_labels: LabelMap = Field(
        default_factory=dict, description="Labels of the pods. Default: none."
    )
    env: Annotated[
        tuple[core.EnvVar, ...],
        Field(max_length=64, json_schema_extra={"x-unique": "name"}),
    ] = Field(default=(), description="Variables, appended after ours. Default: none.")
    env_from: Annotated[tuple[core.EnvFrom, ...], Field(max_length=16)] = Field(
        default=(), description="Sources of variables; ours win over them. Default: none."
    )
    extra_volumes: Annotated[
        tuple[core.Volume, ...],
        Field(max_length=16, json_schema_extra={"x-unique": "name"}),
    ] = Field(default=(), description="Further volumes. Default: none.")
    extra_volume_mounts: Annotated[
        tuple[core.VolumeMount, ...],
        Field(max_length=32, json_schema_extra={"x-unique": "mountPath"}),
    ] = Field(default=(), description="Further mounts of the tier's container. Default: none.")
    security_context: core.PodSecurityContext = Field(
        default_factory=dict, description="Merged into the tier's own, key by key."
    )
    container_security_context: core.SecurityContext = Field(
        default_factory=dict, description="Merged into the tier's own, key by key."
    )
    service: ServiceSpec = Field(
        default_factory=ServiceSpec, description="The tier's Service; not the headless one."
    )
    pod_disruption_budget: PodDisruptionBudgetSpec = Field(
        default_factory=PodDisruptionBudgetSpec, description="The tier's PodDisruptionBudget."
    )
    network_policy: NetworkPolicySpec = Field(
        default_factory=NetworkPolicySpec, description="The tier's NetworkPolicy. Default: off."
    )

    @model_validator(mode="before")
    @classmethod
    def _with_default_resources(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = value.get("resources")
        if given is not None and not isinstance(given, dict):
            return value
        return value | {
            "resources": core.with_default_resources(given or {}, cls.DEFAULT_RESOURCES)
        }
