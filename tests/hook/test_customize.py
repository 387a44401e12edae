"""The customize hook: which related objects a sync must see, told by the spec alone."""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest

from app.errors import RequestError
from app.hook.customize import customize
from app.resolve.custom_certificates import REFERENCES as CERTIFICATES
from app.result import Manifest
from tests.cluster_builder import NAME, NAMES, NAMESPACE, ClusterBuilder
from tests.credentials.test_user_secrets import REFERENCES
from tests.scenarios import steady
from tests.user_overrides import OVERRIDES

IDENTITY: Final = list(NAMES.identity_secrets)


def asked(spec: Any, **changes: Any) -> Manifest:
    """A customize request for a WazuhCluster with this spec."""
    parent = {**ClusterBuilder().parent, "spec": spec, **changes}
    return {"controller": {}, "parent": parent}


def rules(spec: Any) -> tuple[Manifest, Manifest]:
    """Rule for claims and rule for Secrets."""
    claims, secrets = customize(asked(spec))["relatedResources"]
    return claims, secrets


def test_the_claims_of_the_indexers_are_found_by_label() -> None:
    """The labels of the StatefulSet's selector, which its claims carry; in this namespace."""
    claims, _ = rules({"version": "4.14.1"})
    assert claims == {
        "apiVersion": "v1",
        "resource": "persistentvolumeclaims",
        "namespace": NAMESPACE,
        "labelSelector": {
            "matchLabels": {
                "app.kubernetes.io/name": "wazuh-indexer",
                "app.kubernetes.io/instance": NAME,
                "app.kubernetes.io/component": "indexer",
            }
        },
    }
    selector = steady().child("StatefulSet", f"{NAME}-indexer")["spec"]["selector"]
    assert claims["labelSelector"] == selector


def test_identity_secrets_are_asked_for_by_name() -> None:
    """So that one that is there without our label is seen; sorted, once each."""
    _, secrets = rules({"version": "4.14.1"})
    assert secrets == {
        "apiVersion": "v1",
        "resource": "secrets",
        "namespace": NAMESPACE,
        "names": IDENTITY,
    }


@pytest.mark.parametrize("path", REFERENCES)
def test_every_secret_that_the_spec_refers_to_is_asked_for(path: str) -> None:
    """A reference that is not asked for would be missing for ever."""
    _, secrets = rules(REFERENCES[path])
    assert "mine" in secrets["names"]
    assert secrets["names"] == sorted(set(secrets["names"]))


def test_all_references_together_are_asked_for_once() -> None:
    """Also one of ours that the spec names, and one that two fields name."""
    account = {"secretName": "c"}
    spec = {
        "indexer": {"credentials": {"secretName": "z"}},
        "manager": {
            "apiCredentials": {"secretName": NAMES.api_credentials},
            "clusterKeySecretRef": {"name": "a"},
            "authdPasswordSecretRef": {"name": "b"},
            "config": {
                "auth": {"passwordSecretRef": {"name": "b"}, "sslAgentCASecretRef": {"name": "d"}}
            },
        },
        "dashboard": {
            "wazuhPlugin": {
                "defaultApiEndpoint": {"credentialsSecret": account},
                "apiEndpoints": [{"credentialsSecretRef": account}],
            }
        },
    }
    _, secrets = rules(spec)
    assert secrets["names"] == ["a", "b", "c", "d", *IDENTITY, "z"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="a list"),
        pytest.param("text", id="a text"),
        pytest.param({}, id="empty"),
        pytest.param({"version": "9.9.9", "unknown": 1}, id="refused"),
        pytest.param(
            {"indexer": [], "manager": 7, "dashboard": {"wazuhPlugin": "x"}}, id="types of parts"
        ),
        pytest.param(
            {"indexer": {"credentials": "mine"}, "manager": {"apiCredentials": {"secretName": 7}}},
            id="types of references",
        ),
        pytest.param(
            {"manager": {"config": {"auth": None}, "clusterKeySecretRef": {"name": ""}}},
            id="empty names",
        ),
        pytest.param(
            {
                "dashboard": {
                    "wazuhPlugin": {"apiEndpoints": [None, 1, {"credentialsSecretRef": []}]}
                }
            },
            id="endpoints",
        ),
        pytest.param(
            {"dashboard": {"wazuhPlugin": {"apiEndpoints": {"a": "b"}}}}, id="endpoints a map"
        ),
    ],
)
def test_an_invalid_spec_is_answered_too(spec: Any) -> None:
    """Else the status Failed could never be written; ``names`` is never empty, which is all."""
    _, secrets = rules(spec)
    assert secrets["names"] == IDENTITY


def test_the_valid_part_of_an_invalid_spec_counts() -> None:
    """A frozen cluster still reads the Secrets that its pods read."""
    spec = {**REFERENCES["spec.manager.apiCredentials"], "version": 7, "indexer": "x"}
    _, secrets = rules(spec)
    assert "mine" in secrets["names"]


def test_the_answer_depends_on_the_spec_alone() -> None:
    """It is kept by generation for 20 minutes: status, labels and annotations do not count."""
    cluster = steady()
    spec = REFERENCES["spec.manager.apiCredentials"]
    before = customize(asked(spec))
    metadata = {**cluster.parent["metadata"], "labels": {"a": "b"}, "annotations": {"a": "b"}}
    metadata["deletionTimestamp"] = "2026-11-24T08:00:00Z"
    changed = asked(spec, status=cluster.parent["status"], metadata=metadata)
    assert customize(changed) == before
    assert customize({**changed, "children": {}, "related": {}}) == before


def test_the_request_is_not_changed() -> None:
    """Nothing of it is handed on either."""
    request = asked(copy.deepcopy(OVERRIDES))
    before = copy.deepcopy(request)
    customize(request)
    assert request == before


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="a list"),
        pytest.param({}, id="no parent"),
        pytest.param({"parent": None}, id="parent null"),
        pytest.param({"parent": {"metadata": {"name": NAME}}}, id="no namespace"),
        pytest.param({"parent": {"metadata": {"namespace": NAMESPACE}}}, id="no name"),
        pytest.param({"parent": {"metadata": {"name": 7, "namespace": NAMESPACE}}}, id="a number"),
    ],
)
def test_without_a_parent_there_is_nothing_to_ask_for(request_: Any) -> None:
    """HTTP 400."""
    with pytest.raises(RequestError, match="no name or namespace"):
        customize(request_)


def test_every_certificate_that_the_user_gives_is_asked_for() -> None:
    """Also by a spec that is refused: they stay in use while it is."""
    fields = ("caSecretRef", *CERTIFICATES.values())
    custom = {field: {"name": f"my-{field.lower()}"} for field in fields}
    for spec in ({"tls": {"customCerts": custom}}, {"version": 1, "tls": {"customCerts": custom}}):
        _, secrets = rules(spec)
        assert set(secrets["names"]) == {*IDENTITY, *(one["name"] for one in custom.values())}
    refused: list[Any] = [1, {"customCerts": []}, {"customCerts": {"x": 1}}]
    for tls in refused:
        assert rules({"tls": tls})[1]["names"] == IDENTITY
