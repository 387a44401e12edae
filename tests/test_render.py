"""Rendering of files: what is accepted, and what an answer looks like to people."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.description import described, shown
from app.cli.manifest_files import as_yaml
from app.cli.render import InputError, creation_request, read_documents, render
from app.hook.sync import sync

NOW = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
SEED = bytes(32)
RECORDINGS = Path(__file__).parent / "recordings"
CLUSTER = """\
apiVersion: resources.wazuh.com/v1alpha1
kind: WazuhCluster
metadata: {name: demo, namespace: security, creationTimestamp: 2026-11-01T00:00:00Z}
spec: {version: 4.14.1}
"""
SECRET = """\
---
apiVersion: v1
kind: Secret
metadata: {name: mine}
stringData: {password: text}
data: {other: b3RoZXI=}
"""


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "input"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("", "holds no document", id="empty"),
        pytest.param("# nothing\n", "holds no document", id="a comment"),
        pytest.param("just text", "something else than objects", id="text"),
        pytest.param("[1, 2]", "something else than objects", id="list"),
        pytest.param("a: [", "neither JSON nor YAML in line", id="broken YAML"),
        pytest.param('{"a": ', "neither JSON nor YAML", id="broken JSON"),
        pytest.param("a: !!python/name:os.system", "neither JSON nor YAML", id="a Python tag"),
        pytest.param(b"\xff\xfe\x00", "not UTF-8", id="binary"),
        pytest.param("a: " + "[" * 1500, "neither JSON nor YAML", id="deep"),
        pytest.param("a: &x [1]\nb: *y\n", "neither JSON nor YAML", id="unknown alias"),
        pytest.param("kind: Pod", "expected one WazuhCluster", id="another kind"),
        pytest.param(CLUSTER + "---\n" + CLUSTER, "found 2", id="two of them"),
        pytest.param(CLUSTER + "---\nkind: Pod\n", "only Secrets", id="a Pod beside it"),
        pytest.param("kind: WazuhCluster\nmetadata: {name: a}", "apiVersion", id="no apiVersion"),
        pytest.param(
            "kind: WazuhCluster\napiVersion: resources.wazuh.com/v1alpha1", "name", id="no name"
        ),
        pytest.param(CLUSTER + SECRET.replace("text", "1"), "stringData", id="a number as text"),
        pytest.param('{"parent": {}}', "name, namespace or uid", id="a request without a name"),
        pytest.param('{"parent": 1, "children": {}}', "no parent", id="a request of wrong type"),
        pytest.param(
            '{"parent": {"metadata": {"name": "a", "namespace": "b", "uid": "c"}}, "children": {}}',
            "does not list Secret.v1",
            id="a request without groups",
        ),
    ],
)
def test_broken_input_is_refused_in_one_line(tmp_path: Path, content: str, text: str) -> None:
    """Before or by the hook; nothing is rendered."""
    with pytest.raises(InputError) as raised:
        render(_file(tmp_path, content), sync, now=NOW, seed=SEED)
    assert text in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_folder_is_no_input(tmp_path: Path) -> None:
    """The system's reason is given."""
    with pytest.raises(InputError, match="Is a directory"):
        read_documents(tmp_path)


def test_a_cluster_is_completed_as_the_api_server_does(tmp_path: Path) -> None:
    """A timestamp stays text, what is given stays, the rest is added."""
    request = creation_request(read_documents(_file(tmp_path, CLUSTER + SECRET)), NOW)
    metadata = request["parent"]["metadata"]
    assert metadata["creationTimestamp"] == "2026-11-01T00:00:00Z"
    assert (metadata["namespace"], metadata["generation"]) == ("security", 1)
    assert len(metadata["uid"]) == 36
    assert request["related"]["Secret.v1"] == {
        "security/mine": {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "mine"},
            "data": {"other": "b3RoZXI=", "password": base64.b64encode(b"text").decode()},
        }
    }


def test_a_secret_beside_the_cluster_is_seen_by_the_hook(tmp_path: Path) -> None:
    """With it nothing waits for the administrator's Secret."""
    spec = "spec: {version: 4.14.1, indexer: {credentials: {secretName: mine}}}"
    cluster = CLUSTER.replace("spec: {version: 4.14.1}", spec)
    given = SECRET.replace("{password: text}", "{username: admin, password: Abc.12345678}")
    reasons = []
    for content in (cluster, cluster + given):
        status = render(_file(tmp_path, content), sync, now=NOW, seed=SEED).response["status"]
        reasons += [one["reason"] for one in status["conditions"] if one["type"] == "SpecValid"]
    assert reasons == ["SecretNotFound", "Valid"]


def test_every_round_feeds_the_answer_back(tmp_path: Path) -> None:
    """First identity and plain objects, then leaves, then workloads."""
    path = _file(tmp_path, CLUSTER)
    kinds = [
        {
            child["kind"]
            for child in render(path, sync, now=NOW, seed=SEED, rounds=count).response["children"]
        }
        for count in (1, 4)
    ]
    assert "StatefulSet" not in kinds[0]
    assert "StatefulSet" in kinds[1]


def test_a_fifth_round_changes_no_child(tmp_path: Path) -> None:
    """Four are enough for a whole cluster."""
    path = _file(tmp_path, CLUSTER)
    fourth, fifth = (
        render(path, sync, now=NOW, seed=SEED, rounds=count).response["children"]
        for count in (4, 5)
    )
    assert fourth == fifth


@pytest.mark.parametrize("file", sorted(RECORDINGS.glob("*.json")), ids=lambda file: file.name[0])
def test_a_recorded_request_is_answered_once(file: Path) -> None:
    """As it is; JSON is read as well as YAML."""
    rendered = render(file, sync, now=NOW, seed=SEED)
    assert not rendered.refused
    assert rendered.response["children"]


def test_values_of_secrets_are_described_and_nothing_else_changes(tmp_path: Path) -> None:
    """Certificates by name and end, keys by what they belong to, the rest by its size."""
    response = render(_file(tmp_path, CLUSTER), sync, now=NOW, seed=SEED).response
    children = {
        child["metadata"]["name"]: child for child in shown(response, reveal=False)["children"]
    }
    assert children["demo-ca"]["data"] == {
        "ca.crt": "<certificate CN=demo-ca until 2028-11-23T08:00:00Z ECDSA-P256>",
        "ca.key": "<private key ECDSA-P256, matches ca.crt>",
    }
    assert children["demo-cluster-key"]["data"] == {"cluster-key": "<32 bytes>"}
    original = {child["metadata"]["name"]: child for child in response["children"]}
    assert children["demo-indexer-config"] == original["demo-indexer-config"]
    assert shown(response, reveal=True) == response


def test_what_is_no_base64_is_not_shown_either() -> None:
    """A broken value may still hold a password."""
    secret: dict[str, Any] = {"kind": "Secret", "data": {"password": "p@ss"}}
    assert described(secret)["data"] == {"password": "<no base64>"}


def test_long_texts_are_blocks_and_read_back_equal() -> None:
    """People read configuration files in the output."""
    value = {"data": {"a.conf": "one\n  two: 'x'\n", "b": "yes", "c": "ü\ttab"}, "list": [1, None]}
    text = as_yaml({**value, "again": value["list"]})
    assert "a.conf: |\n" in text
    assert "&" not in text
    assert yaml.safe_load(text) == {**value, "again": value["list"]}
