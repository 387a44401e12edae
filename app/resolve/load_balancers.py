"""The class of a load balancer: fixed for as long as the Service is one.

A Service with another class is refused as a whole, so the running class is sent in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app import faults, kinds
from app.checks.tiers import tiers, with_fields
from app.faults import Fault
from app.names import Names
from app.observed.last_applied import last_applied
from app.observed.request import Observed, as_map, as_text
from app.schema.pods import ServiceSpec
from app.schema.wazuhcluster import WazuhClusterSpec

_BALANCED: Final = "LoadBalancer"
_CLASS: Final = "loadBalancerClass"


def with_running_classes(
    spec: WazuhClusterSpec, named: Names, observed: Observed
) -> tuple[WazuhClusterSpec, tuple[Fault, ...]]:
    """``spec`` with the classes of load balancers that exist, and a fault for each wish held."""
    effective = spec
    found: list[Fault] = []
    for tier in tiers(spec):
        name = named.service(tier.role)
        if _is_fixed(tier.service, name, observed):
            running = _running(name, observed)
            update: dict[str, Any] = {"service": _with_class(tier.service, running)}
            effective = with_fields(effective, tier.role, update)
            found.append(_fault(f"{tier.path}.service", tier.service, name, running))
    agents = spec.manager.agent_service
    if agents.enabled and _is_fixed(agents, named.agents, observed):
        running = _running(named.agents, observed)
        update = {"agent_service": _with_class(agents, running)}
        manager = effective.manager.model_copy(update=update)
        effective = effective.model_copy(update={"manager": manager})
        found.append(_fault("spec.manager.agentService", agents, named.agents, running))
    return effective, tuple(found)


def _is_fixed(wish: ServiceSpec, name: str, observed: Observed) -> bool:
    """Whether the wish would change the class of an observed load balancer.

    A class that was never sent was put there by admission: a merge keeps it.
    """
    manifest = observed.child(kinds.SERVICE, name)
    if manifest is None or wish.type != _BALANCED or _spec_of(manifest).get("type") != _BALANCED:
        return False
    running = _running(name, observed)
    if wish.load_balancer_class is None:
        return running is not None and _CLASS in _spec_of(last_applied(manifest))
    return wish.load_balancer_class != running


def _running(name: str, observed: Observed) -> str | None:
    return as_text(_spec_of(observed.child(kinds.SERVICE, name)).get(_CLASS))


def _spec_of(manifest: object) -> Mapping[str, Any]:
    return as_map(as_map(manifest).get("spec"))


def _with_class(wish: ServiceSpec, running: str | None) -> ServiceSpec:
    return wish.model_copy(update={"load_balancer_class": running})


def _fault(path: str, wish: ServiceSpec, name: str, running: str | None) -> Fault:
    message = (
        f'"{wish.load_balancer_class or "(none)"}" cannot take effect on a load balancer that'
        f' exists; {name} stays "{running or "(none)"}". Set type: ClusterIP, and back once it is'
        " applied"
    )
    return faults.held(f"{path}.{_CLASS}", message)
