"""Listed ports of a tier's Service, held against what the tier listens on.

Only enrolment comes and goes with the configuration. A Service cannot be without ports, and other
ports than the listed ones must never be published in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.checks.tiers import tiers
from app.faults import Fault, frozen, warning
from app.names import MANAGERS, PORT_API, PORT_AUTH, PORT_EVENTS, Role
from app.schema.wazuhcluster import WazuhClusterSpec

#: Managers' ports that are listened on whatever the configuration.
_ALWAYS: Final = {Role.MANAGER_MASTER: (PORT_EVENTS, PORT_API), Role.MANAGER_WORKER: (PORT_EVENTS,)}
_WHY: Final = "enrolment does not run on this tier (spec.manager.config.auth)"


def check_published_ports(spec: WazuhClusterSpec) -> Iterator[Fault]:
    """Ports of enrolment on a tier that does not enrol: left out, if others remain."""
    auth = spec.manager.config.auth
    for tier in tiers(spec):
        if tier.role not in MANAGERS or auth.runs_on(tier.role):
            continue
        path = f"{tier.path}.service.ports"
        listed = [port.name for port in tier.service.ports]
        if listed == [PORT_AUTH]:
            yield frozen(
                path,
                f'"{PORT_AUTH}" alone leaves no port: {_WHY}; '
                f"allowed: at least one of {', '.join(_ALWAYS[tier.role])}",
            )
        elif PORT_AUTH in listed:
            yield warning(
                f"{path}[{listed.index(PORT_AUTH)}].name", f'"{PORT_AUTH}" is left out: {_WHY}'
            )
