"""Metadata, labels and selectors."""

from __future__ import annotations

import pytest

from app.kubernetes import meta
from app.names import TIERS, Role
from tests.clusters import cluster


def test_the_labels_of_a_child_say_whose_it_is() -> None:
    """No version: a label that changes would be written to every child."""
    assert meta.labels(cluster(), Role.MANAGER_WORKER) == {
        "app.kubernetes.io/name": "wazuh-manager",
        "app.kubernetes.io/instance": "wz",
        "app.kubernetes.io/component": "manager-worker",
        "app.kubernetes.io/part-of": "wazuh",
        "app.kubernetes.io/managed-by": "wazuh-operator",
        "wazuh.com/cluster": "wz",
    }


@pytest.mark.parametrize("role", list(Role))
def test_a_selector_is_part_of_the_labels_of_its_role(role: Role) -> None:
    """Whatever the selector picks, the role's pods carry."""
    of_cluster = cluster()
    labels = meta.versioned_labels(of_cluster, role)
    assert meta.selector(of_cluster, role).items() <= labels.items()


def test_no_two_roles_have_the_same_selector() -> None:
    """Else one tier would adopt the pods of another."""
    found = {tuple(sorted(meta.selector(cluster(), role).items())) for role in Role}
    assert len(found) == len(Role)


@pytest.mark.parametrize("role", TIERS)
def test_a_selector_does_not_change_with_the_version(role: Role) -> None:
    """Selectors are immutable and clusters are upgraded."""
    old, new = cluster({"version": "4.9.0"}), cluster({"version": "4.14.1"})
    assert meta.selector(old, role) == meta.selector(new, role)


def test_both_manager_roles_have_one_application_selector() -> None:
    """The Service for all agents picks masters and workers."""
    of_cluster = cluster()
    wanted = {"app.kubernetes.io/name": "wazuh-manager", "app.kubernetes.io/instance": "wz"}
    assert meta.application_selector(of_cluster, Role.MANAGER_MASTER) == wanted
    assert meta.application_selector(of_cluster, Role.MANAGER_WORKER) == wanted


def test_metadata_has_no_annotations_where_there_are_none() -> None:
    """The API server drops empty maps, so an empty one would be written again and again."""
    found = meta.metadata(cluster(), Role.PKI, "wz-ca", {})
    assert found == {
        "name": "wz-ca",
        "namespace": "security",
        "labels": meta.labels(cluster(), Role.PKI),
    }


def test_a_workload_is_stamped_with_version_and_renderer() -> None:
    """Beside what the user annotates."""
    found = meta.workload_metadata(cluster(), Role.INDEXER, "wz-indexer", {"team": "soc"})
    assert found["labels"]["app.kubernetes.io/version"] == "4.14.4"
    assert found["annotations"] == {"team": "soc", "wazuh.com/renderer": "1"}
