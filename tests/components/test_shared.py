"""Secrets: passed on as they are."""

from __future__ import annotations

from app.components import shared
from app.kubernetes import meta
from app.names import Role
from app.secret_data import TLS, SecretData
from tests.clusters import cluster

LEAF = SecretData(
    name="wz-indexer-certs",
    type=TLS,
    data={"tls.crt": "Y2VydA==", "tls.key": "a2V5", "extra": "bm90IG91cnM="},
    annotations={"wazuh.com/data-written": "2026-11-24T08:00:00Z"},
)
KEY = SecretData(name="wz-cluster-key", data={"cluster-key": "azE="}, immutable=True)


def test_every_secret_is_emitted_with_its_data_byte_for_byte() -> None:
    """Extra keys included, in the order in which they were decided."""
    of_cluster = cluster(secrets=((Role.PKI, LEAF), (Role.CREDENTIALS, KEY)))
    annotations = {"wazuh.com/data-written": "2026-11-24T08:00:00Z"}
    assert list(shared.children(of_cluster)) == [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta.metadata(of_cluster, Role.PKI, "wz-indexer-certs", annotations),
            "type": "kubernetes.io/tls",
            "data": {"tls.crt": "Y2VydA==", "tls.key": "a2V5", "extra": "bm90IG91cnM="},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta.metadata(of_cluster, Role.CREDENTIALS, "wz-cluster-key"),
            "type": "Opaque",
            "data": {"cluster-key": "azE="},
            "immutable": True,
        },
    ]


def test_a_secret_without_data_has_no_empty_map() -> None:
    """The API server drops it, so it would be written again and again."""
    of_cluster = cluster(secrets=((Role.PKI, SecretData(name="wz-ca")),))
    assert "data" not in next(shared.children(of_cluster))
