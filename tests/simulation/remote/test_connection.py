"""Calls to an API server: who asks, what is refused, what is warned of."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.simulation.api_calls import ApiError
from app.simulation.kinds import KINDS
from app.simulation.remote.connection import Access, Connection, access_of, collection
from tests.simulation.remote.scripted_server import Said, serving


def _access(url: str, token: str | None = None) -> Access:
    return Access(server=url, context=ssl.create_default_context(), token=token)


def _kubeconfig(folder: Path, user: dict[str, Any]) -> Path:
    path = folder / "config"
    config = {
        "current-context": "b",
        "contexts": [
            {"name": "a", "context": {"cluster": "none", "user": "none"}},
            {"name": "b", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_a_call_says_who_asks() -> None:
    """User agent and token, for the audit log and for authentication."""
    with serving() as server:
        server.say("POST /x", Said(status=201, body={"a": 1}))
        connection = Connection(_access(server.url, "secret"), "someone/1")
        reply = connection.call("POST", "/x", {"b": 2}, query={"dryRun": "All"})
        connection.close()
    assert (reply.status, reply.body, reply.warnings) == (201, {"a": 1}, ())
    [asked] = server.asked
    assert (asked.target, asked.body) == ("/x?dryRun=All", {"b": 2})
    assert asked.headers["User-Agent"] == "someone/1"
    assert asked.headers["Authorization"] == "Bearer secret"


def test_a_refusal_carries_reason_and_message() -> None:
    """As the server's Status object says them."""
    status = {"kind": "Status", "reason": "AlreadyExists", "message": 'secrets "a" exists'}
    with serving() as server:
        server.say("POST /x", Said(status=409, body=status))
        connection = Connection(_access(server.url), "someone")
        with pytest.raises(ApiError, match='AlreadyExists: secrets "a" exists') as refused:
            connection.call("POST", "/x", {})
        connection.close()
    assert (refused.value.code, refused.value.reason) == (409, "AlreadyExists")


def test_warnings_are_read() -> None:
    """They come as headers, in quotes."""
    with serving() as server:
        header = {"Warning": "299 - \"unknown field 'spec.a'\""}
        server.say("GET /x", Said(body={}, headers=header))
        connection = Connection(_access(server.url), "someone")
        assert connection.call("GET", "/x").warnings == ("unknown field 'spec.a'",)
        connection.close()


def test_a_server_out_of_reach_is_an_error_like_any_other() -> None:
    """Nobody listens any more."""
    with serving() as server:
        url = server.url
    connection = Connection(_access(url), "someone")
    with pytest.raises(ApiError, match="Unreachable"):
        connection.call("GET", "/x")
    with pytest.raises(ApiError, match="Unreachable"):
        list(connection.lines("/x", {}))
    connection.close()


def test_a_kubeconfig_names_server_and_token(tmp_path: Path) -> None:
    """Of the current context."""
    access = access_of(_kubeconfig(tmp_path, {"token": "t"}))
    assert (access.server, access.token) == ("https://127.0.0.1:6443", "t")


@pytest.mark.parametrize("key", ["exec", "auth-provider"])
def test_a_kubeconfig_that_needs_a_program_is_refused(key: str, tmp_path: Path) -> None:
    """The text says what to use instead."""
    with pytest.raises(ValueError, match="use a token or a client certificate"):
        access_of(_kubeconfig(tmp_path, {key: {}}))


def test_inline_credentials_are_no_paths(tmp_path: Path) -> None:
    """What stands in ``client-certificate-data`` is read as it is, and refused if it is none."""
    garbage = base64.b64encode(b"no certificate").decode()
    user = {"client-certificate-data": garbage, "client-key-data": garbage}
    with pytest.raises(ssl.SSLError):
        access_of(_kubeconfig(tmp_path, user))


@pytest.mark.parametrize(
    ("kind", "namespace", "path"),
    [
        ("Secret", "a", "/api/v1/namespaces/a/secrets"),
        ("Secret", None, "/api/v1/secrets"),
        ("StatefulSet", "a", "/apis/apps/v1/namespaces/a/statefulsets"),
        ("WazuhCluster", None, "/apis/resources.wazuh.com/v1alpha1/wazuhclusters"),
    ],
)
def test_the_path_of_a_collection(kind: str, namespace: str | None, path: str) -> None:
    """The core group stands apart."""
    assert collection(KINDS[kind], namespace) == path
