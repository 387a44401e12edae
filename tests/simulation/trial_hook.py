"""A small hook for the engine's own tests: one Secret, one ConfigMap, a StatefulSet, a Deployment.

It keeps the rules of a real one (nothing derives from what the same call generated), so it
converges; its spec can ask it to misbehave in one way at a time.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from app import names
from app.entropy import Entropy
from app.result import Manifest, Outcome, Report, Response, Result
from app.simulation.api_server import Admission, ApiServer
from app.simulation.assertions import Rule
from app.simulation.engine import Engine, Setup
from app.simulation.hook import Hook, HookAnswer
from app.simulation.informers import UniformLag
from app.simulation.timeline import Timeline

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
NAMESPACE: Final = "demo"
NAME: Final = "wz"
SECRET: Final = f"{NAME}-ca"
AT_ONCE: Final = Setup(lag=UniformLag(0, 0))


def parent(**spec: Any) -> Manifest:
    """A WazuhCluster for the trial hook."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"replicas": 3, "text": "a: 1\n", **spec},
    }


def engine(*, seed: int = 0, setup: Setup | None = None, **spec: Any) -> Engine:
    """Engine with the trial hook and one WazuhCluster."""
    made = Engine.direct(sync, customize, now=NOW, seed=seed, setup=setup)
    made.apply(parent(**spec))
    return made


def empty_server(admission: Admission | None = None) -> ApiServer:
    """API server without an object, at the start of time."""
    rng = random.Random(0)  # noqa: S311 - a seeded model, no secrets
    return ApiServer(Timeline(NOW), rng, admission)


def customize(request: Manifest) -> dict[str, Any]:
    """Ask for the user's Secret and for the claims of the StatefulSet."""
    del request
    return {
        "relatedResources": [
            {
                "apiVersion": "v1",
                "resource": "secrets",
                "namespace": NAMESPACE,
                "names": ["mine", SECRET],
            },
            {
                "apiVersion": "v1",
                "resource": "persistentvolumeclaims",
                "namespace": NAMESPACE,
                "labelSelector": {"matchLabels": {names.LABEL_INSTANCE: NAME}},
            },
        ]
    }


def sync(request: Manifest, *, now: datetime, entropy: Entropy) -> Result:
    """Answer one request."""
    cluster, spec = request["parent"], request["parent"]["spec"]
    secret = _observed(request, "Secret.v1", SECRET)
    stateful_set = _observed(request, "StatefulSet.apps/v1", f"{NAME}-indexer")
    key = secret["data"]["ca.key"] if secret else _generated(entropy)
    children = [_secret(key), _config_map(spec), _service()]
    if secret or stateful_set:
        children.append(_stateful_set(spec, key))
        if spec.get("dashboard", True):
            children.append(_deployment(spec))
    ready = (stateful_set or {}).get("status", {}).get("readyReplicas", 0)
    settled = ready == spec["replicas"] and _is_rolled(stateful_set)
    status: dict[str, Any] = {"phase": "Running" if settled else "Creating", "ready": ready}
    _misbehave(spec.get("mischief"), children, status, now)
    response = Response(
        status=status,
        children=tuple(children),
        resync_after_seconds=0 if settled else 10,
        finalized=spec.get("mischief") == "finalized",
    )
    return Result(response=response, report=_report(cluster, len(children)))


def finalize(request: Manifest, *, now: datetime, entropy: Entropy) -> Result:
    """Keep everything but the StatefulSet; finished when it is not observed any more."""
    result = sync(request, now=now, entropy=entropy)
    left = _observed(request, "StatefulSet.apps/v1", f"{NAME}-indexer")
    children = tuple(c for c in result.response.children if c["kind"] != "StatefulSet")
    return Result(
        response=Response(status={"phase": "Deleting"}, children=children, finalized=left is None),
        report=result.report,
    )


class ScriptedHook:
    """A hook that gives prepared answers, the last one for ever."""

    def __init__(self, *answers: HookAnswer) -> None:
        """Answers of sync, in order."""
        self.answers = list(answers)
        self.requests: list[Manifest] = []

    def sync(self, request: Manifest) -> HookAnswer:
        """Next answer."""
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def finalize(self, request: Manifest) -> HookAnswer:
        """As sync."""
        return self.sync(request)

    def customize(self, request: Manifest) -> HookAnswer:
        """Nothing related."""
        del request
        return HookAnswer(status=200, body={"relatedResources": []})


class ChangedHook:
    """Another hook whose sync answers are watched or changed on their way."""

    def __init__(self, inner: Hook, change: Callable[[Manifest, HookAnswer], HookAnswer]) -> None:
        """``change``: from request and answer to the answer that is given."""
        self.inner = inner
        self.change = change

    def sync(self, request: Manifest) -> HookAnswer:
        """The changed answer."""
        return self.change(request, self.inner.sync(request))

    def finalize(self, request: Manifest) -> HookAnswer:
        """Unchanged."""
        return self.inner.finalize(request)

    def customize(self, request: Manifest) -> HookAnswer:
        """Unchanged."""
        return self.inner.customize(request)


