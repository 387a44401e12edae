"""Distinguished names of every form that the spec allows, as two nodes compare them."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from app.names import TLS_CERT
from tests.cluster_builder import NAMES
from tests.indexer.client import with_leaf
from tests.indexer.live.conftest import NewNodes
from tests.indexer.people import login
from tests.indexer.rendered import REPLICAS, Rendered

#: Blanks side by side, dots at the end, a digit at the start, a state; and keys of the other kind.
SPEC = {
    "tls": {
        "certConfig": {
            "country": "DE",
            "state": "Baden  Wuerttemberg",
            "locality": "St. Georgen i.S.",
            "organization": "3Com Europe Ltd.",
            "organizationalUnit": "Sec-Ops . 24-7",
            "keyAlgorithm": "RSA-2048",
        },
        "hotReload": {"enabled": False},
    }
}


def test_nodes_know_each_other_and_the_administrator(new_nodes: NewNodes) -> None:
    """By nodes_dn, which is compared as text, and admin_dn, which is compared as a name."""
    rendered = Rendered(SPEC)
    pem = rendered.secret(NAMES.certs("indexer"))[TLS_CERT].encode()
    assert isinstance(x509.load_pem_x509_certificate(pem).public_key(), rsa.RSAPublicKey)
    nodes = new_nodes(rendered, REPLICAS)
    nodes.start()
    with nodes.administrator() as client:
        assert client.call("GET", "/_cluster/health").body["number_of_nodes"] == REPLICAS
        assert login(client, None) == 200
    other = rendered.show_secret(NAMES.certs("filebeat"), nodes.folder / "other")
    with with_leaf(nodes[0].place.rest_port, other) as client:
        assert login(client, None) == 401
