"""The security Job: least rights, two folders, and nothing secret outside them."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from app.components import render, security_job
from app.components.indexer import network_policy
from app.result import Manifest
from tests.clusters import cluster
from tests.clusters import security_job as wanted
from tests.kubernetes_schema import VERSIONS, schema_faults
from tests.pod_security import Level, violations

DIGEST: Final = "0123456789abcdef" * 4


def job(**changes: Any) -> Manifest:
    """The Job of a cluster."""
    [made] = security_job.children(cluster(security_job=wanted(**changes)))
    return made


def pod(**changes: Any) -> Manifest:
    """Spec of its pod."""
    found: Manifest = job(**changes)["spec"]["template"]["spec"]
    return found


def test_there_is_none_unless_a_patch_waits() -> None:
    """A quiet cluster has no Job."""
    assert list(security_job.children(cluster())) == []
    assert "Job" not in {one["kind"] for one in render(cluster())}


def test_its_name_holds_the_digest_of_the_patch() -> None:
    """One patch, one Job; the whole digest is the script's argument."""
    made = job()
    assert made["metadata"]["name"] == "wz-security-01234567"
    [container] = made["spec"]["template"]["spec"]["containers"]
    shell, option, script, name, argument = container["command"]
    assert (shell, option, name, argument) == ("/bin/bash", "-c", "security", DIGEST)
    assert script.startswith("#!/bin/bash\n")


def test_it_ends() -> None:
    """Ten minutes at most; an exit status that says "no use" ends it at once."""
    spec = job()["spec"]
    assert (spec["activeDeadlineSeconds"], spec["backoffLimit"]) == (600, 6)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    evicted, no_use = spec["podFailurePolicy"]["rules"]
    assert evicted["action"] == "Ignore"
    assert no_use["action"] == "FailJob"
    assert no_use["onExitCodes"]["values"] == [2]
    [container] = spec["template"]["spec"]["containers"]
    assert no_use["onExitCodes"]["containerName"] == container["name"]


def test_a_pod_is_done_before_its_deadline() -> None:
    """Its patience and the longest calls after it fit in."""
    [container] = pod()["containers"]
    patience = next(one["value"] for one in container["env"] if one["name"] == "PATIENCE")
    assert int(patience) + 75 + 40 < job()["spec"]["activeDeadlineSeconds"]


def test_it_runs_at_level_restricted_without_a_token() -> None:
    """And may write nowhere."""
    spec = pod()
    assert violations({"spec": spec}, Level.RESTRICTED) == []
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_it_mounts_the_certificate_and_the_patch_and_nothing_else() -> None:
    """Whole folders, so that what belongs together is replaced together."""
    spec = pod()
    sources = {one["name"]: one["secret"] for one in spec["volumes"]}
    assert sources["certs"]["secretName"] == "wz-admin-certs"
    assert sources["patch"]["secretName"] == "wz-indexer-security"
    assert [one["key"] for one in sources["patch"]["items"]] == ["security-patch.json"]
    [container] = spec["containers"]
    mounts = {one["name"]: one for one in container["volumeMounts"]}
    assert mounts.keys() == sources.keys()
    assert all("subPath" not in one and one["readOnly"] for one in mounts.values())
    values = {one["name"]: one["value"] for one in container["env"]}
    assert values["CERTIFICATES"] == mounts["certs"]["mountPath"]
    assert values["PATCH"] == f"{mounts['patch']['mountPath']}/security-patch.json"


def test_no_variable_reads_a_secret() -> None:
    """Not even by reference: the script needs no password."""
    text = json.dumps(job())
    assert "secretKeyRef" not in text
    assert "envFrom" not in text


def test_it_runs_what_and_where_the_indexers_run() -> None:
    """Image, pull secrets and placement are theirs."""
    placement = {
        "imagePullSecrets": [{"name": "mine"}],
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "siem", "operator": "Exists"}],
    }
    spec = pod(image="registry.example.com/indexer:1", pull_policy="Always", placement=placement)
    assert spec["containers"][0]["image"] == "registry.example.com/indexer:1"
    assert spec["containers"][0]["imagePullPolicy"] == "Always"
    assert {key: spec[key] for key in placement} == placement


def test_the_indexers_let_it_in() -> None:
    """Its pod's labels are those of the policy's peer for Jobs."""
    of_policy = cluster({"indexer": {"networkPolicy": {"enabled": True}}})
    peers = [
        peer["podSelector"]["matchLabels"]
        for rule in network_policy(of_policy)["spec"]["ingress"]
        for peer in rule["from"]
    ]
    labels = {"app.kubernetes.io/name": "wazuh", **wanted().labels}
    assert any(peer.items() <= labels.items() for peer in peers)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_it(version: str) -> None:
    """By the published schema of each version."""
    assert schema_faults(job(), version) == []
