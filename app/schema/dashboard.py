"""spec.dashboard: the dashboard and the settings of its Wazuh plugin.

A key of wazuh.yml is written only where it is set: None stands for the plugin's own default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, StrictBool, StrictInt, StrictStr

from app.schema import core
from app.schema.base import (
    INDEX_PATTERN,
    INT32_MAX,
    Count,
    CredentialsRef,
    IndexName,
    IndexPattern,
    Model,
    Period,
    Port,
    Positive,
)
from app.schema.pods import DashboardService, TierSpec

CRON_SIX = r"^[0-9A-Za-z*/,?-]+( [0-9A-Za-z*/,?-]+){5}$"
HOST_ID = r"^[A-Za-z0-9._-]{1,64}$"

HostId = Annotated[StrictStr, Field(min_length=1, max_length=64, pattern=HOST_ID)]


class DefaultApiEndpoint(Model):
    """The cluster's own API as the dashboard uses it."""

    credentials_secret: CredentialsRef | None = Field(
        default=None, description="Account of the API. Default: that of manager.apiCredentials."
    )
    run_as: StrictBool = Field(
        default=False,
        description="Whether requests act for the dashboard's user. Default: false.",
    )


class ApiEndpoint(Model):
    """A further Wazuh API."""

    id: HostId = Field(description="Name of the host in wazuh.yml; not default.")
    url: Annotated[
        StrictStr,
        Field(min_length=8, max_length=512, pattern=r"^https?://[A-Za-z0-9.:\[\]_~%/?#-]+$"),
    ] = Field(description="URL without port.")
    port: Port = Field(default=55000, description="Port. Default: 55000.")
    credentials_secret_ref: CredentialsRef = Field(description="Account of that API.")
    run_as: StrictBool = Field(
        default=False,
        description="Whether requests act for the dashboard's user. Default: false.",
    )


class Monitoring(Model):
    """wazuh.monitoring.*: rows about the state of agents."""

    enabled: StrictBool | None = Field(default=None, description="Default: true.")
    frequency: Annotated[StrictInt, Field(ge=60, le=INT32_MAX)] | None = Field(
        default=None, description="Seconds between two runs. Default: 900."
    )
    pattern: (
        Annotated[
            StrictStr,
            Field(min_length=7, max_length=255, pattern=r"^wazuh-[a-z0-9*._-]+$"),
        ]
        | None
    ) = Field(default=None, description="Index pattern. Default: wazuh-monitoring-*.")
    creation: Period | None = Field(
        default=None, description="How often an index begins: h, d, w, m. Default: w."
    )
    shards: Positive | None = Field(default=None, description="Shards of an index. Default: 1.")
    replicas: Count | None = Field(default=None, description="Replicas of a shard. Default: 0.")


class Checks(Model):
    """checks.*: what the health check of the plugin looks at."""

    pattern: StrictBool | None = Field(default=None, description="Index pattern. Default: true.")
    template: StrictBool | None = Field(default=None, description="Template. Default: true.")
    api: StrictBool | None = Field(default=None, description="API connection. Default: true.")
    setup: StrictBool | None = Field(default=None, description="API version. Default: true.")
    fields: StrictBool | None = Field(default=None, description="Known fields. Default: true.")
    meta_fields: StrictBool | None = Field(default=None, description="metaFields. Default: true.")
    time_filter: StrictBool | None = Field(default=None, description="Time filter. Default: true.")
    max_buckets: StrictBool | None = Field(default=None, description="max_buckets. Default: true.")


class CronStatistics(Model):
    """cron.statistics.*: rows about the managers' daemons."""

    status: StrictBool | None = Field(default=None, description="Whether it runs. Default: true.")
    apis: Annotated[tuple[HostId, ...], Field(max_length=33)] | None = Field(
        default=None, description="Ids of the hosts. Default: all."
    )
    interval: (
        Annotated[StrictStr, Field(min_length=11, max_length=128, pattern=CRON_SIX)] | None
    ) = Field(default=None, description="Six cron fields. Default: 0 */5 * * * *.")
    index_name: IndexName | None = Field(
        default=None, description="Index name. Default: statistics."
    )
    index_creation: Period | None = Field(
        default=None, description="How often an index begins: h, d, w, m. Default: w."
    )
    shards: Positive | None = Field(default=None, description="Shards of an index. Default: 1.")
    replicas: Count | None = Field(default=None, description="Replicas of a shard. Default: 0.")


class WazuhPlugin(Model):
    """Settings of the dashboard's Wazuh plugin."""

    default_api_endpoint: DefaultApiEndpoint = Field(
        default_factory=DefaultApiEndpoint, description="The cluster's own API."
    )
    api_endpoints: Annotated[
        tuple[ApiEndpoint, ...],
        Field(max_length=32, json_schema_extra={"x-unique": "id"}),
    ] = Field(default=(), description="Further APIs. Default: none.")
    pattern: IndexPattern | None = Field(
        default=None, description="Index pattern of alerts. Default: wazuh-alerts-*."
    )
    timeout: Annotated[StrictInt, Field(ge=1500, le=INT32_MAX)] | None = Field(
        default=None, description="Milliseconds to wait for an API. Default: 20000."
    )
    ip_selector: StrictBool | None = Field(
        default=None, description="Whether the index pattern can be chosen. Default: true."
    )
    ip_ignore: (
        Annotated[
            tuple[
                Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=INDEX_PATTERN)],
                ...,
            ],
            Field(max_length=64),
        ]
        | None
    ) = Field(default=None, description="Index patterns that are not offered. Default: none.")
    hide_manager_alerts: StrictBool | None = Field(
        default=None, description="Whether alerts of the managers are hidden. Default: false."
    )
    alerts_sample_prefix: IndexName | None = Field(
        default=None,
        description="Prefix of the index of sample alerts. Default: wazuh-alerts-4.x-.",
    )
    enrollment_dns: (
        Annotated[StrictStr, Field(max_length=253, pattern=r"^[A-Za-z0-9.:-]*$")] | None
    ) = Field(default=None, description="Manager address shown for new agents. Default: empty.")
    cron_prefix: (
        Annotated[
            StrictStr, Field(min_length=5, max_length=128, pattern=r"^wazuh(-[a-z0-9._-]+)?$")
        ]
        | None
    ) = Field(default=None, description="Prefix of the indices of cron jobs. Default: wazuh.")
    updates_disabled: StrictBool | None = Field(
        default=None, description="Whether the search for updates is off. Default: false."
    )
    monitoring: Monitoring = Field(
        default_factory=Monitoring, description="Rows about the state of agents."
    )
    checks: Checks = Field(default_factory=Checks, description="Parts of the health check.")
    cron_statistics: CronStatistics = Field(
        default_factory=CronStatistics, description="Rows about the managers' daemons."
    )


class DashboardSpec(TierSpec):
    """The dashboard."""

    DEFAULT_RESOURCES: ClassVar[Mapping[str, Mapping[str, str]]] = core.DASHBOARD_RESOURCES

    enabled: StrictBool = Field(
        default=True,
        description="false removes the Deployment and nothing else. Default: true.",
    )
    replicas: Annotated[StrictInt, Field(ge=1, le=20)] = Field(
        default=1, description="Number of pods. Each runs the plugin's jobs. Default: 1."
    )
    wazuh_plugin: WazuhPlugin = Field(
        default_factory=WazuhPlugin, description="Settings of the Wazuh plugin."
    )
    service: DashboardService = Field(
        default_factory=DashboardService, description="Service of the dashboard."
    )
