"""A rotation of the CA on two real nodes, step by step as the hook writes it.

After each step of the hook its Secrets reach the nodes as kubelets bring them, one node before the
other, and a tier whose template changed rolls. Live connections survive a loss of trust, so every
step is judged by new ones.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import pytest

from app.certificates.observation import NEXT_CERT, PREVIOUS_CERT
from app.hook.sync import sync
from app.names import CA_CERT, CA_KEY, TLS_CERT, TLS_KEY, Role
from tests.cluster_builder import NAMES
from tests.e2e.stack.processes import LOOPBACK
from tests.indexer.client import SERVICE, Client, served_certificate, with_leaf
from tests.indexer.live.test_hot_reload import RELOADED, leaf_of
from tests.indexer.nodes import HEALTH, READY_SECONDS, Node, Nodes, until
from tests.indexer.people import administrator_of, login
from tests.indexer.rendered import LONG_AGO, REPLICAS, Rendered
from tests.trust.variants import VARIANTS

#: The first test starts two nodes, and a rotation restarts each of them twice.
pytestmark = pytest.mark.timeout(480)

INDEXER: Final = NAMES.workload(Role.INDEXER)
CERTS: Final = "/usr/share/wazuh-indexer/config/certs"
#: Leaves of the pods that call the indexers.
CALLERS: Final = ("admin", "dashboard", "filebeat")
#: Two of them are less than the 90 s that a kubelet may take, three are more.
STEP_SECONDS: Final = 45
#: More steps than a rotation takes with every tier ready at once.
STEPS: Final = 30
#: From the swap to the new leaf on the wire; a node looks every 5 s.
RELOAD_SECONDS: Final = 10.0
#: A message of the transport protocol that the other side sends back.
PING: Final = b"ES\xff\xff\xff\xff"
#: What a node writes to its log whenever another one refuses it.
REFUSED: Final = (
    "Exception during establishing a SSL connection: "
    "javax.net.ssl.SSLHandshakeException: Received fatal alert"
)


@pytest.fixture(scope="module")
def own(home: Path, run_folder: Path) -> Iterator[Nodes]:
    """Two nodes whose CA changes; each test leaves them whole on what is rendered then."""
    folder = Path(tempfile.mkdtemp(prefix="rotation-", dir=run_folder))
    folder.chmod(0o755)
    with Nodes(Rendered(age=LONG_AGO), home, folder, REPLICAS) as nodes:
        nodes.start()
        yield nodes


class Life:
    """One cluster: what the hook writes, and what controllers and kubelets make of it.

    A pod that calls the indexers is played by two folders: what it mounts, and what it read when
    it started.
    """

    def __init__(self, nodes: Nodes) -> None:
        """At rest, every pod started with what it mounts."""
        self.nodes = nodes
        self.rendered = nodes.rendered
        self.cluster = nodes.rendered.cluster
        self.rolls: list[tuple[str, int]] = []
        self.leaves = [leaf_of(self.rendered)]
        self._mount_callers()
        self._start_callers()

    @property
    def stage(self) -> str:
        """As the keys of ``<c>-ca`` tell."""
        found = self.rendered.secret(NAMES.ca)
        return "trust" if NEXT_CERT in found else "reissue" if PREVIOUS_CERT in found else "steady"

    def step(self) -> tuple[bool, set[str]]:
        """One call of the hook: are there other leaf Secrets, and which tiers shall roll."""
        leaf, templates = self._leaf(), self._templates()
        self.cluster.sync(sync)
        self.cluster.wait(seconds=STEP_SECONDS)
        rolled = {name for name, one in self._templates().items() if one != templates[name]}
        return self._leaf() != leaf, rolled

    def show(self, *ordinals: int) -> None:
        """Bring the Secrets to nodes, which take them and serve their leaf without a restart."""
        nodes = [self.nodes[ordinal] for ordinal in ordinals]
        before = [(reloads(node), node.pid) for node in nodes]
        self.nodes.show(*ordinals)
        leaf = leaf_of(self.rendered)
        for node, (seen, pid) in zip(nodes, before, strict=True):
            until(partial(has_reloaded, node, seen), RELOAD_SECONDS, "it takes what it mounts")
            for port in (node.place.rest_port, node.place.transport_port):
                assert served_certificate(port) == leaf
            assert node.pid == pid

    def show_everybody(self) -> None:
        """Bring them to nodes and callers; judge each moment.

        Where the signer changes, one node has taken them before the other sees them.
        """
        if self.leaves[-1] != leaf_of(self.rendered):
            self.leaves.append(leaf_of(self.rendered))
        groups = [(0,), (1,)] if self.stage == "reissue" else [(0, 1)]
        for ordinals in groups:
            self.show(*ordinals)
            self.judge()
            self._mount_callers()
            self.judge()

    def roll(self, workloads: set[str]) -> None:
        """Pods of these workloads anew: the indexers one by one, the last first."""
        if INDEXER in workloads:
            for ordinal in reversed(range(REPLICAS)):
                self.nodes[ordinal].recreate(self.rendered)
                self.nodes.start()
                self.rolls.append((self.stage, ordinal))
                self.judge()
        if workloads - {INDEXER}:
            self._start_callers()
        if workloads:
            self.cluster.settle(*workloads)

    def judge(self) -> None:
        """The cluster is complete, and whoever calls a node is let in and knows whom it calls."""
        for ordinal, node in enumerate(self.nodes):
            with self.nodes.administrator(ordinal) as client:
                health = client.call("GET", "/_cluster/health").body
            assert health["number_of_nodes"] == REPLICAS
            assert health["status"] in {"green", "yellow"}
            for other in self.nodes:
                assert trusts(other, node), (other.pod.name, node.pod.name, self.stage)
            for caller in self.nodes.folder.glob("caller-*"):
                with with_leaf(node.place.rest_port, caller) as client:
                    assert client.call("GET", HEALTH).status == 200

    def _mount_callers(self) -> None:
        for leaf in CALLERS:
            folder = self.nodes.folder / f"caller-mounts-{leaf}"
            self.rendered.show_secret(NAMES.certs(leaf), folder)

    def _start_callers(self) -> None:
        for leaf in CALLERS:
            folder = self.nodes.folder / f"caller-read-{leaf}"
            self.rendered.show_secret(NAMES.certs(leaf), folder)

    def _leaf(self) -> dict[str, str]:
        return self.rendered.secret(NAMES.certs("indexer"))

    def _templates(self) -> dict[str, object]:
        return {
            one["metadata"]["name"]: one["spec"]["template"] for one in self.cluster.workloads()
        }


def reloads(node: Node) -> int:
    """How often both layers of a node have taken new files."""
    text = node.log.read_text(encoding="utf-8")
    return min(text.count(line) for line in RELOADED)


def has_reloaded(node: Node, seen: int) -> bool:
    """Whether it has done so since it had ``seen`` times."""
    return reloads(node) > seen


def trusts(caller: Node, called: Node) -> bool:
    """Whether a node with the caller's files talks with another on the transport layer."""
    certs = caller.pod.path(CERTS)
    context = ssl.create_default_context(cafile=certs / CA_CERT)
    context.load_cert_chain(certs / TLS_CERT, certs / TLS_KEY)
    try:
        with (
            socket.create_connection((LOOPBACK, called.place.transport_port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname=SERVICE) as tls,
        ):
            tls.sendall(PING)
            return tls.recv(len(PING)) == PING
    except (ssl.SSLError, ConnectionError):
        return False


def refusals(node: Node) -> int:
    """How often a node was refused by another."""
    return node.log.read_text(encoding="utf-8").count(REFUSED)


def seen_by(node: Node, rendered: Rendered) -> tuple[int, str]:
    """Number of nodes and status of the cluster, as one node tells the administrator."""
    with node.client() as client:
        found = client.call("GET", "/_cluster/health", user=administrator_of(rendered)).body
    return found["number_of_nodes"], found["status"]


def is_ready(node: Node) -> bool:
    """As its readiness probe finds; False where nobody listens."""
    with node.client() as client:
        try:
            return client.call("GET", HEALTH).status == 200
        except httpx.TransportError:
            return False


def test_a_rotation_leaves_the_cluster_complete_at_every_step(own: Nodes) -> None:
    """Each node restarts once in trust and once in reissue; a leaf renewed meanwhile restarts none.

    At the end what is of the old CA is refused.
    """
    life = Life(own)
    former = own.rendered.secret(NAMES.ca)
    stages: list[str] = []
    old_admin = own.rendered.show_secret(NAMES.certs("admin"), own.folder / "former-admin")
    life.cluster.annotate(rotate_ca="one")
    for _ in range(STEPS):
        writes = life.cluster.writes
        has_new_leaves, rolled = life.step()
        if (life.cluster.writes, life.stage) == (writes, "steady"):
            break
        if stages[-1:] != [life.stage]:
            stages.append(life.stage)
        if has_new_leaves:
            life.show_everybody()
        life.roll(rolled)
        if (life.stage, INDEXER in rolled) == ("trust", True):
            life.cluster.annotate(renew_certificates="meanwhile")
    assert stages == ["trust", "reissue", "steady"]
    assert life.rolls == [("trust", 1), ("trust", 0), ("reissue", 1), ("reissue", 0)]
    assert len(life.leaves) == 3  # of the start, renewed meanwhile, of the new CA
    now = own.rendered.secret(NAMES.ca)
    assert now.keys() == {CA_CERT, CA_KEY}
    assert not set(now.values()) & set(former.values())
    own.wait_until_whole(seconds=10)
    pair = (old_admin / TLS_CERT, old_admin / TLS_KEY)
    port, ca = own[0].place.rest_port, own.admin_certificate() / CA_CERT
    with (
        Client(port, ca, certificate=pair) as client,
        pytest.raises(httpx.TransportError, match="certificate"),
    ):
        login(client, None)


def test_a_promotion_before_the_nodes_have_the_bundle_breaks_the_cluster(
    own: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: the same steps by a hook that waits for no pod.

    It looks healthy until a node restarts: that one never joins. Once the other has the bundle it
    does, without a restart of anything.
    """
    life, staying = Life(own), own.manager()
    alone, former = own[1 - staying], own.rendered.secret(NAMES.ca)
    life.cluster.annotate(rotate_ca="too-early")
    with monkeypatch.context() as patch:
        VARIANTS["promote-early"].apply(patch)
        for _ in range(STEPS):
            has_new_leaves, _ = life.step()
            if has_new_leaves and life.stage == "reissue":
                break
    life.show(1 - staying)
    assert own[staying].pod.path(CERTS).joinpath(CA_CERT).read_text() == former[CA_CERT]
    assert seen_by(own[staying], own.rendered) == (REPLICAS, "green")
    assert not trusts(alone, own[staying])
    alone.stop()
    seen = refusals(alone)
    alone.start()
    until(lambda: refusals(alone) > seen + 3, READY_SECONDS, "it tries each second", alone.check)
    assert not is_ready(alone)
    assert seen_by(own[staying], own.rendered)[0] == 1
    own.show(staying)
    own.wait_until_whole()
    own.rendered.live_on(life.cluster.now)
    own.show()
    own.wait_until_whole(seconds=10)
