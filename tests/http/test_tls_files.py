"""Files of TLS: which are refused at the start, and how they change under a running server."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.edge.server import serving
from app.edge.settings import Settings, SettingsError, read_settings
from app.edge.telemetry import Telemetry
from app.edge.tls import Part, ServerTls, TlsFiles
from tests.http.certificates import (
    CLIENT,
    END,
    Authority,
    Pair,
    client_ca,
    client_context,
    server_ca,
    tls_settings,
)
from tests.http.edge import FakeHook, Running, answer_of, application, running

_HEALTH = b"GET /healthz HTTP/1.1\r\nhost: hook\r\n\r\n"
_GAUGE = "wazuh_hook_tls_certificate_expiry_timestamp_seconds"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests counts."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WAZUH_HOOK_{name.upper()}", raising=False)


# --- settings -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        pytest.param(["certificate"], "TLS_KEY_FILE", id="no key"),
        pytest.param(["key"], "TLS_CERTIFICATE_FILE", id="no certificate"),
        pytest.param(["client_ca"], "TLS_CERTIFICATE_FILE", id="client CA alone"),
        pytest.param(["certificate", "client_ca"], "TLS_KEY_FILE", id="no key for a client CA"),
        pytest.param(["key", "client_ca"], "TLS_CERTIFICATE_FILE", id="key and client CA"),
    ],
)
def test_certificate_and_key_need_each_other(given: list[str], variable: str) -> None:
    """The missing variable is named."""
    with pytest.raises(SettingsError, match=f"^WAZUH_HOOK_{variable}: is needed beside"):
        read_settings({f"tls_{part}_file": f"/s3cret/{part}" for part in given})


def test_the_second_port_is_another_one() -> None:
    """0 is any free port, so it may stand twice."""
    with pytest.raises(SettingsError, match=r"^WAZUH_HOOK_PROBE_PORT: must differ"):
        read_settings({"port": 8080, "probe_port": 8080})
    assert read_settings({"port": 0, "probe_port": 0}).probe_port == 0


def _encrypted(folder: Path) -> None:
    key = serialization.load_pem_private_key((folder / "tls.key").read_bytes(), None)
    (folder / "tls.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"s3cret"),
        )
    )


def _weak(folder: Path) -> None:
    """An RSA key of 1024 bits, with a certificate of its own."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused
    pair = server_ca().issue(key=key)
    pair.write(folder, "tls")


_FAULTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no certificate": (lambda at: (at / "tls.crt").unlink(), "CERTIFICATE", "No such file"),
    "no key": (lambda at: (at / "tls.key").unlink(), "KEY", "No such file"),
    "no client CA": (lambda at: (at / "ca.crt").unlink(), "CLIENT_CA", "No such file"),
    "empty certificate": (
        lambda at: (at / "tls.crt").write_bytes(b""),
        "CERTIFICATE",
        "holds no PEM certificate",
    ),
    "cut certificate": (
        lambda at: (at / "tls.crt").write_bytes((at / "tls.crt").read_bytes()[:200]),
        "CERTIFICATE",
        "holds no PEM certificate",
    ),
    "empty key": (lambda at: (at / "tls.key").write_bytes(b""), "KEY", "no usable private key"),
    "certificate as key": (
        lambda at: (at / "tls.key").write_bytes((at / "tls.crt").read_bytes()),
        "KEY",
        "no usable private key",
    ),
    "key of another": (
        lambda at: (at / "tls.key").write_bytes(server_ca().issue().key),
        "KEY",
        "does not belong to the certificate",
    ),
    "encrypted key": (_encrypted, "KEY", "no usable private key"),
    "weak key": (_weak, "CERTIFICATE", "too weak"),
    "empty client CA": (
        lambda at: (at / "ca.crt").write_bytes(b"\n"),
        "CLIENT_CA",
        "holds no PEM certificate",
    ),
    "client CA no text": (
        lambda at: (at / "ca.crt").write_bytes(b"\xff" + (at / "ca.crt").read_bytes()),
        "CLIENT_CA",
        "holds no PEM certificate",
    ),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_file_that_cannot_be_used_is_named_by_its_variable(tmp_path: Path, fault: str) -> None:
    """Without its path and its content, before anything is served."""
    settings = tls_settings(tmp_path, mutual=True)
    break_it, part, text = _FAULTS[fault]
    break_it(tmp_path)
    with pytest.raises(SettingsError) as raised:
        read_settings(settings)
    said = str(raised.value)
    assert said.startswith(f"WAZUH_HOOK_TLS_{part}_FILE: ")
    assert text in said
    assert str(tmp_path) not in said
    assert "BEGIN" not in said


