"""Both charts, installed by the real helm on a real API server, upgraded and uninstalled."""

from __future__ import annotations

import base64
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import yaml

from app import names
from app.result import Manifest
from app.simulation.api_calls import ApiError
from app.simulation.remote.connection import Connection
from tests.charts.helm import CHARTS, HelmError, helm
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import Namespaces

pytestmark = pytest.mark.timeout(300)

OPERATOR: Final = CHARTS / "wazuh-operator"
CLUSTER: Final = CHARTS / "wazuh-cluster"
RELEASE: Final = "r"
TLS: Final = f"{RELEASE}-wazuh-operator-tls"
TOKEN: Final = f"{RELEASE}-wazuh-operator-token"
HOOK: Final = f"{RELEASE}-wazuh-operator"
CONTROLLERS: Final = "/apis/metacontroller.k8s.io/v1alpha1/compositecontrollers"
DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLUSTER_ROLES: Final = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
BINDINGS: Final = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}
NOT_FOUND: Final = 404
#: Kinds that hold what was there before the release, or follows from a Pod.
_KINDS: Final = (
    "ConfigMap",
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    names.KIND,
)

Values = dict[str, Any]


class Release:
    """A release of a chart in a namespace, which has nobody else's objects."""

    def __init__(self, chart: Path, namespace: Namespace, folder: Path) -> None:
        """Nothing is installed yet; ``folder`` is for files."""
        self.chart = chart
        self.namespace = namespace
        self._file = folder / "values.yaml"
        self._kubeconfig = Path(os.environ["KUBECONFIG"]).absolute()

    def apply(self, values: Values, *arguments: str) -> None:
        """Install, or upgrade to exactly these values."""
        self._file.write_text(yaml.safe_dump(values), encoding="utf-8")
        self.run("upgrade", "--install", RELEASE, self.chart, "--values", self._file, *arguments)

    def uninstall(self) -> str:
        """What helm says of it."""
        return self.run("uninstall", RELEASE, "--wait")

    def run(self, *arguments: str | Path) -> str:
        """Helm in the namespace."""
        place = ("--namespace", self.namespace.name)
        return helm(*arguments, *place, kubeconfig=self._kubeconfig, seconds=200)

    def left(self) -> list[str]:
        """Every object in the namespace by kind and name, but what a namespace is born with."""
        found = [
            f"{kind} {one['metadata']['name']}"
            for kind in _KINDS
            for one in self.namespace.all(kind)
        ]
        born = ("ConfigMap kube-root-ca.crt", "ServiceAccount default")
        return sorted(one for one in found if one not in born)


@pytest.fixture
def operator(namespaces: Namespaces, tmp_path: Path) -> Release:
    """The hook's chart, for a namespace that takes restricted pods only."""
    return Release(OPERATOR, namespaces(RESTRICTED), tmp_path)


@pytest.fixture
def is_model() -> None:
    """A second registration is for the model only, which serves the one that it was started for."""
    if os.environ.get("E2E_METACONTROLLER") != "model":
        pytest.skip("the real Metacontroller would serve a second registration")


def _values(release: Release, **more: Any) -> Values:
    """Values with which nothing of the cluster under test is touched."""
    name = release.namespace.name
    return {"crd": {"create": False}, "compositeController": {"name": name}, **more}


def _controller(connection: Connection, release: Release) -> Manifest:
    return connection.call("GET", f"{CONTROLLERS}/{release.namespace.name}").body


def _find(connection: Connection, path: str) -> Manifest | None:
    try:
        return connection.call("GET", path).body
    except ApiError as error:
        if error.code == NOT_FOUND:
            return None
        raise


def _wide(connection: Connection, release: Release) -> list[str]:
    """Paths of cluster-wide objects of the release that are there."""
    name = release.namespace.name
    role = f"{name}:{HOOK}:metacontroller"
    paths = (f"{CONTROLLERS}/{name}", f"{CLUSTER_ROLES}/{role}", f"{BINDINGS}/{role}")
    return [path for path in paths if _find(connection, path) is not None]


