"""What ``spec.tls.customCerts`` names, as observed, and where pods read their leaves from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.certificates.custom import Given, GivenLeaf
from app.certificates.leaves import (
    ADMIN,
    DASHBOARD,
    FILEBEAT,
    INDEXER,
    MANAGER_MASTER,
    MANAGER_WORKER,
    TIER_LEAVES,
)
from app.names import AUTHD_CERTS_VOLUME, CERTS_VOLUME, Names, Role
from app.observed.request import Observed, SyncRequest, as_list, as_map, as_text
from app.result import Manifest
from app.secret_data import SecretData
from app.unchanging import kept

#: Field of ``customCerts`` by leaf.
REFERENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        INDEXER: "nodeSecretRef",
        MANAGER_MASTER: "managerMasterSecretRef",
        MANAGER_WORKER: "managerWorkerSecretRef",
        DASHBOARD: "dashboardSecretRef",
        FILEBEAT: "filebeatSecretRef",
        ADMIN: "adminSecretRef",
    }
)
#: Volumes of a tier that show a leaf, by leaf.
_VOLUMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        INDEXER: CERTS_VOLUME,
        MANAGER_MASTER: AUTHD_CERTS_VOLUME,
        MANAGER_WORKER: AUTHD_CERTS_VOLUME,
        DASHBOARD: CERTS_VOLUME,
        FILEBEAT: CERTS_VOLUME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCertificates:
    """``given``: None where the CA is ours. ``foreign``: see `CertificateRequest`.

    ``running``: the Secret that the observed pods of each tier read a leaf from; the wanted one
    where a tier counts a leaf and does not read it.
    """

    given: Given | None
    foreign: Mapping[str, str]
    running: Mapping[tuple[Role, str], str]


def custom_certificates(request: SyncRequest, named: Names) -> CustomCertificates:
    """Read from the spec, valid or not: what was given stays in use while it is refused."""
    observed, references = request.observed, references_of(request.spec)
    running = {
        (role, leaf): _secret_volumes(workload.manifest).get(_VOLUMES[leaf])
        or references.get(REFERENCES[leaf], named.certs(leaf))
        for role, workload in observed.workloads.items()
        for leaf in TIER_LEAVES[role]
    }
    foreign = {
        leaf: secret
        for (_, leaf), secret in running.items()
        if secret not in {named.certs(leaf), references.get(REFERENCES[leaf])}
    }
    authority = references.get("caSecretRef")
    if authority is None:
        return CustomCertificates(given=None, foreign=foreign, running=running)
    leaves = {
        leaf: GivenLeaf(
            reference=reference,
            secret=references[reference],
            content=_content(observed, named, references[reference]),
            mounted_by=frozenset(
                role
                for (role, mounted), secret in running.items()
                if mounted == leaf and secret == references[reference]
            ),
        )
        for leaf, reference in REFERENCES.items()
        if reference in references
    }
    given = Given(secret=authority, content=_content(observed, named, authority), leaves=leaves)
    return CustomCertificates(given=given, foreign=foreign, running=running)


def references_of(spec: object) -> dict[str, str]:
    """Names of the Secrets in ``spec.tls.customCerts`` by field; the spec may be invalid."""
    custom = as_map(as_map(as_map(spec).get("tls")).get("customCerts"))
    found = {
        field: as_text(as_map(custom.get(field)).get("name"))
        for field in ("caSecretRef", *REFERENCES.values())
    }
    return {field: name for field, name in found.items() if name is not None}


def _content(observed: Observed, named: Names, secret: str) -> SecretData | None:
    """The user's Secret; one of ours is none."""
    if secret in named.identity_secrets or secret in observed.secrets:
        return None
    return observed.user_secret(secret)


@kept
def _secret_volumes(manifest: Manifest) -> dict[str, str]:
    """Secrets behind the volumes of a workload's template, by the volume's name."""
    pod = as_map(as_map(as_map(manifest.get("spec")).get("template")).get("spec"))
    found = {}
    for volume in map(as_map, as_list(pod.get("volumes"))):
        name = as_text(volume.get("name"))
        secret = as_text(as_map(volume.get("secret")).get("secretName"))
        if name is not None and secret is not None:
            found[name] = secret
    return found
