"""What the hook emits, judged by others: `openssl`, TLS handshakes, the DNs of OpenSearch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import Final

import pytest
import yaml

from app.certificates.issue import generate_rsa_key
from app.certificates.request import Stage
from app.names import ROTATE_CA, Role
from app.schema.tls import CertConfig
from app.secret_data import SecretData
from tests.certificates.scenario import LEAF_SECRETS, NAMES, SETTLED, UNSETTLED, World
from tests.convergence.world import rested
from tests.trust.handshake import Files, mounted, subject, talks, verified

INDEXER, MASTER, WORKER, DASHBOARD, FILEBEAT, ADMIN = LEAF_SECRETS[0], *LEAF_SECRETS[1:]
#: Who connects to whom, and whether the server asks for a certificate.
PEERS: Final = (
    (INDEXER, INDEXER, True),
    (FILEBEAT, INDEXER, True),
    (DASHBOARD, INDEXER, True),
    (ADMIN, INDEXER, True),
    (DASHBOARD, DASHBOARD, False),
    (MASTER, MASTER, False),
    (WORKER, WORKER, False),
)
#: A name by which each server is reached, and how else.
HOSTS: Final[Mapping[str, tuple[str, ...]]] = {
    INDEXER: (
        NAMES.service(Role.INDEXER),
        f"{NAMES.service(Role.INDEXER)}.{NAMES.namespace}.svc",
        f"{NAMES.workload(Role.INDEXER)}-2.{NAMES.headless(Role.INDEXER)}.{NAMES.namespace}.svc",
        "localhost",
        "127.0.0.1",
    ),
    MASTER: (f"{NAMES.service(Role.MANAGER_MASTER)}.{NAMES.namespace}.svc.{NAMES.domain}",),
    WORKER: (f"{NAMES.service(Role.MANAGER_WORKER)}.{NAMES.namespace}.svc.{NAMES.domain}",),
    DASHBOARD: (NAMES.service(Role.DASHBOARD),),
}

Mounted = Mapping[str, Files]


@dataclass(frozen=True, slots=True)
class Moment:
    """Leaf Secrets at one step of a rotation."""

    stage: str
    leaves: Mapping[str, SecretData]


def present() -> datetime:
    """Now, since `ssl` reads the clock itself."""
    return datetime.fromtimestamp(int(time.time()), tz=UTC)


@cache
def rotation() -> tuple[Moment, ...]:
    """Each content that the leaf Secrets have in turn, from before a rotation until after it."""
    world = World(now=present(), tiers=UNSETTLED).settle().as_asked("one")
    moments = [Moment("before", world.leaves)]
    for _ in range(12):
        answer = world.plan()
        if not answer.rewritten:
            if world.tiers == SETTLED:
                break
            world = replace(world, tiers=SETTLED)
            continue
        world = world.apply(answer)
        if answer.rewritten & set(LEAF_SECRETS):
            moments.append(Moment(str(world.plan().stage), world.leaves))
            world = replace(world, tiers=UNSETTLED)
    return tuple(moments)


def mount(moment: Moment, directory: Path) -> Mounted:
    """Every leaf Secret as files."""
    return {name: mounted(one, directory / moment.stage) for name, one in moment.leaves.items()}


def test_a_rotation_has_these_contents() -> None:
    """One for each stage, so the tests below see all of them."""
    stages = [moment.stage for moment in rotation()]
    assert stages == ["before", Stage.TRUST, Stage.REISSUE, Stage.STEADY]


@pytest.mark.parametrize("index", range(4))
def test_openssl_accepts_every_chain(index: int, tmp_path: Path) -> None:
    """Strictly, for its purposes and names, with any bundle of the moment."""
    moment = rotation()[index]
    files, at = mount(moment, tmp_path), int(time.time())
    for leaf, trusting in product(LEAF_SECRETS, LEAF_SECRETS):
        assert verified(files[leaf], files[trusting], at=at) == ""
    for name in LEAF_SECRETS:
        assert verified(files[name], files[name], "-purpose", "sslclient", at=at) == ""
    for name, hosts in HOSTS.items():
        assert verified(files[name], files[name], "-purpose", "sslserver", at=at) == ""
        for host in hosts:
            option = "-verify_ip" if host[0].isdigit() else "-verify_hostname"
            assert verified(files[name], files[name], option, host, at=at) == ""
    assert "mismatch" in verified(
        files[INDEXER], files[INDEXER], "-verify_hostname", "elsewhere", at=at
    )


@pytest.mark.parametrize("index", range(4))
def test_every_pair_shakes_hands(index: int, tmp_path: Path) -> None:
    """Both verify the other, with the names that clients use."""
    files = mount(rotation()[index], tmp_path)
    for client, server, mutual in PEERS:
        for host in HOSTS[server]:
            assert talks(files[client], files[server], host, mutual=mutual) == "", (client, host)


@pytest.mark.parametrize("index", range(3))
def test_pods_of_neighbouring_moments_shake_hands(index: int, tmp_path: Path) -> None:
    """While a tier rolls, pods that have read the new content meet others that have not."""
    old, new = (mount(one, tmp_path) for one in list(pairwise(rotation()))[index])
    for client, server, mutual in PEERS:
        host = HOSTS[server][0]
        assert talks(old[client], new[server], host, mutual=mutual) == "", (client, server)
        assert talks(new[client], old[server], host, mutual=mutual) == "", (client, server)


def test_a_stage_that_is_skipped_is_found(tmp_path: Path) -> None:
    """Else the handshakes above would prove nothing."""
    before, _, reissued, after = (mount(one, tmp_path) for one in rotation())
    host, at = HOSTS[INDEXER][0], int(time.time())
    for client, server in ((before, reissued), (before, after), (after, before)):
        assert talks(client[FILEBEAT], server[INDEXER], host, mutual=True)
        assert verified(server[INDEXER], client[FILEBEAT], at=at)
    # The client's leaf alone is of the retired CA: the server refuses.
    assert talks(reissued[FILEBEAT], after[INDEXER], host, mutual=True) == ""
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for name, files in (("ca.crt", after), ("tls.crt", before), ("tls.key", before)):
        (mixed / name).write_bytes((files[FILEBEAT].directory / name).read_bytes())
    assert talks(Files(mixed), after[INDEXER], host, mutual=True)


def test_rsa_keys_shake_hands(tmp_path: Path) -> None:
    """The other kind of key."""
    config = CertConfig.model_validate({"keyAlgorithm": "RSA-2048"})
    world = World(now=present(), config=config, rsa_key=generate_rsa_key).settle()
    files, at = mount(Moment("rsa", world.leaves), tmp_path), int(time.time())
    for client, server, mutual in PEERS:
        assert talks(files[client], files[server], HOSTS[server][0], mutual=mutual) == ""
        assert verified(files[client], files[server], at=at) == ""


@pytest.mark.parametrize("state", [None, "Bavaria"])
def test_opensearch_reads_the_names_that_its_settings_list(
    state: str | None, tmp_path: Path
) -> None:
    """It compares whole names in the order of RFC 2253; so nodes and administrator are known."""
    certificates = {} if state is None else {"state": state}
    engine = rested({"tls": {"certConfig": certificates}})
    maps = engine.find("ConfigMap", "wz-indexer-config")["data"]
    settings = yaml.safe_load(maps["opensearch.yml"])
    for name, setting in (
        ("indexer", "plugins.security.nodes_dn"),
        ("admin", "plugins.security.authcz.admin_dn"),
    ):
        found = engine.find("Secret", f"wz-{name}-certs")
        files = mounted(SecretData(name=name, data=found["data"]), tmp_path)
        assert settings[setting] == [subject(files.leaf)]
        assert ("ST=Bavaria" in subject(files.leaf)) == (state is not None)
    assert ROTATE_CA not in engine.parent["metadata"].get("annotations", {})
