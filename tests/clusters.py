"""Resolved clusters for the tests of configuration files and components.

A ``Cluster`` as resolving would give it for a running cluster in which every Secret is observed,
without its rules on holds, credentials and certificates: those have tests of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from app.cluster import Cluster, SecretKey, SecurityJob, Tier
from app.names import TIERS, Names, Role
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion, parse_version

NAME: Final = "wz"
NAMESPACE: Final = "security"
UID: Final = "6f1c2a34-9b7e-4c55-8f21-0d3a6b5c7e90"
NEWEST: Final = "4.14.4"
HEAP_MIB: Final = 2048


def spec(raw: dict[str, Any] | None = None) -> WazuhClusterSpec:
    """Spec from its raw form; the version is 4.14.4 where ``raw`` says none."""
    return WazuhClusterSpec.model_validate({"version": NEWEST, **(raw or {})})


def version(text: str) -> WazuhVersion:
    """Version of the supported range, or an AssertionError."""
    parsed = parse_version(text)
    assert parsed is not None, text
    return parsed


def distinguished_name(of_spec: WazuhClusterSpec, common_name: str) -> str:
    """Subject as OpenSearch reads it: the reverse of the encoded order, without blanks."""
    subject = of_spec.tls.cert_config
    state = f",ST={subject.state}" if subject.state else ""
    return (
        f"CN={common_name},OU={subject.organizational_unit},O={subject.organization}"
        f",L={subject.locality}{state},C={subject.country}"
    )


def tiers(of_spec: WazuhClusterSpec) -> dict[Role, Tier]:
    """Every tier running: replicas of the spec, a certificate hash, one digest of a Secret."""
    replicas = {
        Role.INDEXER: of_spec.indexer.replicas,
        Role.MANAGER_MASTER: 1,
        Role.MANAGER_WORKER: of_spec.manager.workers.replicas,
        Role.DASHBOARD: of_spec.dashboard.replicas,
    }
    return {
        role: Tier(
            replicas=replicas[role],
            cert_hash=f"{number:016x}",
            secret_digests={f"{NAME}-{role}/key": f"{number:064x}"},
        )
        for number, role in enumerate(TIERS, start=1)
    }


def security_job(**changes: Any) -> SecurityJob:
    """A Job that is to be created."""
    base = SecurityJob(
        digest="0123456789abcdef" * 4,
        labels={"app.kubernetes.io/instance": NAME, "app.kubernetes.io/component": "credentials"},
        image=f"wazuh/wazuh-indexer:{NEWEST}",
        pull_policy="IfNotPresent",
        placement={"imagePullSecrets": [{"name": "registry"}]},
        url="https://wz-indexer.security.svc:9200",
    )
    return replace(base, **changes)


def cluster(raw: dict[str, Any] | None = None, **overrides: Any) -> Cluster:
    """Cluster ``wz`` in ``security`` from a raw spec.

    ``overrides`` replace fields of the ``Cluster`` (``name`` and ``namespace`` also reach the
    names of objects, ``names`` outranks them).
    """
    of_spec = spec(raw)
    name = overrides.get("name", NAME)
    namespace = overrides.get("namespace", NAMESPACE)
    names = Names(cluster=name, namespace=namespace, domain=of_spec.cluster_domain)
    wants_password = of_spec.manager.config.auth.use_password
    base = Cluster(
        name=name,
        namespace=namespace,
        uid=UID,
        spec=of_spec,
        version=version(of_spec.version),
        names=names,
        heap_mib=HEAP_MIB,
        initial_cluster_managers=min(3, of_spec.indexer.replicas),
        node_dns=(distinguished_name(of_spec, names.workload(Role.INDEXER)),),
        admin_dns=(distinguished_name(of_spec, "admin"),),
        cluster_key=SecretKey(name=names.cluster_key, key="cluster-key"),
        api_username=SecretKey(name=names.api_credentials, key="api-username"),
        api_password=SecretKey(name=names.api_credentials, key="api-password"),
        authd_password=(
            SecretKey(name=names.authd_password, key="authd.pass") if wants_password else None
        ),
        sets_wazuh_password=True,
        tiers=tiers(of_spec),
    )
    return replace(base, **overrides)
