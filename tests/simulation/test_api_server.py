"""The API server in memory: numbers, conflicts, finalizers, useless writes, injected faults."""

from __future__ import annotations

from typing import Any

import pytest

from app.result import Manifest
from app.simulation.api_calls import ApiError, EventType, key_of
from app.simulation.api_server import ApiServer
from tests.simulation.trial_hook import config_map, empty_server, parent

ACTOR = "me"


@pytest.fixture
def api() -> ApiServer:
    """An empty server."""
    return empty_server()


def placed(manifest: Manifest) -> Manifest:
    """The manifest in a namespace."""
    return {**manifest, "metadata": {"namespace": "demo", **manifest["metadata"]}}


def stateful_set(**spec: Any) -> Manifest:
    """A StatefulSet in its shortest form."""
    labels = {"app": "x"}
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "x", "namespace": "demo"},
        "spec": {
            "serviceName": "x",
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "i:1"}]},
            },
            "volumeClaimTemplates": [claim],
            **spec,
        },
    }


def refused(error: pytest.ExceptionInfo[ApiError]) -> tuple[int, str]:
    """Code and reason."""
    return error.value.code, error.value.reason


def test_a_new_object_is_numbered(api: ApiServer) -> None:
    """The body's uid, version, generation and status do not count."""
    item = stateful_set(replicas=2)
    item["metadata"] |= {"uid": "mine", "resourceVersion": "9", "generation": 7}
    made = api.create({**item, "status": {"replicas": 5}}, ACTOR)
    assert made["metadata"]["uid"] != "mine"
    assert made["metadata"]["generation"] == 1
    assert made["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert made["status"] == {"availableReplicas": 0, "replicas": 0}


@pytest.mark.parametrize(
    ("manifest", "counts"),
    [
        pytest.param(stateful_set(), True, id="StatefulSet"),
        pytest.param(parent(), True, id="the parent"),
        pytest.param(placed(config_map("x")), False, id="ConfigMap"),
    ],
)
def test_some_kinds_count_generations(api: ApiServer, manifest: Manifest, *, counts: bool) -> None:
    """Core kinds and RBAC have none."""
    assert ("generation" in api.create(manifest, ACTOR)["metadata"]) is counts


def test_a_taken_name_is_refused_even_while_it_terminates(api: ApiServer) -> None:
    """A terminating object counts."""
    item = placed(config_map("x"))
    item["metadata"]["finalizers"] = ["a/b"]
    api.create(item, ACTOR)
    api.delete(("ConfigMap", "demo", "x"), ACTOR)
    with pytest.raises(ApiError) as error:
        api.create(item, ACTOR)
    assert refused(error) == (409, "AlreadyExists")


def test_a_write_from_a_stale_view_is_a_conflict(api: ApiServer) -> None:
    """The optimistic lock is the resourceVersion."""
    first = api.create(placed(config_map("x", data={"a": "1"})), ACTOR)
    api.update({**first, "data": {"a": "2"}}, ACTOR)
    with pytest.raises(ApiError) as error:
        api.update({**first, "data": {"a": "3"}}, ACTOR)
    assert refused(error) == (409, "Conflict")
    with pytest.raises(ApiError) as error:
        api.update(placed(config_map("y")), ACTOR)
    assert refused(error) == (404, "NotFound")


def test_a_spec_moves_the_generation_and_a_status_does_not(api: ApiServer) -> None:
    """Labels move neither."""
    made = api.create(stateful_set(), ACTOR)
    status = api.update_status({**made, "spec": {}, "status": {"replicas": 1}}, ACTOR)
    assert status["metadata"]["generation"] == 1
    assert status["spec"] == made["spec"]
    labelled = api.update(
        {**status, "metadata": {**status["metadata"], "labels": {"a": "b"}}, "status": {}}, ACTOR
    )
    assert labelled["metadata"]["generation"] == 1
    assert labelled["status"] == {"replicas": 1}
    scaled = api.update({**labelled, "spec": {**labelled["spec"], "replicas": 4}}, ACTOR)
    assert scaled["metadata"]["generation"] == 2
    versions = [int(i["metadata"]["resourceVersion"]) for i in (made, status, labelled, scaled)]
    assert versions == sorted(set(versions))


def test_a_write_that_changes_nothing_sends_no_event(api: ApiServer) -> None:
    """The log says where what was sent is stored otherwise."""
    events: list[EventType] = []
    api.watch(lambda event: events.append(event.type))
    made = api.create(stateful_set(), ACTOR)
    sent = stateful_set()
    again = api.update(sent, ACTOR)
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert events == [EventType.ADDED]
    write = api.log.writes[-1]
    assert (write.code, write.changed) == (200, False)
    shorter = {
        **made,
        "spec": {**made["spec"], "volumeClaimTemplates": sent["spec"]["volumeClaimTemplates"]},
    }
    api.update(shorter, ACTOR)
    assert api.log.writes[-1].detail == "spec.volumeClaimTemplates[0].apiVersion"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"serviceName": "y"}, "spec.serviceName", id="serviceName"),
        pytest.param({"podManagementPolicy": "Parallel"}, "spec.podManagementPolicy", id="policy"),
        pytest.param({"volumeClaimTemplates": []}, "spec.volumeClaimTemplates", id="claims"),
        pytest.param(
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 0}}},
            "spec.updateStrategy.rollingUpdate",
            id="OnDelete with a block of its own",
        ),
    ],
)
def test_immutable_fields_of_a_stateful_set(
    api: ApiServer, change: dict[str, Any], path: str
) -> None:
    """One PUT is refused as a whole, so the replicas do not move either."""
    made = api.create(stateful_set(), ACTOR)
    with pytest.raises(ApiError, match=path) as error:
        api.update({**made, "spec": {**made["spec"], **change, "replicas": 9}}, ACTOR)
    assert error.value.code == 422
    assert api.get(*key_of(made))["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    "field",
    ["replicas", "minReadySeconds", "revisionHistoryLimit", "template", "updateStrategy"],
)
def test_the_rest_of_a_stateful_set_may_change(api: ApiServer, field: str) -> None:
    """What a hook may send."""
    values: dict[str, Any] = {
        "template": stateful_set()["spec"]["template"] | {"spec": {"containers": [{"name": "d"}]}},
        "updateStrategy": {"type": "OnDelete"},
    }
    made = api.create(stateful_set(), ACTOR)
    changed = api.update({**made, "spec": {**made["spec"], field: values.get(field, 5)}}, ACTOR)
    assert changed["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            {"kind": "Secret", "type": "Opaque"}, {"type": "kubernetes.io/x"}, id="type of a Secret"
        ),
        pytest.param(
            {"kind": "ConfigMap", "immutable": True, "data": {"a": "1"}},
            {"data": {"a": "2"}},
            id="immutable ConfigMap",
        ),
        pytest.param(
            {
                "kind": "Service",
                "spec": {"type": "LoadBalancer", "ports": [{"port": 1}], "selector": {"a": "b"}},
            },
            {
                "spec": {
                    "type": "LoadBalancer",
                    "loadBalancerClass": "example.com/a",
                    "ports": [{"port": 1}],
                }
            },
            id="class of a load balancer",
        ),
    ],
)
def test_immutable_fields_of_core_kinds(api: ApiServer, old: Manifest, new: Manifest) -> None:
    """422, not a conflict."""
    made = api.create({"apiVersion": "v1", "metadata": {"name": "x", "namespace": "d"}, **old}, "")
    with pytest.raises(ApiError, match="immutable"):
        api.update({**made, **new}, ACTOR)


