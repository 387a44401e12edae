"""Probes of the four tiers.

Readiness asks for what others need from a pod, liveness only for what a restart can mend: an
indexer is never asked for green, a dashboard never for a page that depends on the indexer.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from app.names import PORT_API, PORT_EVENTS, PORT_HTTPS, PORT_REST
from app.result import Manifest

#: Nobody in the image restarts a daemon that died, and `wazuh-control status` fails for daemons
#: that are off and takes the lock of start and stop. So pid files are looked at, and the command
#: line behind each (a number may be given to another process; clusterd's shows wazuh_clusterd).
DAEMONS_ALIVE: Final = (
    resources.files("app.kubernetes") / "scripts" / "daemons-alive.sh"
).read_text(encoding="utf-8")

_STARTUP_PERIOD: Final = 10


def indexer_probes() -> Manifest:
    """Port for start and life, a loaded security index for readiness.

    Ten minutes to start: large volumes are recovered before the port opens.
    """
    return {
        "startupProbe": _startup(_tcp(PORT_REST), attempts=60),
        "readinessProbe": _readiness(_https(PORT_REST, "/_plugins/_security/health")),
        "livenessProbe": _liveness(_tcp(PORT_REST)),
    }


def master_probes() -> Manifest:
    """Daemons for start and life, the API for readiness: dashboard and enrolment need it."""
    return {**_manager_probes(), "readinessProbe": _readiness(_tcp(PORT_API))}


def worker_probes(protocol: str) -> Manifest:
    """As the master's, ready when events are listened for; a udp port can only be inferred."""
    listens = _tcp(PORT_EVENTS) if protocol == "tcp" else _daemons()
    return {**_manager_probes(), "readinessProbe": _readiness(listens)}


def dashboard_probes() -> Manifest:
    """Port for start and life, the login page for readiness; three node runs precede the port."""
    return {
        "startupProbe": _startup(_tcp(PORT_HTTPS), attempts=60),
        "readinessProbe": _readiness(_https(PORT_HTTPS, "/app/login")),
        "livenessProbe": _liveness(_tcp(PORT_HTTPS)),
    }


def _manager_probes() -> Manifest:
    """Fifteen minutes to start (owner repair walks the volume); patience with API restarts.

    A restart asked for over the API stops all daemons for a minute or more.
    """
    return {
        "startupProbe": {**_startup(_daemons(), attempts=90), "timeoutSeconds": 10},
        "livenessProbe": {
            **_daemons(),
            "periodSeconds": 30,
            "timeoutSeconds": 10,
            "failureThreshold": 6,
        },
    }


def _startup(handler: Manifest, *, attempts: int) -> Manifest:
    return {**handler, "periodSeconds": _STARTUP_PERIOD, "failureThreshold": attempts}


def _readiness(handler: Manifest) -> Manifest:
    return {**handler, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}


def _liveness(handler: Manifest) -> Manifest:
    return {**handler, "periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6}


def _tcp(port: str) -> dict[str, Any]:
    return {"tcpSocket": {"port": port}}


def _https(port: str, path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port, "scheme": "HTTPS"}}


def _daemons() -> dict[str, Any]:
    return {"exec": {"command": ["/bin/sh", "-c", DAEMONS_ALIVE]}}
