"""Input and output of the certificate plan: values, no Kubernetes objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from app.certificates.custom import Given
from app.certificates.issue import RsaKeyFactory, generate_rsa_key
from app.certificates.pem import CertificateFacts
from app.entropy import Entropy
from app.names import Names, Role
from app.result import Reissue
from app.schema.tls import CertConfig
from app.secret_data import SecretData


class Stage(StrEnum):
    """Where a rotation of the CA stands, by the content of ``<c>-ca`` and the bundles alone."""

    STEADY = "Steady"
    TRUST = "Trust"
    REISSUE = "Reissue"
    PRUNE = "Prune"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to say in the condition CertificatesReady.

    ``warns``: it is only said, the condition stays True.
    """

    reason: str
    message: str
    warns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TierEvidence:
    """What a wanted tier proves of a stage.

    ``is_settled``: its controller has seen the template, every pod is replaced and ready, and the
    hash in the template is the one of the observed Secrets. A tier that is not observed proves
    nothing.
    """

    role: Role
    workload: str
    is_settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """What is observed and wanted.

    ``now``: aware UTC, whole seconds. ``config``: ``spec.tls.certConfig``; None where the spec is
    invalid, so certificates are renewed as they are and none is made. ``leaves``: observed leaf
    Secrets by name. ``trace``: why there must have been a CA, as far as other objects tell.
    ``status_fingerprint``: of the CA in the status. ``renew_request``, ``rotate_request``,
    ``recreate_request``: values of the annotations on the WazuhCluster. ``tiers``: every wanted
    one, on whose evidence a stage of the CA ends. ``accepted_dns``: distinguished names that the
    settled indexers accept as node or administrator; None: do not wait for them. ``listed_dns``:
    those of the observed configuration, whether pods have read it or not. ``rsa_key``: where RSA
    keys come from. ``given``: the user's own certificates; None where the CA is ours.
    ``foreign``: Secrets by leaf that observed pods read, neither ours nor named in the spec.
    """

    names: Names
    uid: str
    now: datetime
    entropy: Entropy
    config: CertConfig | None
    ca: SecretData | None
    leaves: Mapping[str, SecretData]
    trace: str | None = None
    status_fingerprint: str | None = None
    renew_request: str | None = None
    rotate_request: str | None = None
    recreate_request: str | None = None
    tiers: tuple[TierEvidence, ...] = ()
    accepted_dns: frozenset[str] | None = None
    listed_dns: frozenset[str] | None = None
    rsa_key: RsaKeyFactory = generate_rsa_key
    given: Given | None = None
    foreign: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePlan:
    """What to emit and what to say.

    ``secrets``: the CA first. ``rewritten``: Secrets whose data this call changes or makes.
    ``hold``: why nothing is made, also the first of ``findings``; these are empty where all is
    well. ``ca``, ``next_ca``, ``previous_cas``, ``leaf_facts``, ``stage`` and ``renewal_times``
    (by Secret) speak of what is observed. ``next_due``: the next moment at which time alone asks
    for a call. ``is_waiting``: a rotation is under way or asked for. ``earliest_expiry``: of the
    active CA and the leaves. ``mounts``: the Secret that pods shall read, by leaf. ``unusable``:
    Secrets of the user that no pod may start to read. ``given_subjects``: distinguished names in
    the user's usable leaves, by leaf. ``is_stuck``: pods go on with Secrets of the user that the
    spec names no longer.
    """

    secrets: tuple[tuple[Role, SecretData], ...] = field(repr=False)
    rewritten: frozenset[str]
    reissues: tuple[Reissue, ...]
    hold: Finding | None
    findings: tuple[Finding, ...]
    ca: CertificateFacts | None
    next_ca: CertificateFacts | None
    previous_cas: tuple[CertificateFacts, ...]
    stage: Stage
    leaf_facts: Mapping[str, CertificateFacts]
    renewal_times: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    next_due: datetime | None = None
    is_waiting: bool = False
    earliest_expiry: datetime | None = None
    mounts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unusable: frozenset[str] = frozenset()
    given_subjects: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_stuck: bool = False
