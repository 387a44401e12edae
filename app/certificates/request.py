"""Input and output of the certificate plan: values, no Kubernetes objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

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
class CertificateRequest:
    """What is observed and wanted.

    ``now``: aware UTC, whole seconds. ``config``: ``spec.tls.certConfig``; None where the spec is
    invalid, so certificates are renewed as they are and none is made. ``leaves``: observed leaf
    Secrets by name. ``trace``: why there must have been a CA, as far as other objects tell.
    ``status_fingerprint``: of the CA in the status. ``renew_request``, ``rotate_request``: values
    of the annotations on the WazuhCluster. ``accepted_dns``: distinguished names that the settled
    indexers accept as node or administrator; None: do not wait for them. ``rsa_key``: where RSA
    keys come from.
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
    accepted_dns: frozenset[str] | None = None
    rsa_key: RsaKeyFactory = generate_rsa_key


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePlan:
    """What to emit and what to say.

    ``secrets``: the CA first. ``rewritten``: Secrets whose data this call changes or makes.
    ``hold``: why nothing is made, also the first of ``findings``; these are empty where all is
    well. ``ca``, ``next_ca``, ``previous_cas``, ``leaf_facts``, ``stage`` and ``renewal_times``
    (by Secret) speak of what is observed. ``next_due``: the next moment at which time alone asks
    for a call. ``earliest_expiry``: of the active CA and the leaves.
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
    earliest_expiry: datetime | None = None
