"""What a spec may not hold although the CRD's types and rules let it through.

Everything here follows from the spec alone; what depends on the observed cluster or on Secrets
is decided when the cluster is resolved. The result depends on nothing else, so it can be cached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.checks import budgets, config_text, mounts, pods, resources, schedule, services, warnings
from app.checks.ciphers import check_ciphers
from app.checks.extra_config import check_extra_config
from app.checks.local_options import check_local_options
from app.checks.tiers import PATHS, tiers, with_fields
from app.faults import Fault
from app.names import Role
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion

_AGENT_SERVICE = "spec.manager.agentService"
_LOG_ROTATION = "spec.manager.logRotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A checked spec: ``spec`` without the items that are held back, ``faults`` by path."""

    spec: WazuhClusterSpec
    faults: tuple[Fault, ...]


def check(spec: WazuhClusterSpec, version: WazuhVersion) -> Checked:
    """Check a spec that passed its model.

    Extra volumes and mounts that collide with ours are left out of the result's spec and
    reported as held; every other field stays as it is. Raises nothing for any valid model.
    """
    effective, faults = _without_collisions(spec, version)
    faults += _pods(spec)
    faults += _manager(spec, version)
    faults += _values(spec)
    faults += warnings.check_warnings(spec, version)
    return Checked(spec=effective, faults=tuple(sorted(set(faults))))


def _without_collisions(
    spec: WazuhClusterSpec, version: WazuhVersion
) -> tuple[WazuhClusterSpec, list[Fault]]:
    """The effective spec; the same object where nothing is left out."""
    effective = spec
    faults: list[Fault] = []
    for tier in tiers(spec):
        kept = mounts.check_mounts(spec, tier, version)
        if kept.faults:
            faults += kept.faults
            effective = with_fields(
                effective,
                tier.role,
                {"extra_volumes": kept.volumes, "extra_volume_mounts": kept.mounts},
            )
    return effective, faults


def _pods(spec: WazuhClusterSpec) -> Iterator[Fault]:
    """Faults of pods, their Services and budgets."""
    for tier in tiers(spec):
        yield from pods.check_pods(tier)
        yield from config_text.check_placement(tier)
        yield from config_text.check_source_ranges(
            f"{tier.path}.service.loadBalancerSourceRanges",
            tier.service.load_balancer_source_ranges,
        )
    agents = spec.manager.agent_service
    for check_keys in (pods.check_annotations, config_text.check_label_keys):
        yield from check_keys(f"{_AGENT_SERVICE}.annotations", agents.annotations)
    yield from config_text.check_source_ranges(
        f"{_AGENT_SERVICE}.loadBalancerSourceRanges", agents.load_balancer_source_ranges
    )
    yield from resources.check_resources(spec)
    yield from budgets.check_budgets(spec)
    yield from services.check_published_ports(spec)


def _manager(spec: WazuhClusterSpec, version: WazuhVersion) -> Iterator[Fault]:
    """Faults of what the managers' daemons read at their start."""
    manager = spec.manager
    config = "spec.manager.config"
    for role, extra in (
        (Role.MANAGER_MASTER, manager.master.extra_config),
        (Role.MANAGER_WORKER, manager.workers.extra_config),
    ):
        if extra:
            yield from check_extra_config(f"{PATHS[role]}.extraConfig", extra, version)
    yield from check_ciphers(f"{config}.auth.ciphers", manager.config.auth.ciphers)
    yield from check_local_options(
        f"{config}.localInternalOptions", manager.config.local_internal_options
    )


def _values(spec: WazuhClusterSpec) -> Iterator[Fault]:
    """Faults of schedules, time zone, image and names in certificates."""
    rotation = spec.manager.log_rotation
    yield from schedule.check_schedule(f"{_LOG_ROTATION}.schedule", rotation.schedule)
    yield from schedule.check_time_zone(f"{_LOG_ROTATION}.timeZone", rotation.time_zone)
    yield from config_text.check_pinned_image(f"{_LOG_ROTATION}.image", rotation.image)
    interval = spec.dashboard.wazuh_plugin.cron_statistics.interval
    if interval is not None:
        yield from schedule.check_interval(
            "spec.dashboard.wazuhPlugin.cronStatistics.interval", interval
        )
    yield from config_text.check_sans(spec.tls.cert_config.extra_sans)
