"""The hook's chart: valid objects, restricted pods, and what belongs together agrees."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

import pytest
import yaml
from cryptography import x509

from app.edge.handshakes import Failure
from app.result import Manifest, Outcome
from hack.generate_charts import files
from tests.charts.helm import NAMESPACE, template
from tests.charts.operator import CHART, VALUE_SETS, only, rendered
from tests.kubernetes_schema import VERSIONS, schema_faults
from tests.pod_security import Level, violations
from tests.registration import composite_controller

#: Kinds that Kubernetes' own schemas do not know.
FOREIGN: Final = frozenset(
    {"Certificate", "CompositeController", "PrometheusRule", "ServiceMonitor"}
)
#: Value sets that register the hook.
REGISTERED: Final = tuple(name for name in VALUE_SETS if name != "minimal")
METRIC: Final = re.compile(r"\bwazuh_hook_[a-z_]+")


def _pods(manifests: list[Manifest]) -> dict[str, Any]:
    """Pod templates by kind and name."""
    return {
        f"{one['kind']}/{one['metadata']['name']}": one
        if one["kind"] == "Pod"
        else one["spec"]["template"]
        for one in manifests
        if one["kind"] in {"Pod", "Deployment", "StatefulSet"}
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", VALUE_SETS)
def test_every_manifest_is_valid(name: str, version: str) -> None:
    """On the oldest and the newest Kubernetes; an unknown field is a fault too."""
    known = [
        one
        for one in rendered(name)
        if one["kind"] not in FOREIGN and one["kind"] != "CustomResourceDefinition"
    ]
    assert [fault for one in known for fault in schema_faults(one, version)] == []


@pytest.mark.parametrize("name", VALUE_SETS)
def test_every_pod_is_restricted(name: str) -> None:
    """By the Pod Security Standards; the root file system is read only, and there is no token."""
    pods = _pods(rendered(name))
    assert len(pods) >= 2
    found = {key: violations(pod, Level.RESTRICTED) for key, pod in pods.items()}
    assert {key: faults for key, faults in found.items() if faults} == {}
    for key, pod in pods.items():
        assert pod["spec"]["automountServiceAccountToken"] is key.startswith("StatefulSet/")
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("name", VALUE_SETS)
def test_no_two_objects_have_one_name(name: str) -> None:
    """Helm would apply the last one only."""
    keys = [(one["kind"], one["metadata"]["name"]) for one in rendered(name)]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("name", VALUE_SETS)
def test_selectors_find_the_hook_and_nothing_else(name: str) -> None:
    """Service, budget, policy and Deployment speak of the same pods, and not of the test's."""
    manifests = rendered(name)
    pod = only(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    test = only(manifests, "Pod")["metadata"]["labels"]
    for one in manifests:
        selector = {
            "Service": lambda spec: spec["selector"],
            "Deployment": lambda spec: spec["selector"]["matchLabels"],
            "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
        }.get(one["kind"])
        if selector is not None:
            wanted = selector(one["spec"]).items()
            assert wanted <= pod.items()
            assert not wanted <= test.items()


def test_generated_files_are_up_to_date() -> None:
    """CRD, registration and rules are copies of what stands elsewhere."""
    stale = [path for path, text in files().items() if path.read_text(encoding="utf-8") != text]
    assert stale == []


@pytest.mark.parametrize("name", REGISTERED)
def test_the_registration_is_the_one_of_the_repository(name: str) -> None:
    """All but addresses, credentials and the finalize hook."""
    spec = only(rendered(name), "CompositeController")["spec"]
    hooks = spec.pop("hooks")
    wanted = composite_controller()["spec"]
    wanted_hooks = wanted.pop("hooks")
    assert spec == wanted
    finalize = VALUE_SETS[name].get("compositeController", {}).get("finalize", False)
    assert hooks.keys() == wanted_hooks.keys() | ({"finalize"} if finalize else set())
    for path, hook in hooks.items():
        webhook = hook["webhook"]
        assert hook["version"] == "v2"
        assert webhook["timeout"] == wanted_hooks["sync"]["webhook"]["timeout"]
        assert re.search(rf":\d+/{path}\?rev=[0-9a-f]{{12}}$", webhook["url"])


@pytest.mark.parametrize("name", REGISTERED)
def test_metacontroller_is_given_what_the_hook_asks_for(name: str) -> None:
    """The host of the URL is in the certificate, and both sides name the same Secrets and keys."""
    manifests = rendered(name)
    pod = only(manifests, "Deployment")["spec"]["template"]["spec"]
    mounted = {one["name"]: one["secret"] for one in pod["volumes"]}
    service = only(manifests, "Service")
    for hook in only(manifests, "CompositeController")["spec"]["hooks"].values():
        webhook = hook["webhook"]
        host, _, port = webhook["url"].removeprefix("https://").partition("/")[0].partition(":")
        assert host.startswith(f"{service['metadata']['name']}.{NAMESPACE}.svc.")
        assert int(port) == service["spec"]["ports"][0]["port"]
        bundle, token = webhook["caBundle"]["secretRef"], webhook["authorization"]["secretRef"]
        assert (bundle["name"], bundle["key"]) == (mounted["tls"]["secretName"], "ca.crt")
        assert [item["key"] for item in mounted["token"]["items"]] == [token["key"]]
        assert token["name"] == mounted["token"]["secretName"]
        assert ("clientTLS" in webhook) is ("client" in mounted)
        if "client" in mounted:
            assert webhook["clientTLS"]["secretRef"]["name"] == mounted["client"]["secretName"]


def test_the_certificate_is_for_the_host_of_the_url() -> None:
    """One authority for each certificate, and its key nowhere."""
    manifests = rendered("mutual-tls")
    url = only(manifests, "CompositeController")["spec"]["hooks"]["sync"]["webhook"]["url"]
    for ending, wanted in (("operator-tls", url), ("client-tls", "//metacontroller:")):
        data = only(manifests, "Secret", ending)["data"]
        assert data.keys() == {"ca.crt", "tls.crt", "tls.key"}
        ca, leaf = (
            x509.load_pem_x509_certificate(base64.b64decode(data[key]))
            for key in ("ca.crt", "tls.crt")
        )
        leaf.verify_directly_issued_by(ca)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert any(f"//{name}:" in wanted for name in names.get_values_for_type(x509.DNSName))
        assert 3649 <= (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 3650


@pytest.mark.parametrize(
    "values",
    [
        {"image": {"tag": "0.2.0"}},
        {"settings": {"log_level": "debug"}},
        {"compositeController": {"revision": "2"}},
    ],
    ids=["image", "settings", "revision"],
)
def test_the_revision_changes_with_the_hook(values: dict[str, Any]) -> None:
    """So that every cluster is synced by the new one at once; without a change it stays."""
    fixed = VALUE_SETS["existing-secrets"]
    before, again, after = (
        only(template(CHART, {**fixed, **change}), "CompositeController")["spec"]["hooks"]
        for change in ({}, {}, values)
    )
    assert before == again
    assert before["sync"]["webhook"]["url"] != after["sync"]["webhook"]["url"]


def test_nobody_but_metacontroller_and_prometheus_reaches_the_hook() -> None:
    """Prometheus on the port of the metrics alone; nothing leaves."""
    spec = only(rendered("monitoring"), "NetworkPolicy", "operator")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in spec
    metacontroller, prometheus = spec["ingress"]
    assert [port["port"] for port in metacontroller["ports"]] == [8443]
    assert [port["port"] for port in prometheus["ports"]] == [8081]
    [peer] = metacontroller["from"]
    assert peer.keys() == {"namespaceSelector", "podSelector"}


def test_the_embedded_metacontroller_is_the_one_that_is_let_in() -> None:
    """Its account is bound, its pods are the policy's, and its kinds are there before the rest."""
    manifests = rendered("everything-set")
    account = only(manifests, "ServiceAccount", "metacontroller")["metadata"]
    [subject] = only(manifests, "ClusterRoleBinding")["subjects"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    labels = only(manifests, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    [rule, *_] = only(manifests, "NetworkPolicy", "hook")["spec"]["ingress"]
    [peer] = rule["from"]
    assert peer["podSelector"]["matchLabels"].items() <= labels.items()
    assert set(peer["namespaceSelector"]["matchLabels"].values()) == {NAMESPACE}
    crds = CHART / "charts" / "metacontroller" / "crds" / "metacontroller.yaml"
    kinds = [one["spec"]["names"]["kind"] for one in yaml.safe_load_all(crds.read_text("utf-8"))]
    assert kinds == ["CompositeController", "DecoratorController", "ControllerRevision"]
    for one in yaml.safe_load_all(crds.read_text("utf-8")):
        assert schema_faults(one, VERSIONS[0]) == []


def test_nothing_of_metacontroller_is_there_unasked() -> None:
    """The embedded chart is off by default, and helm sees its kinds no more than its objects."""
    manifests = template(CHART, {}, "--include-crds")
    assert [one["kind"] for one in manifests if one["kind"] == "StatefulSet"] == []
    names = {
        one["metadata"]["name"] for one in manifests if one["kind"] == "CustomResourceDefinition"
    }
    assert names == {"wazuhclusters.resources.wazuh.com"}


def test_alerts_and_dashboard_ask_for_metrics_that_exist(metric_names: frozenset[str]) -> None:
    """A query for a metric nobody exposes never fires."""
    manifests = rendered("monitoring")
    rules = json.dumps(only(manifests, "PrometheusRule")["spec"])
    [dashboard] = only(manifests, "ConfigMap")["data"].values()
    assert json.loads(dashboard)["panels"]
    asked = set(METRIC.findall(rules)) | set(METRIC.findall(dashboard))
    assert len(asked) >= 4
    assert asked - metric_names == set()


def test_alerts_name_labels_that_the_hook_gives() -> None:
    """A misspelt outcome or reason never matches."""
    rules = json.dumps(only(rendered("monitoring"), "PrometheusRule")["spec"]).replace("\\", "")
    outcomes = re.findall(r'outcome="([a-z_]+)"', rules)
    [reasons] = re.findall(r'reason=~"([a-z_|]+)"', rules)
    assert set(outcomes) == {Outcome.ERROR, Outcome.FROZEN}
    assert set(reasons.split("|")) < {failure.name.lower() for failure in Failure}
