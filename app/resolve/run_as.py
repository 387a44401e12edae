"""Warnings about `runAs`: the user's name stands in a Secret, so the spec alone cannot tell."""

from __future__ import annotations

from collections.abc import Iterator

from app.checks.warnings import check_run_as
from app.credentials.access import Account, UserAccess
from app.faults import Fault
from app.schema.wazuhcluster import WazuhClusterSpec

_PLUGIN = "spec.dashboard.wazuhPlugin"


def run_as_faults(spec: WazuhClusterSpec, user: UserAccess) -> Iterator[Fault]:
    """Each host of wazuh.yml that acts for others with an account that may not."""
    plugin = spec.dashboard.wazuh_plugin
    if plugin.default_api_endpoint.run_as:
        path = f"{_PLUGIN}.defaultApiEndpoint.runAs"
        yield from _one(path, user.dashboard_api or user.api)
    for index, (endpoint, account) in enumerate(
        zip(plugin.api_endpoints, user.endpoints, strict=True)
    ):
        if endpoint.run_as:
            yield from _one(f"{_PLUGIN}.apiEndpoints[{index}].runAs", account)


def _one(path: str, account: Account | None) -> tuple[Fault, ...]:
    """Nothing without an account of the user's: ours is wazuh-wui, which may."""
    if account is None or account.username.text is None:
        return ()
    return check_run_as(path, account.username.text)
