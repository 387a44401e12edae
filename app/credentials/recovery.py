"""What a person does when a Secret that cannot be guessed again is gone: commands to paste.

Under generateSelector Metacontroller shows a restored Secret only if it carries the label
``controller-uid`` of this WazuhCluster, and the garbage collector removes one whose
ownerReference names a uid that is gone. So each command sets the one and drops the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from app import names
from app.observed.request import SyncRequest, as_list, as_map
from app.result import Manifest


def restore_command(request: SyncRequest, secret: str) -> str:
    """Command that applies a backup of ``secret`` so that it is seen again."""
    patch = _patch(request, namespace=request.namespace, uid=None, resourceVersion=None)
    return (
        f"kubectl patch --local -f {secret}.yaml --type merge -p '{patch}' -o yaml"
        f" | kubectl -n {request.namespace} apply -f -"
    )


def label_command(request: SyncRequest, secret: str) -> str:
    """Command that makes an existing Secret visible to Metacontroller."""
    patch = _patch(request)
    return f"kubectl -n {request.namespace} patch secret {secret} --type merge -p '{patch}'"


def _patch(request: SyncRequest, **metadata: str | None) -> str:
    """JSON merge patch that gives a Secret our label and takes its owner away."""
    label = {names.LABEL_CONTROLLER_UID: request.uid}
    patch = {"metadata": {"ownerReferences": None, **metadata, "labels": label}}
    return orjson.dumps(patch).decode()


def recreate_command(request: SyncRequest, secret: str, used: Collection[str]) -> str:
    """Command that gives up a lost Secret and has it generated anew.

    A value acts once, so the command names one that is not among the ``used``.
    """
    values = (f"{secret}/again{number}" for number in ("", *range(2, len(used) + 3)))
    value = next(value for value in values if value not in used)
    return (
        f"kubectl -n {request.namespace} annotate --overwrite wazuhcluster {request.name}"
        f" {names.RECREATE_SECRET}={value}"
    )


def delete_command(namespace: str, secret: str) -> str:
    """Command that removes a Secret which is then made anew."""
    return f"kubectl -n {namespace} delete secret {secret}"


def foreign_owner(request: SyncRequest, manifest: Manifest) -> str | None:
    """``Kind name`` of somebody else who controls ``manifest``, or None.

    A WazuhCluster of this name that is gone (deleted, or left in another namespace) was this one.
    """
    owner = _controller(manifest)
    is_former = owner.get("kind") == names.KIND and owner.get("name") == request.name
    if not owner or owner.get("uid") == request.uid or is_former:
        return None
    return f"{owner.get('kind')} {owner.get('name')}"


def has_our_label(request: SyncRequest, manifest: Manifest) -> bool:
    """Whether Metacontroller will show ``manifest`` as a child of this WazuhCluster.

    It adopts what carries the label, unless an owner controls it already.
    """
    labels = as_map(as_map(manifest.get("metadata")).get("labels"))
    is_ours = labels.get(names.LABEL_CONTROLLER_UID) == request.uid
    return is_ours and _controller(manifest).get("uid", request.uid) == request.uid


def _controller(manifest: Manifest) -> Mapping[str, Any]:
    """The owner reference of the controller; empty if there is none."""
    references = as_list(as_map(manifest.get("metadata")).get("ownerReferences"))
    owners = (as_map(reference) for reference in references)
    return next((owner for owner in owners if owner.get("controller") is True), {})
