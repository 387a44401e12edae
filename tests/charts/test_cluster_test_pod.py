"""The pod of `helm test`: allowed everywhere, and its script says what a cluster answers.

The script is run as the pod would run it, with a real shell and a real curl, against servers on
loopback that have the certificates and know the account of a cluster in the simulator.
"""

from __future__ import annotations

import base64
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from app.hook.customize import customize
from app.hook.sync import finalize, sync
from app.names import DASHBOARD_PORT, INDEXER_REST_PORT
from app.result import Manifest
from app.schema.wazuhcluster import WazuhClusterSpec
from app.simulation.engine import Engine
from tests.charts.helm import CHARTS, NAMESPACE, RELEASE, template
from tests.kubernetes_schema import VERSIONS, schema_faults
from tests.pod_security import Level, violations

CHART: Final = CHARTS / "wazuh-cluster"
HEALTH: Final = "/_cluster/health?wait_for_status=yellow&wait_for_nodes=ge(1)&timeout=15s"
STATUS: Final = "/api/status"
POLICED: Final[Mapping[str, Any]] = {"networkPolicy": {"enabled": True}}
VALUES: Final[Mapping[str, Any]] = {
    "size": "xs",
    "spec": {"indexer": POLICED, "dashboard": POLICED, "manager": {"master": POLICED}},
}
_SECONDS: Final = 60


def pod_of(values: Mapping[str, Any]) -> Manifest:
    """The pod that the chart makes for `helm test`."""
    (found,) = (one for one in template(CHART, values) if one["kind"] == "Pod")
    return found


@cache
def cluster() -> Engine:
    """A cluster of the chart's at rest; it lives today, so its certificates are valid."""
    now = datetime.fromtimestamp(int(time.time()), UTC)
    engine = Engine.direct(sync, customize, finalize=finalize, now=now)
    (manifest,) = template(CHART, VALUES, "--skip-tests")
    engine.apply(manifest)
    assert engine.settle()
    return engine


def secret(name: str) -> dict[str, bytes]:
    """Data of a Secret of the cluster."""
    data = cluster().find("Secret", name)["data"]
    return {key: base64.b64decode(value) for key, value in data.items()}


# --- the pod ------------------------------------------------------------------------------------
@pytest.mark.parametrize("values", [{}, VALUES], ids=["default", "policed"])
def test_it_is_allowed_at_the_level_restricted(values: Mapping[str, Any]) -> None:
    """And it has no token of the API."""
    pod = pod_of(values)
    assert violations(pod, Level.RESTRICTED) == []
    assert pod["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_a_pod_to_the_letter(version: str) -> None:
    """The oldest and the newest Kubernetes know each field."""
    assert schema_faults(pod_of(VALUES), version) == []


def test_it_is_made_for_a_test_and_goes_with_its_success() -> None:
    """A failed one stays for its log, until the next test."""
    annotations = pod_of({})["metadata"]["annotations"]
    assert annotations == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }


def test_no_service_and_no_policy_takes_it_for_a_pod_of_a_tier() -> None:
    """Traffic for the cluster must not reach it, and no budget may count it."""
    labels = pod_of({})["metadata"]["labels"].items()
    engine = cluster()
    selectors = [
        *(one["spec"]["selector"] for one in engine.objects("Service")),
        *(one["spec"]["selector"]["matchLabels"] for one in engine.objects("StatefulSet")),
        *(one["spec"]["selector"]["matchLabels"] for one in engine.objects("PodDisruptionBudget")),
        *(one["spec"]["podSelector"]["matchLabels"] for one in engine.objects("NetworkPolicy")),
    ]
    assert len(selectors) > 8
    assert [one for one in selectors if one.items() <= labels] == []


def test_the_policies_let_it_ask() -> None:
    """The indexers' by its labels, the dashboard's because it lets everybody."""
    labels = pod_of({})["metadata"]["labels"].items()
    for name, port in ((f"{RELEASE}-indexer", 9200), (f"{RELEASE}-dashboard", 5601)):
        policy = cluster().find("NetworkPolicy", name)
        rules = [
            rule
            for rule in policy["spec"]["ingress"]
            if {"protocol": "TCP", "port": port} in rule["ports"]
        ]
        assert any(
            "from" not in rule
            or any(peer["podSelector"]["matchLabels"].items() <= labels for peer in rule["from"])
            for rule in rules
        ), name


def test_it_sees_no_key() -> None:
    """Of the indexers' certificates it is given what clients trust."""
    (volume,) = pod_of({})["spec"]["volumes"]
    assert volume["secret"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]


def test_it_runs_where_the_indexers_run() -> None:
    """With their image, from the same registry, on nodes that have it."""
    indexer = {
        "image": {"repository": "registry.example/indexer", "tag": "4.14.1-a"},
        "nodeSelector": {"pool": "index"},
        "tolerations": [{"operator": "Exists"}],
    }
    spec = {"indexer": indexer, "imagePullSecrets": [{"name": "pull"}]}
    pod = pod_of({"spec": spec})["spec"]
    assert pod["containers"][0]["image"] == "registry.example/indexer:4.14.1-a"
    assert pod["nodeSelector"] == {"pool": "index"}
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["imagePullSecrets"] == [{"name": "pull"}]


def test_without_a_wish_it_knows_the_defaults_of_the_api() -> None:
    """They stand in the templates once more, since a chart cannot ask the hook."""
    pod = pod_of({"size": "xs"})
    workload = cluster().find("StatefulSet", f"{RELEASE}-indexer")
    (indexer,) = workload["spec"]["template"]["spec"]["containers"]
    (asks,) = pod["spec"]["containers"]
    for field in ("image", "imagePullPolicy"):
        assert asks[field] == indexer[field]
    default = WazuhClusterSpec.model_validate({"version": "4.14.1"}).indexer.replicas
    nodes = environment(pod_of({"spec": {"indexer": {"replicas": None}}}))["NODES"]
    assert nodes == str(default)
    found = environment(pod)
    for name, port in (("INDEXER", INDEXER_REST_PORT), ("DASHBOARD", DASHBOARD_PORT)):
        assert urlsplit(found[name]).port == port


