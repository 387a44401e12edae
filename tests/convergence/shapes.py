"""What two clusters of one spec have in common: everything but random material and times."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509

from app import names
from app.result import Manifest
from app.simulation.engine import Engine
from tests.convergence.witness import certificate

_SYSTEM: Final = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "uid",
)
#: Annotations that hold random material, times, or what Metacontroller remembers.
_RANDOM: Final = frozenset(
    {
        names.CERT_HASH,
        names.CONFIG_HASH,
        names.DATA_HASH,
        names.DATA_WRITTEN,
        names.LAST_APPLIED,
        "deployment.kubernetes.io/revision",
    }
)
_ADDRESSES: Final = ("clusterIP", "clusterIPs")

Shape = dict[str, Mapping[str, Any]]


def shape(engine: Engine) -> Shape:
    """Every child by kind and name, without what is random."""
    return {f"{one['kind']} {one['metadata']['name']}": _child(one) for one in engine.children()}


def _child(child: Manifest) -> Manifest:
    one = copy.deepcopy(child)
    one.pop("status", None)
    metadata = one["metadata"]
    for key in _SYSTEM:
        metadata.pop(key, None)
    metadata["labels"].pop(names.LABEL_CONTROLLER_UID)
    _forget(metadata)
    spec = one.get("spec", {})
    _forget(spec.get("template", {}).get("metadata", {}))
    for key in _ADDRESSES:
        spec.pop(key, None)
    for port in spec.get("ports", []):
        port.pop("nodePort", None)
    if one["kind"] == "Secret":
        one["data"] = _content(one)
    return one


def _forget(metadata: dict[str, Any]) -> None:
    """Annotations that are random count by their presence."""
    annotations = metadata.get("annotations", {})
    for key in _RANDOM & annotations.keys():
        annotations[key] = ""


def _content(secret: Manifest) -> dict[str, Any]:
    """Certificates by what they say, everything else by its key."""
    return {
        key: _described(certificate(value)) if key.endswith(".crt") else ""
        for key, value in secret["data"].items()
    }


def _described(one: x509.Certificate) -> list[object]:
    """Names count as sets."""
    lifetime = one.not_valid_after_utc - one.not_valid_before_utc
    extensions = [
        sorted(re.split(r"[\[\], ]+", str(extension.value)))
        for extension in one.extensions
        if not isinstance(extension.value, x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier)
    ]
    return [one.subject.rfc4514_string(), one.issuer.rfc4514_string(), str(lifetime), *extensions]