@pytest.mark.usefixtures("is_model")
def test_the_operator_keeps_its_secrets_over_upgrades(
    operator: Release, connection: Connection
) -> None:
    """Its pods are admitted and get ready; an upgrade that changes nothing writes nothing of note.

    A new image changes the revision and rolls the pods; certificate and token stay until somebody
    deletes them, and then the revision changes as well.
    """
    namespace = operator.namespace
    values = _values(operator, clientTLS={"enabled": True})
    operator.apply(values, "--wait", "--timeout", "150s")
    assert namespace.get("Deployment", HOOK)["status"]["readyReplicas"] == 2
    assert len(_wide(connection, operator)) == 3
    secrets = {one["metadata"]["name"]: one for one in namespace.all("Secret")}
    controller = _controller(connection, operator)
    deployment = namespace.get("Deployment", HOOK)

    operator.apply(values)
    for name in (TLS, TOKEN, f"{RELEASE}-wazuh-operator-client-tls"):
        assert namespace.get("Secret", name)["data"] == secrets[name]["data"]
    assert _controller(connection, operator)["spec"] == controller["spec"]
    assert (
        namespace.get("Deployment", HOOK)["metadata"]["generation"]
        == deployment["metadata"]["generation"]
    )

    operator.apply({**values, "image": {"tag": "0.1.1"}})
    assert namespace.get("Secret", TLS)["data"] == secrets[TLS]["data"]
    assert namespace.get("Secret", TOKEN)["data"] == secrets[TOKEN]["data"]
    upgraded = _controller(connection, operator)
    assert _url(upgraded) != _url(controller)
    [container] = namespace.get("Deployment", HOOK)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "wazuh-hook:0.1.1"

    namespace.delete("Secret", TLS)
    operator.apply({**values, "image": {"tag": "0.1.1"}})
    assert namespace.get("Secret", TLS)["data"].keys() == {"ca.crt", "tls.crt", "tls.key"}
    assert namespace.get("Secret", TLS)["data"] != secrets[TLS]["data"]
    assert _url(_controller(connection, operator)) != _url(upgraded)

    operator.uninstall()
    wait_until(operator.left, 60)
    assert _wide(connection, operator) == []


@pytest.mark.usefixtures("is_model")
def test_a_secret_of_the_users_own_counts_by_its_version(
    operator: Release, connection: Connection
) -> None:
    """Helm neither owns nor reads it, but a change of it changes the revision."""
    namespace = operator.namespace
    namespace.create(_token("first"))
    values = _values(operator, token={"existingSecret": "mine"})
    operator.apply(values)
    url = _url(_controller(connection, operator))
    operator.apply(values)
    assert _url(_controller(connection, operator)) == url
    namespace.patch("Secret", "mine", {"data": _token("second")["data"]})
    operator.apply(values)
    assert _url(_controller(connection, operator)) != url
    operator.uninstall()
    wait_until(lambda: [one for one in operator.left() if one != "Secret mine"], 60)
    assert namespace.find("Secret", "mine") is not None
    assert _wide(connection, operator) == []


def test_the_definition_is_upgraded_and_stays(
    namespaces: Namespaces, connection: Connection, tmp_path: Path
) -> None:
    """The CRD of a copy of the chart, in a group of its own: new columns come, and it stays."""
    namespace = namespaces()
    chart, definition = _chart_of_its_own_group(tmp_path, namespace.name)
    release = Release(chart, namespace, tmp_path)
    values = _values(release, rbac={"create": False}, compositeController={"create": False})
    values["crd"] = {"create": True}
    path = f"{DEFINITIONS}/{definition}"
    try:
        release.apply(values)
        before = connection.call("GET", path).body["spec"]["versions"][0]
        file = chart / "files" / "crd.yaml"
        crd = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        columns = crd["spec"]["versions"][0]["additionalPrinterColumns"]
        assert before["additionalPrinterColumns"] == columns
        columns.append({"name": "New", "type": "string", "jsonPath": ".spec.version"})
        file.write_text(orjson.dumps(crd).decode(), encoding="utf-8")
        release.apply(values)
        after = connection.call("GET", path).body["spec"]["versions"][0]
        assert after["additionalPrinterColumns"] == columns
        assert "kept due to the resource policy" in release.uninstall()
        wait_until(release.left, 60)
        assert _find(connection, path) is not None
        release.apply(values)  # the same release takes up again what it has left
        release.uninstall()
    finally:
        with suppress(ApiError):
            connection.call("DELETE", path)


