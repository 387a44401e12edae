"""The spec of a WazuhCluster: fields, defaults and bounds; nothing derived.

Defaults stand here and nowhere else; the CRD only names them, since a stored default could not
be told from a wish. What depends on other fields (heap, budgets, image, cluster name) is None
here and decided when a cluster is resolved. Rules across fields: `app.schema.cel`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictStr

from app.schema.base import SUBDOMAIN, LocalObjectReference, Model, Name
from app.schema.dashboard import DashboardSpec
from app.schema.indexer import IndexerSpec
from app.schema.manager import ManagerSpec
from app.schema.tls import TlsSpec
from app.versions import parse_version


def _supported(version: str) -> str:
    """The version, if it is one of the supported range."""
    if parse_version(version) is None:
        raise ValueError("not a supported version")
    return version


class RolloutSpec(Model):
    """How far tiers wait for each other."""

    creation: Literal["Parallel", "Ordered"] = Field(
        default="Parallel", description="Whether tiers are created at once. Default: Parallel."
    )
    update: Literal["Ordered", "Parallel"] = Field(
        default="Ordered",
        description="Whether a tier waits until earlier ones are done. Default: Ordered.",
    )


class WazuhClusterSpec(Model):
    """A whole Wazuh cluster. Only ``version`` is required."""

    version: Annotated[StrictStr, Field(max_length=32), AfterValidator(_supported)] = Field(
        description="Wazuh version of all tiers: 4.9.0 or later, below 5.0.0."
    )
    cluster_domain: Annotated[StrictStr, Field(min_length=1, max_length=63, pattern=SUBDOMAIN)] = (
        Field(
            default="cluster.local", description="DNS domain of Kubernetes. Default: cluster.local."
        )
    )
    image_pull_secrets: Annotated[tuple[LocalObjectReference, ...], Field(max_length=8)] = Field(
        default=(), description="Secrets for pulling images, in every pod. Default: none."
    )
    storage_class_name: Name | None = Field(
        default=None,
        description="StorageClass of all volumes; immutable. Default: the cluster's default.",
    )
    deletion_policy: Literal["Retain", "Delete"] = Field(
        default="Retain",
        description="What becomes of the claims when the WazuhCluster is deleted. Default: Retain.",
    )
    indexer: IndexerSpec = Field(default_factory=IndexerSpec, description="The indexers.")
    manager: ManagerSpec = Field(default_factory=ManagerSpec, description="The managers.")
    dashboard: DashboardSpec = Field(default_factory=DashboardSpec, description="The dashboard.")
    tls: TlsSpec = Field(default_factory=TlsSpec, description="Certificates.")
    rollout: RolloutSpec = Field(
        default_factory=RolloutSpec, description="How far tiers wait for each other."
    )
