"""Certificates in the status: what `kubectl get` and an alert need to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.certificates.pem import CertificateFacts, is_signed_by
from app.certificates.plan import CertificatePlan
from app.observed.request import as_map, as_text, time_text
from app.same import Same


def certificates(plan: CertificatePlan, cluster: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """What `kubectl get` and an alert need to know; observed certificates only.

    ``before``: the parent's status. While a CA is held for, its fingerprint stays: once leaves and
    workloads are gone too, it is the last trace that there was one.
    """
    found = _observed(Same(plan), cluster)
    return found | _remembered(before) if plan.ca is None and plan.hold is not None else found


@lru_cache(maxsize=256)
def _observed(kept: Same[CertificatePlan], cluster: str) -> dict[str, Any]:
    """What is observed; a quiet plan is the same in every sync."""
    plan = kept.value
    found: dict[str, Any] = {}
    if plan.earliest_expiry is not None:
        found["nextCertificateExpiry"] = time_text(plan.earliest_expiry)
    if plan.leaf_facts:
        secrets = sorted(plan.leaf_facts)
        found["certificates"] = [_leaf(plan, cluster, secret) for secret in secrets]
    if plan.ca is not None:
        found["certificateAuthority"] = {
            **_authority(plan, cluster, plan.ca),
            "stage": str(plan.stage),
        }
    return found


def _remembered(before: Mapping[str, Any]) -> dict[str, Any]:
    known = as_map(before.get("certificateAuthority"))
    kept = {key: text for key in ("name", "fingerprint") if (text := as_text(known.get(key)))}
    return {"certificateAuthority": kept} if "fingerprint" in kept else {}


def _leaf(plan: CertificatePlan, cluster: str, secret: str) -> dict[str, str]:
    leaf = plan.leaf_facts[secret]
    signers = [one for one in (plan.ca, plan.next_ca, *plan.previous_cas) if one is not None]
    entry = {
        "name": secret,
        "component": _component(plan, cluster, secret),
        "notBefore": time_text(leaf.not_before),
        "notAfter": time_text(leaf.not_after),
        "serialNumber": leaf.serial,
        "fingerprint": leaf.fingerprint,
    }
    if secret in plan.renewal_times:
        entry["renewalTime"] = time_text(plan.renewal_times[secret])
    issuer = next((one for one in signers if is_signed_by(leaf, one)), None)
    if issuer is not None:
        entry["issuerFingerprint"] = issuer.fingerprint
    return entry


def _component(plan: CertificatePlan, cluster: str, secret: str) -> str:
    """Whose leaf a Secret holds: by the name of ours, by the first that reads it of the user's."""
    own = secret.removeprefix(f"{cluster}-").removesuffix("-certs")
    if own in plan.mounts:
        return own
    return next((leaf for leaf, mounted in plan.mounts.items() if mounted == secret), own)


def _authority(plan: CertificatePlan, cluster: str, ca: CertificateFacts) -> dict[str, str]:
    name = f"{cluster}-ca"
    entry = {
        "name": name,
        "fingerprint": ca.fingerprint,
        "notBefore": time_text(ca.not_before),
        "notAfter": time_text(ca.not_after),
    }
    if name in plan.renewal_times:
        entry["renewalTime"] = time_text(plan.renewal_times[name])
    if plan.next_ca is not None:
        entry["nextFingerprint"] = plan.next_ca.fingerprint
    if plan.previous_cas:
        entry["previousFingerprint"] = plan.previous_cas[0].fingerprint
    return entry
