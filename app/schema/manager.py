"""spec.manager: master, workers and what both share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from app.schema import core
from app.schema.base import (
    IMAGE,
    CredentialsRef,
    Model,
    Name,
    SecretKeyRef,
    StorageSize,
)
from app.schema.ossec import ManagerConfig
from app.schema.pods import AgentService, ImageSpec, MasterService, TierSpec, WorkerService

LOG_PATH: Final = r"^/var/ossec/logs/(alerts|archives|firewall|api|wazuh|cluster)/?$"
SCHEDULE: Final = (
    r"^(@(hourly|daily|midnight|weekly|monthly|annually|yearly)"
    r"|[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4})$"
)


class LogRotation(Model):
    """CronJob that deletes old files of the managers' dated log folders."""

    enabled: StrictBool = Field(default=False, description="Whether it runs. Default: false.")
    schedule: Annotated[StrictStr, Field(min_length=1, max_length=128, pattern=SCHEDULE)] = Field(
        default="0 0 * * 1",
        description="Five cron fields or @hourly to @yearly, at most once an hour. "
        "Default: 0 0 * * 1.",
    )
    time_zone: Annotated[
        StrictStr, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")
    ] = Field(default="Etc/UTC", description="Name of the tz database. Default: Etc/UTC.")
    retention_days: Annotated[StrictInt, Field(ge=1, le=3650)] = Field(
        default=7, description="Age at which a file goes. Default: 7."
    )
    max_file_size_mb: Annotated[StrictInt, Field(ge=0, le=1_048_576)] = Field(
        default=0,
        alias="maxFileSizeMB",
        description="Size in MB above which a file goes; 0 is off. Default: 0.",
    )
    combination_mode: Literal["or", "and"] = Field(
        default="or", description="Age or size, age and size. Default: or."
    )
    paths: Annotated[
        tuple[Annotated[StrictStr, Field(max_length=64, pattern=LOG_PATH)], ...],
        Field(min_length=1, max_length=6, json_schema_extra={"x-unique": ""}),
    ] = Field(
        default=("/var/ossec/logs/alerts/", "/var/ossec/logs/archives/"),
        description="Folders. Default: /var/ossec/logs/alerts/ and /var/ossec/logs/archives/.",
    )
    image: Annotated[StrictStr, Field(min_length=1, max_length=512, pattern=IMAGE)] = Field(
        default="registry.k8s.io/kubectl:v1.34.1",
        description="Image whose entry point is kubectl, with a tag other than latest. "
        "Default: registry.k8s.io/kubectl:v1.34.1.",
    )


class ManagerRoleSpec(TierSpec):
    """What master and workers have alike."""

    DEFAULT_RESOURCES: ClassVar[Mapping[str, Mapping[str, str]]] = core.MANAGER_RESOURCES

    storage_size: StorageSize = Field(
        default="50Gi",
        description="Size of each pod's volume at creation, at least 1Gi. Default: 50Gi.",
    )
    storage_class_name: Name | None = Field(
        default=None, description="StorageClass; immutable. Default: spec.storageClassName."
    )
    extra_config: Annotated[StrictStr, Field(max_length=65_536)] | None = Field(
        default=None, description="Whole sections for this role's ossec.conf. Default: none."
    )


class MasterSpec(ManagerRoleSpec):
    """The manager master: always one pod, so no budget."""

    HIDDEN: ClassVar[frozenset[str]] = frozenset({"pod_disruption_budget"})

    service: MasterService = Field(
        default_factory=MasterService, description="Service of API, events and enrolment."
    )


class WorkersSpec(ManagerRoleSpec):
    """The manager workers."""

    replicas: Annotated[StrictInt, Field(ge=0, le=100)] = Field(
        default=2, description="Number of workers; with 0 the master takes the agents. Default: 2."
    )
    service: WorkerService = Field(default_factory=WorkerService, description="Service of events.")


class ManagerSpec(Model):
    """The managers."""

    image: ImageSpec = Field(
        default_factory=ImageSpec, description="Default of both roles, field by field."
    )
    cluster_key_secret_ref: SecretKeyRef | None = Field(
        default=None, description="Key of the managers' cluster. Default: generated."
    )
    api_credentials: CredentialsRef | None = Field(
        default=None,
        description="Account of the API the dashboard uses. Default: generated, wazuh-wui.",
    )
    authd_password_secret_ref: SecretKeyRef | None = Field(
        default=None,
        description="Password of enrolment; needs config.auth.usePassword. Default: generated.",
    )
    filebeat_ssl_verification_mode: Literal["full", "certificate", "none"] = Field(
        default="full",
        alias="filebeatSSLVerificationMode",
        description="How Filebeat verifies the indexers. Default: full.",
    )
    config: ManagerConfig = Field(
        default_factory=ManagerConfig, description="ossec.conf of both roles."
    )
    log_rotation: LogRotation = Field(
        default_factory=LogRotation, description="Deletion of old logs. Default: off."
    )
    agent_service: AgentService = Field(
        default_factory=AgentService,
        description="One Service of events and enrolment on all managers. Default: off.",
    )
    master: MasterSpec = Field(default_factory=MasterSpec, description="The master: one pod.")
    workers: WorkersSpec = Field(default_factory=WorkersSpec, description="The workers.")
