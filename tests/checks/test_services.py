"""Listed ports of Services that nobody listens on."""

from __future__ import annotations

from typing import Any

import pytest

from app.faults import Effect
from tests.checks.specs import faults, texts

AUTH = {"name": "agent-auth", "port": 1515}
EVENTS = {"name": "agent-events", "port": 1514}
OFF = {"disabled": True}
WORKERS = "spec.manager.workers.service.ports"
MASTER = "spec.manager.master.service.ports"


def _spec(tier: str, ports: list[dict[str, Any]], auth: dict[str, Any]) -> dict[str, Any]:
    return {"manager": {"config": {"auth": auth}, tier: {"service": {"ports": ports}}}}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(
            _spec("workers", [AUTH], {}),
            f'{WORKERS}: "agent-auth" alone leaves no port: enrolment does not run on this tier'
            " (spec.manager.config.auth); allowed: at least one of agent-events",
            id="enrolment on the master only",
        ),
        pytest.param(
            _spec("master", [AUTH], OFF),
            f'{MASTER}: "agent-auth" alone leaves no port: enrolment does not run on this tier'
            " (spec.manager.config.auth); allowed: at least one of agent-events, api",
            id="enrolment off",
        ),
    ],
)
def test_a_list_that_leaves_no_port_is_refused(raw: dict[str, Any], text: str) -> None:
    """A Service without ports cannot be applied, and other ports than the listed are no answer."""
    assert texts(raw, Effect.FROZEN) == [text]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        pytest.param(_spec("workers", [EVENTS, AUTH], {}), f"{WORKERS}[1].name", id="workers"),
        pytest.param(_spec("master", [AUTH, EVENTS], OFF), f"{MASTER}[0].name", id="master"),
    ],
)
def test_a_listed_port_without_a_listener_is_left_out_and_said(
    raw: dict[str, Any], path: str
) -> None:
    """The others are published as listed."""
    why = "enrolment does not run on this tier (spec.manager.config.auth)"
    assert texts(raw, Effect.WARNS) == [f'{path}: "agent-auth" is left out: {why}']


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(_spec("master", [AUTH], {}), id="enrolment on the master"),
        pytest.param(_spec("workers", [AUTH], {"enabledOnMasterOnly": False}), id="everywhere"),
        pytest.param(_spec("workers", [EVENTS], {}), id="events"),
        pytest.param(_spec("master", [{"name": "api", "port": 443}], OFF), id="the API"),
        pytest.param({"indexer": {"service": {"ports": [{"name": "rest", "port": 1}]}}}, id="rest"),
        pytest.param(
            {"dashboard": {"service": {"ports": [{"name": "https", "port": 1}]}}}, id="ui"
        ),
    ],
)
def test_ports_that_are_listened_on_pass(raw: dict[str, Any]) -> None:
    """Whatever their number."""
    assert faults(raw) == ()