def test_good_files_are_settings(tmp_path: Path) -> None:
    """And say what they are for."""
    files = read_settings(tls_settings(tmp_path, mutual=True)).tls_files
    assert files is not None
    assert files.load().expiry == END
    assert read_settings().tls_files is None


def test_a_server_never_starts_in_plain_where_tls_was_asked_for(tmp_path: Path) -> None:
    """Also when the files vanish between settings and start."""
    settings = read_settings(tls_settings(tmp_path))
    (tmp_path / "tls.key").unlink()
    with (tmp_path / "log").open("wb") as stream:
        app = application(FakeHook(), Telemetry(stream=stream, clock=lambda: END), settings)
        with pytest.raises(SettingsError, match="TLS_KEY_FILE"), serving(app, settings):
            pytest.fail("serves")


# --- changes --------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The mounted Secret."""
    (tmp_path / "mount").mkdir()
    return tmp_path / "mount"


@pytest.fixture
def edge(tmp_path: Path, folder: Path) -> Iterator[Running]:
    """An edge with mutual TLS that looks at its files all the time."""
    settings = tls_settings(folder, mutual=True)
    context = client_context(tmp_path, client_ca().issue(usage=CLIENT))
    with running(context=context, tls_reload_seconds=0.01, **settings) as found:
        yield found


def _serial(edge: Running) -> int:
    """Serial of the certificate that a new connection is shown."""
    with edge.connect() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        shown = connection.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown).serial_number


def _becomes(read: Callable[[], object], wanted: object) -> bool:
    """Whether a value is as wanted before 10 s are over."""
    until = time.monotonic() + 10
    while read() != wanted:
        if time.monotonic() > until:
            return False
    return True


def test_new_connections_get_the_new_certificate_and_old_ones_live_on(
    edge: Running, folder: Path
) -> None:
    """No restart, no call that is cut."""
    new = server_ca().issue()
    with edge.connect() as old:
        old.sendall(_HEALTH)
        assert answer_of(old) == (200, b"ok\n")
        new.write(folder, "tls")
        assert _becomes(lambda: _serial(edge), new.serial)
        old.sendall(_HEALTH)
        assert answer_of(old) == (200, b"ok\n")
    assert edge.metric(_GAUGE) == END.timestamp()
    assert edge.events("tls_reloaded")[-1]["expiry"] == END.isoformat()


def test_the_links_of_a_mounted_secret_are_followed(tmp_path: Path) -> None:
    """The kubelet writes a new folder and moves one link, all at once."""
    first, second = server_ca().issue(), server_ca().issue()
    settings: dict[str, Any] = {}
    for name, pair in (("..2026_1", first), ("..2026_2", second)):
        (tmp_path / name).mkdir()
        pair.write(tmp_path / name, "tls")
    (tmp_path / "..data").symlink_to("..2026_1")
    for file, field in (("tls.crt", "tls_certificate_file"), ("tls.key", "tls_key_file")):
        (tmp_path / file).symlink_to(f"..data/{file}")
        settings[field] = tmp_path / file
    context = client_context(tmp_path / "..2026_1")
    with running(context=context, tls_reload_seconds=0.01, **settings) as edge:
        assert _serial(edge) == first.serial
        (tmp_path / "..data_tmp").symlink_to("..2026_2")
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        assert _becomes(lambda: _serial(edge), second.serial)
        assert edge.events("tls_files_not_taken_over") == []


