"""Environment, keys and users of pods that belong to the operator or to the image."""

from __future__ import annotations

from typing import Any

import pytest

from app.checks.pods import PROTECTED_ENV
from app.checks.tiers import PATHS
from app.faults import Effect
from app.names import TIERS, Role
from tests.checks.specs import faults, nested, texts

ALL = [PATHS[role].removeprefix("spec.") for role in TIERS]
MANAGERS = ["manager.master", "manager.workers"]


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role in TIERS for name in PROTECTED_ENV[role]]
)
def test_a_protected_variable_is_refused(role: Role, name: str) -> None:
    """With its place in the list and what to use instead; the value is not shown."""
    path = PATHS[role].removeprefix("spec.")
    env = [{"name": "OTHER", "value": "x"}, {"name": name, "value": "s3cret"}]
    (text,) = texts(nested(f"{path}.env", env), Effect.FROZEN)
    hint = PROTECTED_ENV[role][name]
    assert text == f"spec.{path}.env[1].name: {name} is set by the operator or its image; {hint}"
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("indexer", "INDEXER_PASSWORD"),
        ("indexer", "pod_name"),
        ("manager.master", "POD_NAME"),
        ("manager.workers", "OPENSEARCH_JAVA_OPTS"),
        ("dashboard", "INDEXER_URL"),
        ("dashboard", "NODE_OPTIONS"),
        ("manager.master", "INDEXER_URL_2"),
    ],
)
def test_a_variable_that_is_protected_elsewhere_is_accepted(path: str, name: str) -> None:
    """Names count by tier, as a whole and in their own case."""
    assert faults(nested(f"{path}.env", [{"name": name, "value": "x"}])) == ()


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("field", ["annotations", "podAnnotations", "podLabels"])
@pytest.mark.parametrize("key", ["wazuh.com/config-hash", "metacontroller.k8s.io/x"])
def test_a_key_of_ours_is_refused(path: str, field: str, key: str) -> None:
    """On the workload and on its pods."""
    (text,) = texts(nested(f"{path}.{field}", {key: "x", "mine": "y"}), Effect.FROZEN)
    assert text.startswith(f'spec.{path}.{field}: "{key}" is the operator\'s; allowed: keys')


@pytest.mark.parametrize(
    "path",
    [*(f"{path}.service" for path in ALL), "manager.agentService"],
)
def test_metacontrollers_keys_are_refused_on_services_too(path: str) -> None:
    """What Metacontroller last applied stands in such an annotation."""
    key = "metacontroller.k8s.io/last-applied-configuration"
    (text,) = texts(nested(f"{path}.annotations", {key: "{}"}), Effect.FROZEN)
    assert text.startswith(f"spec.{path}.annotations: ")


@pytest.mark.parametrize(
    "key", ["app.kubernetes.io/name", "app.kubernetes.io/version", "controller-uid"]
)
def test_a_label_that_selects_is_refused(key: str) -> None:
    """Another value would take the pod out of its Service."""
    (text,) = texts(nested("indexer.podLabels", {key: "x"}), Effect.FROZEN)
    assert text.startswith(f'spec.indexer.podLabels: "{key}" is set by the operator')


@pytest.mark.parametrize("path", ALL)
def test_other_keys_are_accepted(path: str) -> None:
    """Also those that look like ours, and our label keys as annotations."""
    tier = {
        "annotations": {"app.kubernetes.io/name": "x", "wazuh.com": "y"},
        "podAnnotations": {"prometheus.io/scrape": "true", "sub.wazuh.com/x": "y"},
        "podLabels": {"team": "blue", "app.kubernetes.io/created-by": "x"},
        "service": {"annotations": {"service.beta.kubernetes.io/x": "y"}},
    }
    assert faults(nested(path, tier)) == ()


@pytest.mark.parametrize("path", ALL)
def test_a_read_only_root_file_system_is_refused(path: str) -> None:
    """Keystores and configuration are written into the image's folders; false is fine."""
    field = f"{path}.containerSecurityContext"
    (text,) = texts(nested(field, {"readOnlyRootFilesystem": True}), Effect.FROZEN)
    assert text.startswith(f"spec.{field}.readOnlyRootFilesystem: true: the image writes")
    assert faults(nested(field, {"readOnlyRootFilesystem": False})) == ()


CONTEXTS = ["securityContext", "containerSecurityContext"]


@pytest.mark.parametrize("path", MANAGERS)
@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(("field", "value"), [("runAsNonRoot", True), ("runAsUser", 999)])
def test_managers_start_as_user_0(path: str, context: str, field: str, value: object) -> None:
    """Their init scripts change owners over the whole volume."""
    (text,) = texts(nested(f"{path}.{context}", {field: value}), Effect.FROZEN)
    assert text.startswith(f"spec.{path}.{context}.{field}: ")
    assert "must start as user 0" in text


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("user", [0, 999, 1001])
def test_the_dashboard_runs_as_1000(context: str, user: int) -> None:
    """Its entry point belongs to that user alone."""
    (text,) = texts(nested(f"dashboard.{context}", {"runAsUser": user}), Effect.FROZEN)
    assert text.startswith(f"spec.dashboard.{context}.runAsUser: {user}: the entry point")


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("user", [0, 1001])
def test_another_user_of_the_indexer_is_a_warning(context: str, user: int) -> None:
    """The folders can be made to fit."""
    (text,) = texts(nested(f"indexer.{context}", {"runAsUser": user}), Effect.WARNS)
    assert text.startswith(f"spec.indexer.{context}.runAsUser: {user}: the image's folders")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("manager.master.securityContext", {"runAsUser": 0, "runAsNonRoot": False}),
        ("manager.workers.containerSecurityContext", {"runAsUser": 0}),
        ("manager.master.securityContext", {"fsGroup": 999}),
        ("dashboard.securityContext", {"runAsUser": 1000, "runAsNonRoot": True}),
        ("indexer.containerSecurityContext", {"runAsUser": 1000}),
        ("indexer.securityContext", {"runAsGroup": 2000, "runAsNonRoot": False}),
    ],
)
def test_the_images_own_user_is_accepted(path: str, value: dict[str, Any]) -> None:
    """Saying what holds anyway is fine, and so is another group."""
    assert faults(nested(path, value)) == ()