def scripted(*answers: HookAnswer, setup: Setup = AT_ONCE) -> tuple[Engine, ScriptedHook]:
    """Engine with prepared answers and one WazuhCluster, shortly after its creation."""
    hook = ScriptedHook(*answers)
    made = Engine(hook, now=NOW, setup=setup)
    made.apply(parent())
    return made, hook


def rules(made: Engine) -> set[Rule]:
    """Rules that were broken."""
    return {violation.rule for violation in made.violations}


def answer(*children: Any, **fields: Any) -> HookAnswer:
    """A 200 with these children."""
    return HookAnswer(status=200, body={"status": {}, "children": list(children), **fields})


def config_map(name: str, **fields: Any) -> Manifest:
    """A ConfigMap as a hook emits it."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **fields}


def _misbehave(how: str | None, children: list[Any], status: dict[str, Any], now: datetime) -> None:
    """Change an answer in the way the spec asks for."""
    by_kind = {child["kind"]: child for child in children}
    match how:
        case "null-child":
            children.append(None)
        case "null-field":
            by_kind["ConfigMap"]["metadata"]["annotations"] = None
        case "clock":
            status["now"] = now.isoformat()
        case "quantity" if "StatefulSet" in by_kind:
            template = by_kind["StatefulSet"]["spec"]["template"]["spec"]
            template["containers"][0]["resources"] = {"requests": {"memory": "1024Mi"}}
        case "claim-template" if "StatefulSet" in by_kind:
            for claim in by_kind["StatefulSet"]["spec"]["volumeClaimTemplates"]:
                del claim["status"]
        case "immutable" if "StatefulSet" in by_kind:
            by_kind["StatefulSet"]["spec"]["serviceName"] = "other"
        case "forgets":
            children[:] = [child for child in children if child["kind"] != "StatefulSet"]
        case _:
            pass


def _meta(name: str, role: str = "pki") -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "labels": _labels(role)}


def _labels(role: str) -> dict[str, str]:
    return {names.LABEL_INSTANCE: NAME, names.LABEL_COMPONENT: role}


def _secret(key: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _meta(SECRET),
        "type": "Opaque",
        "data": {"ca.key": key},
    }


def _config_map(spec: Manifest) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _meta(f"{NAME}-config"),
        "data": {"file": spec["text"]},
    }


def _service() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(f"{NAME}-headless"),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "ports": [{"name": "rest", "port": 9200, "protocol": "TCP", "targetPort": "rest"}],
            "selector": _labels("indexer"),
        },
    }


def _pod(role: str, annotations: dict[str, str]) -> Manifest:
    mounts = [{"name": "config", "mountPath": "/etc/file", "subPath": "file"}]
    if role == "indexer":
        mounts.append({"name": "data", "mountPath": "/data"})
    variable = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": SECRET, "key": "ca.key"}}}
    return {
        "metadata": {"labels": _labels(role), "annotations": annotations},
        "spec": {
            "containers": [
                {"name": "main", "image": "trial:1", "env": [variable], "volumeMounts": mounts}
            ],
            "volumes": [{"name": "config", "configMap": {"name": f"{NAME}-config"}}],
        },
    }


def _stateful_set(spec: Manifest, key: str) -> Manifest:
    annotations = {"trial/key": key[:8], "trial/text": spec["text"].strip()}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "volumeMode": "Filesystem",
        },
        "status": {"phase": "Pending"},
    }
    wanted: dict[str, Any] = {
        "replicas": spec["replicas"],
        "podManagementPolicy": "Parallel",
        "serviceName": f"{NAME}-headless",
        "selector": {"matchLabels": _labels("indexer")},
        "template": _pod("indexer", annotations),
        "volumeClaimTemplates": [claim],
        **spec.get("workload", {}),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": _meta(f"{NAME}-indexer", "indexer"),
        "spec": wanted,
    }


def _deployment(spec: Manifest) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(f"{NAME}-dashboard", "dashboard"),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": _labels("dashboard")},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": _pod("dashboard", {"trial/text": spec["text"].strip()}),
        },
    }


def _generated(entropy: Entropy) -> str:
    return base64.b64encode(entropy.bytes(f"{SECRET}/ca.key", 24)).decode()


def _observed(request: Manifest, group: str, name: str) -> Manifest | None:
    found = request["children"][group].values()
    return next((item for item in found if item["metadata"]["name"] == name), None)


def _is_rolled(item: Manifest | None) -> bool:
    status = (item or {}).get("status", {})
    return bool(
        item
        and status.get("observedGeneration") == item["metadata"]["generation"]
        and status.get("currentRevision") == status.get("updateRevision")
    )


def _report(cluster: Manifest, emitted: int) -> Report:
    metadata = cluster["metadata"]
    return Report(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata["generation"],
        outcome=Outcome.APPLIED,
        is_ready=False,
        phase="",
        observed=0,
        emitted=emitted,
    )
