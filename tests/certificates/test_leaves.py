"""The six leaves: names, usages, owners."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from app.certificates.leaves import TIER_LEAVES, LeafPlan, leaf_plans
from app.names import TIERS, Names, Role
from app.schema.tls import ExtraSans
from tests.certificates.scenario import LEAF_SECRETS, NAMES


def by_name(extra: ExtraSans | None = None) -> dict[str, LeafPlan]:
    """Plans of the cluster ``wz`` in ``soc``."""
    return {leaf.name: leaf for leaf in leaf_plans(NAMES, extra)}


def test_there_are_six_leaves_in_a_fixed_order() -> None:
    """Each in a Secret of its own."""
    assert tuple(leaf.secret for leaf in leaf_plans(NAMES, None)) == LEAF_SECRETS


def test_the_indexer_carries_its_services_and_this_host() -> None:
    """Wildcards of the headless Service stand for the pods, whatever their number."""
    leaf = by_name()["indexer"]
    assert leaf.dns_names == (
        "wz-indexer",
        "wz-indexer.soc",
        "wz-indexer.soc.svc",
        "wz-indexer.soc.svc.cluster.local",
        "wz-indexer-headless.soc.svc",
        "wz-indexer-headless.soc.svc.cluster.local",
        "*.wz-indexer-headless.soc.svc",
        "*.wz-indexer-headless.soc.svc.cluster.local",
        "localhost",
    )
    assert leaf.ip_addresses == (ip_address("127.0.0.1"),)
    assert leaf.common_name == "wz-indexer"


def test_the_dashboard_has_no_headless_service() -> None:
    """A certificate cannot speak of a Service that does not exist."""
    assert not any("headless" in name for name in by_name()["dashboard"].dns_names)


@pytest.mark.parametrize("name", ["manager-master", "manager-worker"])
def test_managers_carry_service_and_headless_service(name: str) -> None:
    """Of their own role only."""
    names = by_name()[name].dns_names
    assert f"wz-{name}.soc.svc" in names
    assert f"*.wz-{name}-headless.soc.svc" in names
    assert all(part.startswith((f"wz-{name}", f"*.wz-{name}", "localhost")) for part in names)


def test_filebeat_and_admin_carry_this_host_only() -> None:
    """Clients: nobody dials them. The admin is no server, so it has no address either."""
    leaves = by_name()
    assert leaves["filebeat"].dns_names == ("localhost",)
    assert leaves["filebeat"].ip_addresses == (ip_address("127.0.0.1"),)
    assert leaves["admin"].dns_names == ("localhost",)
    assert leaves["admin"].ip_addresses == ()


def test_the_admin_is_a_client_only() -> None:
    """All others serve and call."""
    usages = {name: leaf.eku for name, leaf in by_name().items()}
    assert usages.pop("admin") == ("clientAuth",)
    assert set(usages.values()) == {("serverAuth", "clientAuth")}
    assert by_name()["admin"].common_name == "admin"


def test_extra_names_are_sorted_into_names_and_addresses() -> None:
    """Lower case, without duplicates, at the end."""
    extra = ExtraSans(indexer=("SIEM.Example.org", "10.0.0.7", "localhost", "2001:db8::1"))
    leaf = by_name(extra)["indexer"]
    assert leaf.dns_names[-2:] == ("localhost", "siem.example.org")
    assert leaf.ip_addresses == tuple(map(ip_address, ("127.0.0.1", "10.0.0.7", "2001:db8::1")))
    assert "siem.example.org" not in by_name(extra)["dashboard"].dns_names


def test_the_cluster_domain_is_part_of_the_names() -> None:
    """Another domain, other names."""
    names = Names(cluster="wz", namespace="soc", domain="corp.internal")
    leaf = leaf_plans(names, None)[0]
    assert "wz-indexer.soc.svc.corp.internal" in leaf.dns_names
    assert not any("cluster.local" in name for name in leaf.dns_names)


def test_every_tier_mounts_planned_leaves() -> None:
    """Managers mount filebeat's too; no pod that runs mounts the admin's."""
    planned = set(by_name())
    assert set(TIER_LEAVES) == set(TIERS)
    assert all(set(mounted) <= planned for mounted in TIER_LEAVES.values())
    assert TIER_LEAVES[Role.MANAGER_WORKER] == ("manager-worker", "filebeat")
    assert not any("admin" in mounted for mounted in TIER_LEAVES.values())
