"""spec.indexer: the nodes of the index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictInt, StrictStr

from app.schema import core
from app.schema.base import CredentialsRef, Name, StorageSize
from app.schema.pods import IndexerService, TierSpec


class IndexerSpec(TierSpec):
    """Indexers: OpenSearch nodes that all hold all roles."""

    DEFAULT_RESOURCES: ClassVar[Mapping[str, Mapping[str, str]]] = core.INDEXER_RESOURCES

    replicas: Annotated[StrictInt, Field(ge=1, le=50)] = Field(
        default=3, description="Number of nodes. Lowering it is held. Default: 3."
    )
    cluster_name: (
        Annotated[StrictStr, Field(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9._-]{1,63}$")]
        | None
    ) = Field(
        default=None,
        description="OpenSearch's cluster.name; immutable. Default: name of the WazuhCluster.",
    )
    storage_size: StorageSize = Field(
        default="50Gi",
        description="Size of each node's volume at creation, at least 1Gi. Default: 50Gi.",
    )
    storage_class_name: Name | None = Field(
        default=None, description="StorageClass; immutable. Default: spec.storageClassName."
    )
    java_opts: Annotated[StrictStr, Field(max_length=1024, pattern=r"^[ !#-&(-~]*$")] | None = (
        Field(
            default=None,
            description="Options of the JVM. Default: a heap of half the memory limit, at most "
            "31744 MiB; put before these options unless they hold -Xms and -Xmx.",
        )
    )
    vm_max_map_count: Literal["Init", "Preset"] | None = Field(
        default=None,
        description="Init: a privileged init container raises vm.max_map_count. Preset: the "
        "nodes have it. Default: memory mapping is off.",
    )
    credentials: CredentialsRef | None = Field(
        default=None, description="Account of the administrator. Default: generated."
    )
    service: IndexerService = Field(
        default_factory=IndexerService, description="Service of the REST API."
    )
