"""TLS and mutual TLS: who gets in, who does not, and what client and log are told of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from app.edge.handshakes import Failure
from tests.http.certificates import (
    CLIENT,
    END,
    FUTURE,
    PAST,
    SERVER,
    START,
    Authority,
    Pair,
    client_ca,
    client_context,
    tls_settings,
)
from tests.http.edge import MARKER, REQUEST, Running, answer_of, head, is_closed, running
from tests.http.handshakes import HEALTH, POST, failures, shake_hands


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where certificates are."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    """An edge that speaks TLS."""
    with running(context=client_context(folder), **tls_settings(folder)) as found:
        yield found


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An edge that asks for client certificates."""
    folder = tmp_path_factory.mktemp("mutual")
    context = client_context(folder, client_ca().issue(usage=CLIENT))
    with running(context=context, **tls_settings(folder, mutual=True)) as found:
        yield found


# --- those who get in -----------------------------------------------------------------


def test_hooks_and_probes_are_served_over_tls_1_3(server: Running) -> None:
    """On the one port, with the certificate of the file."""
    assert server.url.startswith("https://")
    assert server.client.post("/sync", json=REQUEST).status_code == 200
    for path in ("/healthz", "/readyz", "/metrics"):
        assert server.client.get(path).status_code == 200
    with server.connect() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.version() == "TLSv1.3"


