"""What the goldens' scenarios emit is read by strict Kubernetes schemas and security levels."""

from __future__ import annotations

from functools import cache

import pytest

from app import names
from app.hook.sync import sync
from app.resolve.custom_certificates import REFERENCES
from app.result import Manifest
from tests.cluster_builder import NAME, seeded_entropy
from tests.kubernetes_schema import NEWEST, OLDEST, VERSIONS, schema_faults
from tests.pod_security import Level, pod_templates, violations
from tests.references import faults
from tests.registration import group_key, registered_kinds
from tests.scenarios import SCENARIOS
from tests.user_overrides import EXTERNAL

#: Managers start as root and drop it; everything else never is root.
LEVELS = {
    f"StatefulSet/{NAME}-{names.Role.MANAGER_MASTER}": Level.BASELINE,
    f"StatefulSet/{NAME}-{names.Role.MANAGER_WORKER}": Level.BASELINE,
}
#: What the scenarios' users bring.
BROUGHT = EXTERNAL | {f"Secret/my-{name}" for name in ("key", *REFERENCES)}


@cache
def children(name: str) -> tuple[Manifest, ...]:
    """Children that the hook answers with in a scenario."""
    request, now = SCENARIOS[name].build()
    return sync(request, now=now, entropy=seeded_entropy(0)).response.children


def test_the_oldest_and_the_newest_schemas_are_checked() -> None:
    """1.29 is the oldest supported Kubernetes; the newest is what the package knows."""
    assert OLDEST.startswith("1.29.")
    assert tuple(map(int, NEWEST.split("."))) >= (1, 37, 0)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_child_passes_the_strict_schema(name: str, version: str) -> None:
    """No unknown field, no wrong type, nothing required missing."""
    assert [fault for one in children(name) for fault in schema_faults(one, version)] == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_pod_is_within_its_security_level(name: str) -> None:
    """Indexer, dashboard and jobs: restricted; managers: baseline."""
    found = {
        pod: violations(template, LEVELS.get(pod, Level.RESTRICTED))
        for pod, template in pod_templates(list(children(name))).items()
    }
    assert found == {pod: [] for pod in found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_reference_resolves(name: str) -> None:
    """Names, selectors, ports, keys of Secrets and ConfigMaps, roles."""
    # The CA of `ca-vanished` is lost, but no pod refers to it.
    assert faults(children(name), external=BROUGHT) == []


def test_the_registered_kinds_are_exactly_those_emitted() -> None:
    """A kind that is not registered is never observed; one too many is watched for nothing."""
    emitted = {(one["apiVersion"], one["kind"]) for name in SCENARIOS for one in children(name)}
    assert sorted(group_key(*one) for one in emitted) == sorted(
        group_key(*one) for one in registered_kinds()
    )
