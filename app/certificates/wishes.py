"""What every certificate shall be: from the spec, or, where that is invalid, as it is now.

A spec with a typing error that nobody looks at for weeks must not let a cluster expire, so
without a usable one each certificate is renewed with the subject, names, kind of key and length
of life that it has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509

from app.certificates.issue import BACKDATE, LeafTerms
from app.certificates.leaves import Address, LeafPlan, leaf_plans
from app.certificates.pem import ECDSA_P256, RSA_2048, Attributes, CertificateFacts
from app.certificates.subject import Subject, x509_name
from app.names import Names
from app.schema.tls import CertConfig

#: Thresholds where no spec tells them: the defaults of the API.
LEAF_THRESHOLD: Final = timedelta(days=30)
CA_THRESHOLD: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafWish:
    """One wanted leaf. ``longest``: the validity it may not exceed; None: any."""

    plan: LeafPlan
    subject: Attributes
    terms: LeafTerms
    dns_names: frozenset[str]
    ip_addresses: frozenset[Address]
    eku: frozenset[str]
    algorithm: str
    threshold: timedelta
    longest: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaWish:
    """How the CA shall live. ``name``: subject of a new one; None: none may be made.

    ``validity`` and ``algorithm``: None means as the observed one has them.
    """

    name: x509.Name | None
    validity: timedelta | None
    threshold: timedelta
    algorithm: str | None


@lru_cache(maxsize=256)
def leaf_wishes(names: Names, config: CertConfig) -> tuple[LeafWish, ...]:
    """The six leaves of a valid spec, in their fixed order."""
    subject = Subject.of(config)
    validity = timedelta(days=config.validity_days)
    return tuple(
        _wish(
            plan,
            subject.attributes(plan.common_name),
            algorithm=config.key_algorithm,
            threshold=timedelta(days=config.renewal_threshold_days),
            validity=validity,
        )
        for plan in leaf_plans(names, config.extra_sans)
    )


@lru_cache(maxsize=1024)
def leaf_as_it_is(plan: LeafPlan, certificate: CertificateFacts) -> LeafWish:
    """The wish to have ``certificate`` again, for as long as it was given."""
    terms = LeafTerms(
        name=_name_of(certificate),
        dns_names=tuple(sorted(certificate.dns_names)),
        ip_addresses=tuple(sorted(certificate.ip_addresses, key=str)),
        eku=tuple(sorted(certificate.eku)) or plan.eku,
        validity=given_validity(certificate),
    )
    known = certificate.key_algorithm in {ECDSA_P256, RSA_2048}
    return LeafWish(
        plan=plan,
        subject=certificate.subject,
        terms=terms,
        dns_names=certificate.dns_names,
        ip_addresses=certificate.ip_addresses,
        eku=frozenset(terms.eku),
        algorithm=certificate.key_algorithm if known else ECDSA_P256,
        threshold=LEAF_THRESHOLD,
        longest=None,
    )


@lru_cache(maxsize=1024)
def with_subject_of(wish: LeafWish, certificate: CertificateFacts) -> LeafWish:
    """``wish`` with the subject that ``certificate`` has, while no indexer accepts the new one."""
    terms = replace(wish.terms, name=_name_of(certificate))
    return replace(wish, subject=certificate.subject, terms=terms)


@lru_cache(maxsize=256)
def ca_wish(common_name: str, config: CertConfig | None) -> CaWish:
    """The CA of a spec, or what can be said without one."""
    if config is None:
        return CaWish(name=None, validity=None, threshold=CA_THRESHOLD, algorithm=None)
    return CaWish(
        name=x509_name(Subject.of(config).attributes(common_name)),
        validity=timedelta(days=config.ca_validity_days),
        threshold=timedelta(days=config.ca_renewal_threshold_days),
        algorithm=config.key_algorithm,
    )


def given_validity(certificate: CertificateFacts) -> timedelta:
    """Validity with which a certificate of ours was issued: its life without the hour back."""
    lifetime = max(certificate.not_after - certificate.not_before, timedelta())
    return max(lifetime - BACKDATE, lifetime / 2)


def _wish(
    plan: LeafPlan,
    subject: Attributes,
    *,
    algorithm: str,
    threshold: timedelta,
    validity: timedelta,
) -> LeafWish:
    return LeafWish(
        plan=plan,
        subject=subject,
        terms=LeafTerms(
            name=x509_name(subject),
            dns_names=plan.dns_names,
            ip_addresses=plan.ip_addresses,
            eku=plan.eku,
            validity=validity,
        ),
        dns_names=frozenset(plan.dns_names),
        ip_addresses=frozenset(plan.ip_addresses),
        eku=frozenset(plan.eku),
        algorithm=algorithm,
        threshold=threshold,
        longest=validity,
    )


def _name_of(certificate: CertificateFacts) -> x509.Name:
    """The subject exactly as encoded, string types included."""
    return x509.load_pem_x509_certificate(certificate.pem.encode()).subject
