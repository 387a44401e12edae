"""Warnings: said, and without effect."""

from __future__ import annotations

from typing import Any

import pytest

from app.checks.warnings import check_run_as
from app.faults import Effect, Reason
from tests.checks.specs import faults, nested, texts

ENDPOINT = {"id": "other", "url": "https://x", "credentialsSecretRef": {"secretName": "s"}}
OFF = {"monitoring": {"enabled": False}, "cronStatistics": {"status": False}}


@pytest.mark.parametrize(
    ("raw", "version", "text"),
    [
        ({}, "4.15.0", "spec.version: 4.15.0 is newer than the versions this operator knows; "),
        ({}, "4.20.3", "the settings of 4.14 are used"),
        (
            nested("indexer.replicas", 2),
            "4.14.7",
            "spec.indexer.replicas: 2 nodes cannot lose one; use 1 or 3",
        ),
        (
            nested(
                "manager.config.auth",
                {"sslVerifyHost": True, "sslAgentCASecretRef": {"name": "a", "key": "b"}},
            ),
            "4.14.7",
            "spec.manager.config.auth.sslVerifyHost: true compares an agent's certificate with",
        ),
        (
            nested("dashboard.replicas", 2),
            "4.14.7",
            (
                "spec.dashboard.replicas: each of 2 dashboards writes rows of its own, so agents "
                "are counted several times; use 1, or turn off "
                "wazuhPlugin.monitoring.enabled and cronStatistics.status"
            ),
        ),
        (
            nested("dashboard", {"replicas": 3, "wazuhPlugin": {"monitoring": {"enabled": False}}}),
            "4.14.7",
            "turn off wazuhPlugin.cronStatistics.status",
        ),
        (
            nested("dashboard.wazuhPlugin.apiEndpoints", [ENDPOINT]),
            "4.14.4",
            (
                "spec.dashboard.wazuhPlugin.apiEndpoints: 1 given with Wazuh 4.14.4: one that does "
                "not answer stops a dashboard that starts"
            ),
        ),
    ],
)
def test_a_wish_that_will_disappoint_is_a_warning(
    raw: dict[str, Any], version: str, text: str
) -> None:
    """One warning, with the reason of a valid spec."""
    (found,) = texts(raw, Effect.WARNS, version)
    assert text in found
    assert faults(raw, version)[0].reason is Reason.VALID_WITH_WARNINGS


@pytest.mark.parametrize(
    ("raw", "version"),
    [
        ({}, "4.9.0"),
        ({}, "4.14.99"),
        (nested("indexer.replicas", 1), "4.14.7"),
        (nested("indexer.replicas", 4), "4.14.7"),
        (nested("dashboard.replicas", 1), "4.14.7"),
        (nested("dashboard", {"replicas": 2, "wazuhPlugin": OFF}), "4.14.7"),
        (nested("dashboard", {"replicas": 2, "enabled": False}), "4.14.7"),
        (nested("dashboard.wazuhPlugin.apiEndpoints", [ENDPOINT]), "4.14.5"),
        (nested("dashboard.wazuhPlugin.defaultApiEndpoint.runAs", value=True), "4.14.7"),
    ],
)
def test_a_sound_wish_is_no_warning(raw: dict[str, Any], version: str) -> None:
    """Near misses stay quiet."""
    assert faults(raw, version) == ()


@pytest.mark.parametrize("user", ["wazuh", "wazuh-wui"])
def test_the_default_accounts_may_act_for_others(user: str) -> None:
    """No warning for them."""
    assert check_run_as("spec.x.runAs", user) == ()


@pytest.mark.parametrize("user", ["admin", "Wazuh", "wazuh-wui2", ""])
def test_another_account_with_run_as_is_a_warning(user: str) -> None:
    """With its name, which is no secret."""
    (fault,) = check_run_as("spec.x.runAs", user)
    assert (fault.path, fault.effect) == ("spec.x.runAs", Effect.WARNS)
    assert f'user "{user}"' in fault.message
