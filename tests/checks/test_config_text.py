"""Images, networks, names in certificates, tolerations, keys."""

from __future__ import annotations

from typing import Any

import pytest

from app.checks.config_text import check_pinned_image
from app.faults import Effect
from tests.checks.specs import faults, nested, texts

IMAGE = "spec.manager.logRotation.image"
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "image",
    [
        "registry.k8s.io/kubectl:v1.34.1",
        "kubectl:1",
        "registry:5000/tools/kubectl:1.34",
        f"kubectl@{DIGEST}",
        f"kubectl:latest@{DIGEST}",
        "kubectl:latest-1",
    ],
)
def test_a_pinned_image_is_accepted(image: str) -> None:
    """A tag other than latest, or a digest."""
    assert check_pinned_image(IMAGE, image) == ()


@pytest.mark.parametrize(
    "image",
    ["kubectl", "kubectl:latest", "registry:5000/kubectl", "registry.k8s.io/kubectl:latest"],
)
def test_an_image_that_may_change_is_refused(image: str) -> None:
    """The port of a registry is no tag; also while the rotation is off."""
    assert texts(nested("manager.logRotation", {"image": image}), Effect.FROZEN) == [
        f'{IMAGE}: "{image}": pin a version; allowed: a tag other than latest, or a digest'
    ]


@pytest.mark.parametrize("path", ["indexer.service", "dashboard.service", "manager.agentService"])
def test_a_network_that_is_none_is_refused(path: str) -> None:
    """What no pattern tells, with its place; host bits are cut off by Kubernetes and pass."""
    ranges = ["10.0.0.1/8", "::1::/64", "::/0", "1:2/64"]
    raw = nested(path, {"type": "LoadBalancer", "loadBalancerSourceRanges": ranges})
    place = f"spec.{path}.loadBalancerSourceRanges"
    assert texts(raw, Effect.FROZEN) == [
        f'{place}[1]: "::1::/64" is no network; allowed: CIDR, fd00::/8',
        f'{place}[3]: "1:2/64" is no network; allowed: CIDR, fd00::/8',
    ]


@pytest.mark.parametrize("field", ["indexer", "managerMaster", "managerWorker", "dashboard"])
def test_a_name_that_no_certificate_can_hold_is_refused(field: str) -> None:
    """Addresses that are none, a label above 63; addresses and names pass."""
    names = ["wz.example.com", "*.example.com", "10.0.0.1", "2001:db8::1", "1.example", "256"]
    names += [":::", "a" * 64, "10.0.0.256", "10.0.0"]
    raw = nested(f"tls.certConfig.extraSANs.{field}", names)
    path = f"spec.tls.certConfig.extraSANs.{field}"
    assert texts(raw, Effect.FROZEN) == [
        f'{path}[{index}]: "{names[index]}" is neither a DNS name nor an IP address'
        for index in (5, 6, 7, 8, 9)
    ]


@pytest.mark.parametrize(
    ("toleration", "text"),
    [
        ({"operator": "Equal", "value": "x"}, 'operator: "Equal" without a key; allowed: Exists'),
        ({"effect": "NoSchedule"}, 'operator: "Equal" without a key; allowed: Exists'),
        (
            {"key": "a", "operator": "Exists", "value": "b"},
            'value: "b" beside operator Exists; allowed: no value',
        ),
        (
            {"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5},
            "tolerationSeconds: 5; allowed: only with effect NoExecute",
        ),
    ],
)
def test_a_toleration_that_kubernetes_refuses_is_refused(
    toleration: dict[str, Any], text: str
) -> None:
    """The API server would refuse the whole workload."""
    fine = {"key": "a", "operator": "Exists"}
    raw = nested("manager.workers.tolerations", [fine, toleration])
    assert texts(raw, Effect.FROZEN) == [f"spec.manager.workers.tolerations[1].{text}"]


@pytest.mark.parametrize(
    "toleration",
    [
        {"operator": "Exists"},
        {"key": "a"},
        {"key": "a", "value": "b", "effect": "NoSchedule"},
        {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0},
    ],
)
def test_another_toleration_is_accepted(toleration: dict[str, Any]) -> None:
    """Everything, a key, a key with a value, a time with NoExecute."""
    assert faults(nested("indexer.tolerations", [toleration])) == ()


@pytest.mark.parametrize(
    "path",
    [
        "indexer.nodeSelector",
        "dashboard.podLabels",
        "dashboard.podAnnotations",
        "manager.workers.annotations",
        "manager.master.service.annotations",
        "manager.agentService.annotations",
    ],
)
def test_a_key_with_too_long_a_prefix_is_refused(path: str) -> None:
    """A DNS name ends at 253 characters; 253 themselves pass."""
    prefix = ".".join(["a" * 50] * 5)
    (text,) = texts(nested(path, {f"{prefix}/k": "x"}), Effect.FROZEN)
    assert text.startswith(f"spec.{path}: ")
    assert "has a prefix of 254 characters" in text
    assert faults(nested(path, {f"{prefix[1:]}/k": "x"})) == ()