def test_tls_1_2_has_forward_secrecy_and_authenticated_encryption(
    server: Running, folder: Path
) -> None:
    """Metacontroller's minimum is 1.2."""
    context = client_context(folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        server.connect_raw() as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        assert connection.selected_alpn_protocol() == "http/1.1"
        cipher = connection.cipher()
        assert cipher is not None
        assert cipher[0].startswith("ECDHE-")
        assert cipher[0].endswith(("-GCM-SHA256", "-GCM-SHA384", "-CHACHA20-POLY1305"))
        connection.sendall(HEALTH)
        assert answer_of(connection) == (200, b"ok\n")


def test_bodies_of_many_records_arrive_whole_in_both_directions(server: Running) -> None:
    """A record holds 16 KiB; the bytes differ, so that a lost or doubled one shows."""
    filler = "".join(map(str, range(400_000)))
    for _ in range(3):
        answer = server.client.post("/sync", json={**REQUEST, "do": "large", "filler": filler})
        assert orjson.loads(answer.content)["status"]["filler"] == filler


def test_a_connection_is_idle_again_after_a_long_answer(tmp_path: Path) -> None:
    """While the answer waits for the client its time runs; once it is taken nothing is owed."""
    body = orjson.dumps({**REQUEST, "do": "large", "filler": "x" * 6_000_000})
    settings = tls_settings(tmp_path)
    with (
        running(context=client_context(tmp_path), header_timeout_seconds=1, **settings) as edge,
        edge.connect() as connection,
    ):
        connection.sendall(head(content_length=str(len(body))) + body)
        assert answer_of(connection)[0] == 200
        connection.settimeout(2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(HEALTH)
        assert answer_of(connection) == (200, b"ok\n")


def test_a_request_may_come_in_single_bytes(server: Running) -> None:
    """Each in a record of its own."""
    with server.connect() as connection:
        for byte in POST:
            connection.sendall(bytes([byte]))
        assert answer_of(connection)[0] == 200


def test_a_connection_ends_with_a_notice_that_nothing_is_missing(server: Running) -> None:
    """Without it a client cannot tell the end from a cut."""
    assert server.context is not None
    with (
        server.connect_raw() as raw,
        server.context.wrap_socket(
            raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        ) as connection,
    ):
        connection.sendall(HEALTH[:-2] + b"connection: close\r\n\r\n")
        assert answer_of(connection) == (200, b"ok\n")
        assert connection.recv(1) == b""


def test_a_client_that_says_goodbye_is_let_go(server: Running) -> None:
    """Its notice ends the connection."""
    with server.connect() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        connection.sendall(HEALTH)
        assert answer_of(connection) == (200, b"ok\n")
        assert is_closed(connection.unwrap())


def test_a_client_with_a_certificate_is_served(mutual: Running) -> None:
    """By TLS 1.3 and 1.2."""
    assert mutual.client.post("/sync", json=REQUEST).status_code == 200


def test_tls_and_a_token_go_together(tmp_path: Path) -> None:
    """A certificate does not replace the token; the log does not repeat what was sent."""
    (tmp_path / "token").write_text("t0ken-a\n")
    settings = tls_settings(tmp_path, mutual=True)
    context = client_context(tmp_path, client_ca().issue(usage=CLIENT))
    with running(context=context, bearer_token_file=tmp_path / "token", **settings) as edge:
        wrong = edge.client.post(
            "/sync", json=REQUEST, headers={"authorization": f"Bearer {MARKER}"}
        )
        right = edge.client.post("/sync", json=REQUEST, headers={"authorization": "Bearer t0ken-a"})
        [event] = edge.events("request_refused")
        log = edge.log
    assert (wrong.status_code, right.status_code) == (401, 200)
    assert event["reason"] == "no or wrong credentials"
    assert MARKER not in log


# --- those who do not -----------------------------------------------------------------


def _leaf(**options: Any) -> Callable[[], Pair]:
    return lambda: client_ca().issue(**({"usage": CLIENT} | options))


@pytest.mark.parametrize(
    ("shown", "failure", "alert"),
    [
        pytest.param(None, Failure.NO_CERTIFICATE, "CERTIFICATE_REQUIRED", id="none"),
        pytest.param(
            lambda: Authority("others").issue(usage=CLIENT),
            Failure.OTHER_CA,
            "UNKNOWN_CA",
            id="another CA",
        ),
        pytest.param(
            lambda: Authority("clients").issue(usage=CLIENT),
            Failure.OTHER_CA,
            "UNKNOWN_CA|BAD_CERTIFICATE|DECRYPT_ERROR",
            id="another CA of the same name",
        ),
        pytest.param(
            _leaf(since=PAST, until=START), Failure.EXPIRED, "CERTIFICATE_EXPIRED", id="expired"
        ),
        pytest.param(
            _leaf(since=END, until=FUTURE), Failure.NOT_YET_VALID, "BAD_CERTIFICATE", id="too early"
        ),
        pytest.param(
            _leaf(usage=SERVER), Failure.UNFIT, "UNSUPPORTED_CERTIFICATE", id="of a server"
        ),
    ],
)
def test_a_client_without_a_good_certificate_is_told_why_and_so_is_the_log(
    tmp_path: Path, shown: Callable[[], Pair] | None, failure: Failure, alert: str
) -> None:
    """The alert reaches the client although it has sent its request by then."""
    context = client_context(tmp_path, shown() if shown else None)
    with running(**tls_settings(tmp_path, mutual=True)) as edge:
        with pytest.raises(ssl.SSLError, match=alert):
            shake_hands(edge, context)
        [event] = failures(edge, failure)
        log = edge.log
    assert (event["client"], event["count"], event["level"]) == ("127.0.0.1", 1, "warning")
    assert edge.fake.calls == []
    assert MARKER not in log
    assert "BEGIN" not in log


@pytest.mark.parametrize("name", ["others", "servers"], ids=["another CA", "a CA made anew"])
def test_a_client_that_does_not_trust_this_server_is_named(tmp_path: Path, name: str) -> None:
    """A CompositeController with another caBundle, of another name or of the same one."""
    context = client_context(tmp_path, authority=Authority(name))
    with running(**tls_settings(tmp_path)) as edge:
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(edge, context)
        assert failures(edge, Failure.DISTRUSTED)


def test_plain_http_is_told_to_speak_tls(tmp_path: Path) -> None:
    """A CompositeController without `protocol: https`: its event shows this text."""
    with running(**tls_settings(tmp_path)) as edge:
        url = edge.url.replace("https", "http")
        answer = httpx.post(f"{url}/sync", json={**REQUEST, "x": "y" * 300_000}, trust_env=False)
        assert (answer.status_code, answer.text) == (400, "this port speaks TLS: use https\n")
        assert answer.headers["connection"] == "close"
        with edge.connect_raw() as connection:
            connection.sendall(HEALTH)
            assert answer_of(connection)[0] == 400
            assert is_closed(connection)
        assert failures(edge, Failure.PLAIN_HTTP)


def test_a_refused_client_may_go_on_sending_and_still_read_why(tmp_path: Path) -> None:
    """Closing at once would be a reset, which takes the answer with it."""
    with running(**tls_settings(tmp_path)) as edge, edge.connect_raw() as connection:
        connection.sendall(head(content_length="200000"))
        assert failures(edge, Failure.PLAIN_HTTP)
        for _ in range(20):
            connection.sendall(b"{" * 10_000)
        assert answer_of(connection)[0] == 400


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_version_is_refused(tmp_path: Path) -> None:
    """TLS 1.1 and older."""
    context = client_context(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with running(**tls_settings(tmp_path)) as edge:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            shake_hands(edge, context)
        assert failures(edge, Failure.OLD_VERSION)


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
def test_a_cipher_without_authenticated_encryption_is_refused(tmp_path: Path, cipher: str) -> None:
    """Of TLS 1.2, where the client offers nothing else."""
    context = client_context(tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    with running(**tls_settings(tmp_path)) as edge:
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            shake_hands(edge, context)
        assert failures(edge, Failure.NO_CIPHER)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x00" * 64, id="zeros"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another protocol"),
        pytest.param(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", id="a broken greeting"),
    ],
)
def test_what_is_no_tls_is_closed(tmp_path: Path, sent: bytes) -> None:
    """Others are served all the same."""
    with running(context=client_context(tmp_path), **tls_settings(tmp_path)) as edge:
        with edge.connect_raw() as connection:
            connection.sendall(sent)
            assert is_closed(connection)
        assert failures(edge, Failure.OTHER)
        assert edge.client.get("/healthz").status_code == 200
        assert edge.metric('wazuh_hook_tls_handshakes_failed_total{reason="other"}') == 1


def test_a_forged_record_ends_the_connection(server: Running) -> None:
    """And no other."""
    with server.connect_raw() as raw:
        wire = raw.dup()
        assert server.context is not None
        with server.context.wrap_socket(raw, server_hostname="127.0.0.1") as connection, wire:
            connection.sendall(HEALTH)
            assert answer_of(connection) == (200, b"ok\n")
            wire.sendall(b"\x17\x03\x03\x00\x40" + b"f" * 64)
            with pytest.raises(ssl.SSLError, match="ALERT_BAD_RECORD_MAC"):
                connection.recv(1)
    assert server.client.get("/healthz").status_code == 200