def test_a_definition_of_others_is_not_taken_over_unasked(
    operator: Release, connection: Connection
) -> None:
    """The CRD of the cluster under test was applied by hand; helm says so, and makes nothing."""
    with pytest.raises(HelmError, match="cannot be imported into the current release"):
        operator.apply({"compositeController": {"create": False}, "rbac": {"create": False}})
    assert [one for one in operator.left() if not one.startswith("Secret sh.helm.")] == []
    definition = connection.call("GET", f"{DEFINITIONS}/{names.PLURAL}.{names.GROUP}").body
    assert "meta.helm.sh/release-name" not in definition["metadata"].get("annotations", {})


@pytest.mark.usefixtures("is_model")
def test_helm_test_leaves_nothing(operator: Release) -> None:
    """Its pod is admitted as restricted, and it goes and its policy with it.

    The pods of these clusters run nothing, so a person says that it has succeeded.
    """
    operator.apply(_values(operator), "--wait", "--timeout", "150s")
    said: list[str] = []
    running = threading.Thread(
        target=lambda: said.append(operator.run("test", RELEASE, "--timeout", "90s"))
    )
    running.start()
    namespace = operator.namespace
    wait_until(lambda: namespace.find("Pod", f"{HOOK}-test") is None, 60)
    assert namespace.find("NetworkPolicy", f"{HOOK}-test") is not None
    wait_until(lambda: _phase(namespace) == "Pending", 60)
    namespace.patch("Pod", f"{HOOK}-test", {"status": {"phase": "Succeeded"}}, "status")
    running.join(120)
    assert [text for text in said if "Phase:          Succeeded" in text] == said != []
    wait_until(lambda: namespace.find("Pod", f"{HOOK}-test"), 60)
    assert namespace.find("NetworkPolicy", f"{HOOK}-test") is None
    operator.uninstall()
    wait_until(operator.left, 60)


def test_a_cluster_runs_is_upgraded_and_goes(namespaces: Namespaces, tmp_path: Path) -> None:
    """The chart of a cluster: Running, another number of workers, and nothing left but claims."""
    release = Release(CLUSTER, namespaces(), tmp_path)
    namespace = release.namespace
    release.apply({"size": "xs"})
    [parent] = namespace.all(names.KIND)
    name = parent["metadata"]["name"]
    namespace.wait_running(name)
    workers = f"{name}-manager-worker"
    before = namespace.get("StatefulSet", workers)["spec"]["replicas"]
    spec = {"manager": {"workers": {"replicas": before + 1}}}
    release.apply({"size": "xs", "spec": spec})
    namespace.wait_running(name)
    assert namespace.get("StatefulSet", workers)["spec"]["replicas"] == before + 1
    assert namespace.get(names.KIND, name)["metadata"]["uid"] == parent["metadata"]["uid"]
    release.uninstall()
    wait_until(release.left, 120)
    assert namespace.all("PersistentVolumeClaim") != []


def _phase(namespace: Namespace) -> str:
    pod = namespace.find("Pod", f"{HOOK}-test") or {}
    return str(pod.get("status", {}).get("phase"))


def _url(controller: Manifest) -> str:
    return str(controller["spec"]["hooks"]["sync"]["webhook"]["url"])


def _token(text: str) -> Manifest:
    data = {"token": base64.b64encode(text.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "data": data}


def _chart_of_its_own_group(folder: Path, group: str) -> tuple[Path, str]:
    """A copy of the chart whose CRD nobody else has; the name of that."""
    chart = folder / OPERATOR.name
    shutil.copytree(OPERATOR, chart)
    file = chart / "files" / "crd.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(names.GROUP, f"{group}.example.com"), encoding="utf-8")
    return chart, f"{names.PLURAL}.{group}.example.com"
