"""spec.tls: certificates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from app.schema.base import DnText, LocalObjectReference, Model

SAN = (
    r"^((\*\.)?[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*"
    r"|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$"
)

SanList = Annotated[
    tuple[Annotated[StrictStr, Field(min_length=1, max_length=253, pattern=SAN)], ...],
    Field(max_length=32),
]


class HotReload(Model):
    """Reload of certificates without a restart."""

    enabled: StrictBool = Field(
        default=True,
        description="Whether indexers reload certificates where they can. Default: true.",
    )


class ExtraSans(Model):
    """Names from outside, such as a load balancer's."""

    indexer: SanList = Field(default=(), description="DNS names or addresses. Default: none.")
    manager_master: SanList = Field(
        default=(), description="DNS names or addresses. Default: none."
    )
    manager_worker: SanList = Field(
        default=(), description="DNS names or addresses. Default: none."
    )
    dashboard: SanList = Field(default=(), description="DNS names or addresses. Default: none.")


class CertConfig(Model):
    """Subject, lifetimes and keys of our certificates."""

    country: Annotated[StrictStr, Field(min_length=2, max_length=2, pattern=r"^[A-Z]{2}$")] = Field(
        default="US", description="C of the subject. Default: US."
    )
    state: DnText | None = Field(default=None, description="ST of the subject. Default: absent.")
    locality: DnText = Field(
        default="California", description="L of the subject. Default: California."
    )
    organization: DnText = Field(default="Wazuh", description="O of the subject. Default: Wazuh.")
    organizational_unit: DnText = Field(
        default="Wazuh", description="OU of the subject. Default: Wazuh."
    )
    validity_days: Annotated[StrictInt, Field(ge=1, le=3650)] = Field(
        default=365, description="Lifetime of leaves. Default: 365."
    )
    renewal_threshold_days: Annotated[StrictInt, Field(ge=1, le=3650)] = Field(
        default=30, description="Days before its end at which a leaf is renewed. Default: 30."
    )
    ca_validity_days: Annotated[StrictInt, Field(ge=2, le=7300)] = Field(
        default=730, description="Lifetime of the CA. Default: 730."
    )
    ca_renewal_threshold_days: Annotated[StrictInt, Field(ge=2, le=7300)] = Field(
        default=60, description="Days before its end at which the CA is rotated. Default: 60."
    )
    key_algorithm: Literal["ECDSA-P256", "RSA-2048"] = Field(
        default="ECDSA-P256",
        description="Keys: leaves at once, the CA at its next rotation. Default: ECDSA-P256.",
    )
    extra_sans: ExtraSans = Field(
        default_factory=ExtraSans, alias="extraSANs", description="Further names in leaves."
    )


class CustomCerts(Model):
    """The user's own certificates, in Secrets of the WazuhCluster's namespace; only read."""

    ca_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description="The CA: tls.crt and tls.key, or ca.crt alone. Default: one of our own.",
    )
    node_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description="Leaf of the indexers: tls.crt, tls.key, ca.crt. Default: signed by the CA.",
    )
    manager_master_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description="Leaf of the manager master: tls.crt, tls.key, ca.crt. "
        "Default: signed by the CA.",
    )
    manager_worker_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description="Leaf of the workers: tls.crt, tls.key, ca.crt. Default: signed by the CA.",
    )
    dashboard_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description="Leaf of the dashboard: tls.crt, tls.key, ca.crt. Default: signed by the CA.",
    )
    filebeat_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description="Leaf of Filebeat, a client of the indexers: tls.crt, tls.key, ca.crt. "
        "Default: signed by the CA.",
    )
    admin_secret_ref: LocalObjectReference | None = Field(
        default=None,
        description="Leaf of the security Jobs: tls.crt, tls.key, ca.crt. "
        "Default: signed by the CA.",
    )


class TlsSpec(Model):
    """Certificates of the cluster; there is none without TLS."""

    enabled: StrictBool = Field(
        default=True,
        description="Only true: TLS cannot be turned off. Default: true.",
    )
    hot_reload: HotReload = Field(
        default_factory=HotReload, description="Reload of certificates without a restart."
    )
    cert_config: CertConfig = Field(
        default_factory=CertConfig, description="Subject, lifetimes and keys."
    )
    custom_certs: CustomCerts = Field(
        default_factory=CustomCerts, description="The user's own certificates. Default: none."
    )
