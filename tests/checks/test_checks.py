"""The checks of a whole spec, together."""

from __future__ import annotations

import pytest

from app.checks import check
from app.checks.tiers import tiers, with_fields
from app.faults import Effect
from app.names import TIERS, Role
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion, parse_version
from tests.checks.specs import NEWEST, checked, faults, nested

SPEC = WazuhClusterSpec.model_validate({"version": NEWEST})


@pytest.mark.parametrize("version", ["4.9.0", "4.10.4", "4.13.1", "4.14.0", NEWEST])
def test_the_smallest_cluster_has_no_faults(version: str) -> None:
    """All defaults agree with each other in every version."""
    assert faults({}, version) == ()


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("manager.master.extraConfig", "<foo/>", "spec.manager.master.extraConfig"),
        ("manager.workers.extraConfig", "<global/>", "spec.manager.workers.extraConfig"),
        ("manager.config.auth.ciphers", "FOO", "spec.manager.config.auth.ciphers"),
        ("manager.config.localInternalOptions", "a", "spec.manager.config.localInternalOptions"),
        ("manager.logRotation.schedule", "0 0 * * 8", "spec.manager.logRotation.schedule"),
        ("manager.logRotation.timeZone", "Mars/Base", "spec.manager.logRotation.timeZone"),
        ("manager.logRotation.image", "kubectl", "spec.manager.logRotation.image"),
        (
            "dashboard.wazuhPlugin.cronStatistics.interval",
            "99 * * * * *",
            "spec.dashboard.wazuhPlugin.cronStatistics.interval",
        ),
    ],
)
def test_a_faulty_field_refuses_the_spec_by_its_own_path(path: str, value: str, field: str) -> None:
    """Each check is asked, with the path at which the user finds the value."""
    (fault,) = faults(nested(path, value))
    assert (fault.path, fault.effect) == (field, Effect.FROZEN)


def test_several_faults_come_together_sorted_by_path() -> None:
    """Frozen, held and warning faults of different tiers."""
    raw = {
        "manager": {
            "master": {"extraConfig": "<foo/>\n<auth/>"},
            "config": {"auth": {"ciphers": "FOO"}},
        },
        "indexer": {"replicas": 2, "extraVolumes": [{"name": "certs", "emptyDir": {}}]},
    }
    found = faults(raw)
    assert [(fault.path, fault.effect) for fault in found] == [
        ("spec.indexer.extraVolumes[0].name", Effect.HELD),
        ("spec.indexer.replicas", Effect.WARNS),
        ("spec.manager.config.auth.ciphers", Effect.FROZEN),
        ("spec.manager.master.extraConfig", Effect.FROZEN),
        ("spec.manager.master.extraConfig", Effect.FROZEN),
    ]


def test_what_is_known_of_a_version_decides() -> None:
    """The same spec may be right in one version and wrong in an older one."""
    raw = nested("manager.master.extraConfig", "<anti_tampering><a>1</a></anti_tampering>")
    assert faults(raw, "4.10.0") == ()
    assert len(faults(raw, "4.9.2")) == 1


def test_left_out_items_of_several_tiers_add_up() -> None:
    """Each tier loses its own item only; the given spec is not changed."""
    volumes = [{"name": "certs", "emptyDir": {}}, {"name": "mine", "emptyDir": {}}]
    raw = {tier: {"extraVolumes": volumes} for tier in ("indexer", "dashboard")} | {
        "manager": {tier: {"extraVolumes": volumes} for tier in ("master", "workers")}
    }
    spec = WazuhClusterSpec.model_validate({"version": NEWEST, **raw})
    version = parse_version(NEWEST)
    assert version is not None
    result = check(spec, version)
    assert len(result.faults) == 4
    for before, after in zip(tiers(spec), tiers(result.spec), strict=True):
        assert [volume["name"] for volume in before.spec.extra_volumes] == ["certs", "mine"]
        assert [volume["name"] for volume in after.spec.extra_volumes] == ["mine"]


def test_a_check_gives_the_same_twice() -> None:
    """Nothing but the spec and the version has a say."""
    raw = nested("indexer.replicas", 2)
    assert checked(raw) == checked(raw)


def test_the_same_spec_comes_back_where_nothing_is_left_out() -> None:
    """No copy is made."""
    assert check(SPEC, WazuhVersion(4, 14, 7)).spec is SPEC


@pytest.mark.parametrize("role", TIERS)
def test_a_tier_can_be_exchanged_alone(role: Role) -> None:
    """The other tiers stay the same objects."""
    changed = with_fields(SPEC, role, {"priority_class_name": "high"})
    for before, after in zip(tiers(SPEC), tiers(changed), strict=True):
        assert (after.spec is before.spec) is (after.role is not role)
        wanted = "high" if after.role is role else None
        assert after.spec.priority_class_name == wanted


def test_a_role_without_pods_of_its_own_cannot_be_exchanged() -> None:
    """Secrets have no knobs."""
    with pytest.raises(ValueError, match="pki is no tier"):
        with_fields(SPEC, Role.PKI, {})
