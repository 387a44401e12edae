"""Renewed certificates are taken without a restart, shown to a node as a kubelet does."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.names import TLS_CERT
from tests.cluster_builder import NAMES
from tests.indexer.client import served_certificate
from tests.indexer.live.conftest import NewNodes
from tests.indexer.nodes import Nodes, until
from tests.indexer.rendered import Rendered

#: The shortest lives that the spec allows, so that a CA is renewed within two days: between 32 and
#: 36 hours after its creation, for the last third of its life is spread.
SHORT_LIVES = {
    "indexer": {"replicas": 1},
    "tls": {
        "certConfig": {
            "validityDays": 1,
            "renewalThresholdDays": 1,
            "caValidityDays": 2,
            "caRenewalThresholdDays": 2,
        }
    },
}
AGE = timedelta(hours=36)
BEFORE_RENEWAL = timedelta(hours=31)

#: From the swap to the new leaf on the wire; the node looks every 5 s.
RELOAD_SECONDS = 10.0
#: What a node writes to its log when a layer has taken new files.
RELOADED = ("] HTTP SSL context reloaded", "] TRANSPORT SSL context reloaded")


def leaf_of(rendered: Rendered) -> bytes:
    """DER of the indexers' leaf as the Secret has it."""
    pem = rendered.secret(NAMES.certs("indexer"))[TLS_CERT].encode()
    return x509.load_pem_x509_certificates(pem)[0].public_bytes(Encoding.DER)


def test_a_renewed_ca_is_taken_within_ten_seconds(new_nodes: NewNodes) -> None:
    """It has the key of the old one, which leaves the bundle: an expired one would end reloads."""
    rendered = Rendered(SHORT_LIVES, age=AGE)
    rendered.live_on(rendered.created + BEFORE_RENEWAL)
    nodes = new_nodes(rendered, 1)
    nodes.start()
    former, leaf = rendered.secret(NAMES.ca), leaf_of(rendered)
    rendered.live_on()
    renewed = rendered.secret(NAMES.ca)
    assert (renewed["ca.key"], leaf_of(rendered)) == (former["ca.key"], leaf)
    assert renewed["ca.crt"] != former["ca.crt"]
    assert rendered.secret(NAMES.certs("indexer"))["ca.crt"] == renewed["ca.crt"]
    log, pid = nodes[0].log, nodes[0].pid
    assert not any(_has(log, text) for text in RELOADED)
    nodes.show()
    until(lambda: all(_has(log, text) for text in RELOADED), RELOAD_SECONDS, "both are reloaded")
    assert nodes[0].pid == pid
    nodes.restart(0)  # what is trusted now is enough for a start, too


def _has(log: Path, text: str) -> bool:
    return text in log.read_text(encoding="utf-8")


def _serves(port: int, leaf: bytes) -> bool:
    return served_certificate(port) == leaf


def test_a_renewed_leaf_is_served_within_ten_seconds(
    nodes: Nodes, rendered: Rendered, record_property: Callable[[str, object], None]
) -> None:
    """On both layers of both nodes, which go on running; the cluster stays whole."""
    pids = [node.pid for node in nodes]
    before = leaf_of(rendered)
    ports = [port for node in nodes for port in (node.place.rest_port, node.place.transport_port)]
    assert {served_certificate(port) for port in ports} == {before}
    rendered.renew("indexer")
    after = leaf_of(rendered)
    assert after != before
    began = time.monotonic()
    nodes.show()
    for port in ports:
        left = RELOAD_SECONDS - (time.monotonic() - began)
        until(partial(_serves, port, after), left, "the new leaf is served")
    record_property("seconds", round(time.monotonic() - began, 1))
    assert [node.pid for node in nodes] == pids
    nodes.wait_until_whole(seconds=10)
