"""What is allowed and will probably disappoint: said in the status, changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.faults import Fault, warning
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import NEWEST_KNOWN_MINOR, WazuhVersion

#: Accounts of the managers' API that may act for others.
RUN_AS_USERS: Final = frozenset({"wazuh", "wazuh-wui"})
#: From here on a dashboard starts although an API does not answer.
_PATIENT_DASHBOARD: Final = (14, 5)


def check_warnings(spec: WazuhClusterSpec, version: WazuhVersion) -> Iterator[Fault]:
    """All warnings that follow from the spec alone."""
    if not version.is_known:
        newest = ".".join(str(part) for part in NEWEST_KNOWN_MINOR)
        yield warning(
            "spec.version",
            f"{version} is newer than the versions this operator knows; "
            f"the settings of {newest} are used",
        )
    if spec.indexer.replicas == 2:  # noqa: PLR2004 - the even number meant here
        yield warning("spec.indexer.replicas", "2 nodes cannot lose one; use 1 or 3")
    if spec.manager.config.auth.ssl_verify_host:
        yield warning(
            "spec.manager.config.auth.sslVerifyHost",
            "true compares an agent's certificate with its source address: agents behind address "
            "translation cannot enrol",
        )
    yield from _dashboard(spec, version)


def _dashboard(spec: WazuhClusterSpec, version: WazuhVersion) -> Iterator[Fault]:
    dashboard = spec.dashboard
    if not dashboard.enabled:
        return
    plugin = dashboard.wazuh_plugin
    jobs = [
        name
        for name, is_on in (
            ("monitoring.enabled", plugin.monitoring.enabled),
            ("cronStatistics.status", plugin.cron_statistics.status),
        )
        if is_on is not False
    ]
    if dashboard.replicas > 1 and jobs:
        yield warning(
            "spec.dashboard.replicas",
            f"each of {dashboard.replicas} dashboards writes rows of its own, so agents are "
            f"counted several times; use 1, or turn off wazuhPlugin.{' and '.join(jobs)}",
        )
    if plugin.api_endpoints and not version.at_least(*_PATIENT_DASHBOARD):
        yield warning(
            "spec.dashboard.wazuhPlugin.apiEndpoints",
            f"{len(plugin.api_endpoints)} given with Wazuh {version}: one that does not answer "
            "stops a dashboard that starts; 4.14.5 or later does not wait",
        )


def check_run_as(path: str, username: str) -> tuple[Fault, ...]:
    """Warning about ``runAs`` with an account that may not act for others.

    ``username`` comes from a Secret, so whoever reads that one asks. It is no password and may
    be shown.
    """
    if username in RUN_AS_USERS:
        return ()
    return (
        warning(
            path,
            f'true with user "{username}": by default only wazuh and wazuh-wui may act for '
            "others, and the dashboard refuses a host whose user may not",
        ),
    )
