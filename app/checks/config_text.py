"""Values whose form a pattern of the CRD cannot tell: addresses, images, keys of maps."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from app.checks.tiers import TierKnobs
from app.faults import Fault, frozen
from app.schema.tls import ExtraSans

_LABEL_PREFIX_MAX: Final = 253
_DNS_LABEL_MAX: Final = 63


# --- maps and tolerations of a tier ------------------------------------------------------
def check_label_keys(path: str, keys: Iterable[str]) -> Iterator[Fault]:
    """Keys of labels or annotations with a prefix that is too long; their form is the model's."""
    for key in sorted(keys):
        prefix, _, _ = key.rpartition("/")
        if len(prefix) > _LABEL_PREFIX_MAX:
            yield frozen(
                path,
                f'"{key[:40]}…" has a prefix of {len(prefix)} characters; '
                f"allowed: at most {_LABEL_PREFIX_MAX}",
            )


def check_placement(tier: TierKnobs) -> Iterator[Fault]:
    """Keys of a tier's maps, and its tolerations."""
    for field, keys in (
        ("nodeSelector", tier.spec.node_selector),
        ("annotations", tier.spec.annotations),
        ("podAnnotations", tier.spec.pod_annotations),
        ("podLabels", tier.spec.pod_labels),
        ("service.annotations", tier.service.annotations),
    ):
        yield from check_label_keys(f"{tier.path}.{field}", keys)
    for index, toleration in enumerate(tier.spec.tolerations):
        yield from _toleration(f"{tier.path}.tolerations[{index}]", toleration)


def _toleration(path: str, toleration: Mapping[str, Any]) -> Iterator[Fault]:
    """What Kubernetes refuses of a toleration although each field is right by itself."""
    operator = toleration.get("operator", "Equal")
    effect = toleration.get("effect", "")
    if not toleration.get("key") and operator == "Equal":
        yield frozen(f"{path}.operator", '"Equal" without a key; allowed: Exists')
    if operator == "Exists" and toleration.get("value"):
        yield frozen(
            f"{path}.value",
            f'"{toleration["value"]}" beside operator Exists; allowed: no value',
        )
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield frozen(
            f"{path}.tolerationSeconds",
            f"{toleration['tolerationSeconds']}; allowed: only with effect NoExecute",
        )


# --- single values ----------------------------------------------------------------------
def check_source_ranges(path: str, ranges: Iterable[str]) -> Iterator[Fault]:
    """Networks that are none; one that Kubernetes cannot parse makes it refuse the Service."""
    for index, text in enumerate(ranges):
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield frozen(f"{path}[{index}]", f'"{text}" is no network; allowed: CIDR, fd00::/8')


def check_sans(sans: ExtraSans) -> Iterator[Fault]:
    """Names that no client looks for: an address that is none, a label above 63."""
    for field, names in (
        ("indexer", sans.indexer),
        ("managerMaster", sans.manager_master),
        ("managerWorker", sans.manager_worker),
        ("dashboard", sans.dashboard),
    ):
        for index, name in enumerate(names):
            if not _is_name(name):
                yield frozen(
                    f"spec.tls.certConfig.extraSANs.{field}[{index}]",
                    f'"{name}" is neither a DNS name nor an IP address',
                )


def _is_name(name: str) -> bool:
    """Whether ``name`` is a DNS name or an address; digits and dots alone are an address."""
    if ":" not in name and not name.replace(".", "").isdigit():
        return all(len(label) <= _DNS_LABEL_MAX for label in name.split("."))
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def check_pinned_image(path: str, image: str) -> tuple[Fault, ...]:
    """Fault of an image without a fixed version: it needs a digest or a tag other than latest."""
    name, at, _ = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if at or tag not in {"", "latest"}:
        return ()
    return (
        frozen(path, f'"{image}": pin a version; allowed: a tag other than latest, or a digest'),
    )
