"""Which cached objects are the children of a parent: claim, adopt, release."""

from __future__ import annotations

from app import names
from app.result import Manifest
from app.simulation.answers import AnswerError
from app.simulation.api import Api
from app.simulation.api_calls import NOT_FOUND, ApiError, controller_of
from app.simulation.informers import Informers
from app.simulation.kinds import Kind

ACTOR = "metacontroller"


def owner_reference(parent: Manifest) -> Manifest:
    """Reference that Metacontroller puts on every child."""
    return {
        "apiVersion": parent["apiVersion"],
        "kind": parent["kind"],
        "name": parent["metadata"]["name"],
        "uid": parent["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_selected(item: Manifest, parent: Manifest) -> bool:
    """Whether the label of generateSelector names this parent."""
    labels = item["metadata"].get("labels", {})
    return bool(labels.get(names.LABEL_CONTROLLER_UID) == parent["metadata"]["uid"])


def claimed(api: Api, informers: Informers, kind: Kind, parent: Manifest) -> list[Manifest]:
    """Children of one kind as they are cached; adopts and releases by live writes.

    AnswerError if such a write fails, which ends the sync before the hook is called.
    """
    namespace = parent["metadata"].get("namespace")
    return [
        item
        for item in informers.objects(kind.name)
        if item["metadata"].get("namespace") == namespace and _claim(api, item, parent)
    ]


def _claim(api: Api, item: Manifest, parent: Manifest) -> bool:
    terminating = "deletionTimestamp" in parent["metadata"]
    owner = controller_of(item)
    if owner is not None:
        if owner["uid"] != parent["metadata"]["uid"]:
            return False
        if is_selected(item, parent):
            return True
        if not terminating:
            _release(api, item, parent)
        return False
    if terminating or "deletionTimestamp" in item["metadata"] or not is_selected(item, parent):
        return False
    return _adopt(api, item, parent)


def _adopt(api: Api, item: Manifest, parent: Manifest) -> bool:
    metadata = parent["metadata"]
    live = api.find(parent["kind"], metadata["namespace"], metadata["name"])
    if live is None or live["metadata"]["uid"] != metadata["uid"]:
        raise AnswerError("adoption: the parent is another one")
    if "deletionTimestamp" in live["metadata"]:
        raise AnswerError("adoption: the parent is terminating")
    references = [*item["metadata"].get("ownerReferences", []), owner_reference(parent)]
    return _write_references(api, item, references)


def _release(api: Api, item: Manifest, parent: Manifest) -> None:
    uid = parent["metadata"]["uid"]
    rest = [r for r in item["metadata"]["ownerReferences"] if r["uid"] != uid]
    _write_references(api, item, rest)


def _write_references(api: Api, item: Manifest, references: list[Manifest]) -> bool:
    """GET and PUT with other ownerReferences; False if the object is gone."""
    metadata = item["metadata"]
    live = api.find(item["kind"], metadata["namespace"], metadata["name"])
    if live is None:
        return False
    changed = {**live, "metadata": {**live["metadata"], "ownerReferences": references}}
    try:
        api.update(changed, ACTOR)
    except ApiError as error:
        if error.code == NOT_FOUND:
            return False
        raise AnswerError(f"ownership of {item['kind']} {metadata['name']}: {error}") from error
    return True