def test_it_asks_the_published_port() -> None:
    """A Service may publish another one."""
    rest = {"service": {"ports": [{"name": "rest", "port": 443}]}}
    https = {"service": {"ports": [{"name": "https", "port": 8443}]}}
    found = environment(pod_of({"spec": {"indexer": rest, "dashboard": https}}))
    assert found["INDEXER"] == f"https://{RELEASE}-indexer.{NAMESPACE}.svc:443"
    assert found["DASHBOARD"] == f"https://{RELEASE}-dashboard.{NAMESPACE}.svc:8443"


# --- its script ---------------------------------------------------------------------------------
def environment(pod: Manifest) -> dict[str, str]:
    """Variables of the pod's container, those from Secrets with the simulated cluster's values."""
    found = {}
    for one in pod["spec"]["containers"][0]["env"]:
        if "value" in one:
            found[one["name"]] = one["value"]
        else:
            key = one["valueFrom"]["secretKeyRef"]
            found[one["name"]] = secret(key["name"])[key["key"]].decode()
    return found


@contextmanager
def answering(leaf: str, folder: Path, codes: Mapping[str, int]) -> Iterator[tuple[int, list[str]]]:
    """A server with a leaf of the cluster; its port, and what it was asked for.

    ``codes``: answer by path to who has the administrator's account; the others get 401.
    """
    credentials = secret(f"{RELEASE}-indexer-credentials")
    account = credentials["admin-username"] + b":" + credentials["admin-password"]
    wanted = f"Basic {base64.b64encode(account).decode()}"
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            known = self.headers.get("Authorization") == wanted
            self.send_response(codes.get(self.path, 404) if known else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base
            del format, args

    data = secret(f"{RELEASE}-{leaf}-certs")
    for key in ("tls.crt", "tls.key"):
        (folder / f"{leaf}-{key}").write_bytes(data[key])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{leaf}-tls.crt", folder / f"{leaf}-tls.key")
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


def run(
    pod: Manifest, folder: Path, ports: Mapping[str, int], **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the pod's script. Mapped are the addresses, and the folder of the certificates."""
    found = environment(pod)
    (volume,) = pod["spec"]["volumes"]
    (folder / "ca.crt").write_bytes(secret(volume["secret"]["secretName"])["ca.crt"])
    lines = [
        f'connect-to = "{urlsplit(found[name]).netloc}:127.0.0.1:{port}"\n'
        for name, port in ports.items()
    ]
    (folder / ".curlrc").write_text("".join(lines))
    assert found["CURL_CA_BUNDLE"] == "/certs/ca.crt"
    found |= {"CURL_CA_BUNDLE": str(folder / "ca.crt"), "CURL_HOME": str(folder)}
    return subprocess.run(  # noqa: S603 - the chart's own script
        pod["spec"]["containers"][0]["command"],
        env={"PATH": "/usr/bin:/bin", **found, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def test_a_cluster_that_answers_passes(tmp_path: Path) -> None:
    """Both are asked by their names in the cluster, with the administrator's account."""
    with (
        answering("indexer", tmp_path, {HEALTH: 200}) as (indexer, asked),
        answering("dashboard", tmp_path, {STATUS: 200}) as (dashboard, asked_too),
    ):
        done = run(pod_of(VALUES), tmp_path, {"INDEXER": indexer, "DASHBOARD": dashboard})
    assert (done.returncode, done.stderr) == (0, "")
    assert (asked, asked_too) == ([HEALTH], [STATUS])


def test_a_dashboard_that_is_off_is_not_asked(tmp_path: Path) -> None:
    """There is none, so nothing is missing."""
    values = {"size": "xs", "spec": {"dashboard": {"enabled": False}}}
    with answering("indexer", tmp_path, {HEALTH: 200}) as (indexer, asked):
        done = run(pod_of(values), tmp_path, {"INDEXER": indexer})
    assert (done.returncode, asked) == (0, [HEALTH])


def test_another_password_fails_and_is_not_shown(tmp_path: Path) -> None:
    """The index knows another one than the Secret."""
    with answering("indexer", tmp_path, {HEALTH: 200}) as (indexer, asked):
        done = run(pod_of(VALUES), tmp_path, {"INDEXER": indexer}, ADMIN_PASSWORD="not-this-one")
    assert done.returncode != 0
    assert "401" in done.stderr
    assert asked == [HEALTH]
    assert "not-this-one" not in done.stdout + done.stderr


def test_a_dashboard_that_refuses_fails(tmp_path: Path) -> None:
    """A healthy index is not enough."""
    with (
        answering("indexer", tmp_path, {HEALTH: 200}) as (indexer, _),
        answering("dashboard", tmp_path, {STATUS: 403}) as (dashboard, asked),
    ):
        done = run(pod_of(VALUES), tmp_path, {"INDEXER": indexer, "DASHBOARD": dashboard})
    assert done.returncode != 0
    assert "403" in done.stderr
    assert asked == [STATUS]


def test_a_server_with_anothers_certificate_is_told_no_password(tmp_path: Path) -> None:
    """The dashboard's does not speak for the indexers: nothing is asked of it."""
    with answering("dashboard", tmp_path, {HEALTH: 200}) as (wrong, asked):
        done = run(pod_of(VALUES), tmp_path, {"INDEXER": wrong})
    assert done.returncode != 0
    assert asked == []