def test_a_pair_that_does_not_match_is_not_taken_over_and_said_once(
    edge: Running, folder: Path
) -> None:
    """Files written one after the other: the second one completes the pair."""
    before = _serial(edge)
    new = server_ca().issue()
    (folder / "tls.crt").write_bytes(new.certificate)
    assert _becomes(lambda: len(edge.events("tls_files_not_taken_over")), 1)
    assert [_serial(edge) for _ in range(20)] == [before] * 20
    [event] = edge.events("tls_files_not_taken_over")
    assert event["file"] == "WAZUH_HOOK_TLS_KEY_FILE"
    assert event["reason"] == "does not belong to the certificate"
    (folder / "tls.key").write_bytes(new.key)
    assert _becomes(lambda: _serial(edge), new.serial)
    assert "BEGIN" not in edge.log


def test_a_vanished_file_changes_nothing(edge: Running, folder: Path) -> None:
    """And its return is no change at all."""
    before = _serial(edge)
    (folder / "tls.key").rename(folder / "away")
    assert _becomes(lambda: len(edge.events("tls_files_not_taken_over")), 1)
    assert _serial(edge) == before
    (folder / "away").rename(folder / "tls.key")
    assert edge.client.get("/healthz").status_code == 200


def test_another_client_ca_is_taken_over(edge: Running, folder: Path, tmp_path: Path) -> None:
    """Clients of the former one are not let in any more, not even with a session of before."""
    other = Authority("next")
    context = client_context(tmp_path, other.issue(usage=CLIENT))
    (folder / "ca.crt").write_bytes(other.pem)
    assert _becomes(lambda: len(edge.events("tls_reloaded")), 1)
    with (
        edge.connect_raw() as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(_HEALTH)
        assert answer_of(connection) == (200, b"ok\n")
    with edge.connect() as connection, pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
        connection.recv(1)


class _Listener:
    """What a `ServerTls` says."""

    def __init__(self) -> None:
        self.reloaded: list[datetime] = []
        self.kept: list[tuple[Part, str]] = []

    def tls(self, files: TlsFiles) -> ServerTls:
        return ServerTls(
            files,
            on_reload=self.reloaded.append,
            on_kept=lambda part, text: self.kept.append((part, text)),
        )


def _files(folder: Path, pair: Pair) -> TlsFiles:
    certificate, key = pair.write(folder, "tls")
    return TlsFiles(certificate=certificate, key=key)


def test_nothing_is_read_while_nothing_changes(tmp_path: Path) -> None:
    """The context stays the very same."""
    listener = _Listener()
    tls = listener.tls(_files(tmp_path, server_ca().issue()))
    context = tls.context
    for _ in range(3):
        tls.refresh()
    assert tls.context is context
    assert (listener.reloaded, listener.kept, tls.mutual) == ([], [], False)


def test_each_new_fault_is_said_once_and_again_after_a_recovery(tmp_path: Path) -> None:
    """A person who repairs one fault sees the next."""
    good = server_ca().issue()
    listener = _Listener()
    tls = listener.tls(_files(tmp_path, good))
    other = server_ca().issue().certificate
    for certificate in (b"", b"", b"x", other, good.certificate, other, b""):
        (tmp_path / "tls.crt").write_bytes(certificate)
        tls.refresh()
        tls.refresh()
    assert listener.kept == [
        ("certificate", "holds no PEM certificate"),
        ("key", "does not belong to the certificate"),
        ("key", "does not belong to the certificate"),
        ("certificate", "holds no PEM certificate"),
    ]
    assert listener.reloaded == [END]