def test_a_role_binding_keeps_its_role(api: ApiServer) -> None:
    """Its roleRef is immutable, its subjects are not."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "x", "namespace": "demo"},
        "roleRef": {"kind": "Role", "name": "a", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "demo"}],
    }
    made = api.create(binding, ACTOR)
    with pytest.raises(ApiError, match="roleRef"):
        api.update({**made, "roleRef": {**made["roleRef"], "name": "b"}}, ACTOR)
    assert "subjects" not in api.update({**made, "subjects": []}, ACTOR)


def test_finalizers_hold_a_deleted_object(api: ApiServer) -> None:
    """The last one that goes takes the object with it."""
    item = placed(config_map("x"))
    item["metadata"]["finalizers"] = ["a/b"]
    made = api.create(item, ACTOR)
    key = key_of(made)
    with pytest.raises(ApiError) as error:
        api.delete(key, ACTOR, uid="another")
    assert error.value.code == 409
    api.delete(key, ACTOR, uid=made["metadata"]["uid"])
    held = api.get(*key)
    assert "deletionTimestamp" in held["metadata"]
    api.update({**held, "metadata": {**held["metadata"], "finalizers": []}}, ACTOR)
    assert api.find(*key) is None


def test_refused_calls_are_counted_down(api: ApiServer) -> None:
    """An injected fault ends by itself or is lifted."""
    api.log.refuse("create", "ConfigMap", "x", 403, times=1)
    api.log.refuse("create", "ConfigMap", "y", 503)
    api.create(placed(config_map("z")), ACTOR)
    for name, code in (("x", 403), ("y", 503), ("y", 503)):
        with pytest.raises(ApiError) as error:
            api.create(placed(config_map(name)), ACTOR)
        assert error.value.code == code
    api.create(placed(config_map("x")), ACTOR)
    api.log.accept()
    api.create(placed(config_map("y")), ACTOR)
    assert [write.code for write in api.log.writes] == [201, 403, 503, 503, 201, 201]


def test_too_many_annotations_are_refused(api: ApiServer) -> None:
    """All annotations of an object together may have 256 KiB."""
    item = placed(config_map("x"))
    item["metadata"]["annotations"] = {"a": "x" * 262_144}
    with pytest.raises(ApiError, match="annotations"):
        api.create(item, ACTOR)


def test_managed_fields_tell_who_wrote_what(api: ApiServer) -> None:
    """A later writer takes over the fields that it changed."""
    made = api.create(placed(config_map("x", data={"a": "1", "b": "1"})), "first")
    changed = api.update({**made, "data": {"a": "1", "b": "2"}}, "second")
    entries = {e["manager"]: e["fieldsV1"] for e in changed["metadata"]["managedFields"]}
    assert entries["first"]["f:data"] == {"f:a": {}}
    assert entries["second"]["f:data"] == {"f:b": {}}


def test_a_schema_may_refuse_and_prune_the_parent() -> None:
    """`admission` stands for the CRD."""

    def admission(item: Manifest) -> Manifest:
        if "bad" in item["spec"]:
            raise ValueError("spec.bad: unknown")
        status = {k: v for k, v in item.get("status", {}).items() if k != "pruned"}
        return {**item, "status": status}

    api = empty_server(admission)
    with pytest.raises(ApiError, match="unknown"):
        api.create(parent(bad=1), ACTOR)
    made = api.create(parent(), ACTOR)
    written = api.update_status({**made, "status": {"phase": "x", "pruned": 1}}, ACTOR)
    assert written["status"] == {"phase": "x"}
