"""What a person does when a Secret that cannot be guessed again is gone: commands to paste.

Under generateSelector Metacontroller shows a restored Secret only if it carries the label
``controller-uid`` of this WazuhCluster, and the garbage collector removes one whose
ownerReference names a uid that is gone. So each command sets the one and drops the other.
"""

from __future__ import annotations

from app import names
from app.observed.request import SyncRequest, as_list, as_map
from app.result import Manifest


def restore_command(request: SyncRequest, secret: str) -> str:
    """Command that applies a backup of ``secret`` so that it is seen again."""
    patch = (
        '{"metadata":{"ownerReferences":null,"uid":null,"resourceVersion":null,'
        f'"labels":{{"{names.LABEL_CONTROLLER_UID}":"{request.uid}"}}}}}}'
    )
    return (
        f"kubectl patch --local -f {secret}.yaml --type merge -p '{patch}' -o yaml"
        f" | kubectl -n {request.namespace} apply -f -"
    )


def label_command(request: SyncRequest, secret: str) -> str:
    """Command that makes an existing Secret visible to Metacontroller."""
    patch = (
        '{"metadata":{"ownerReferences":null,'
        f'"labels":{{"{names.LABEL_CONTROLLER_UID}":"{request.uid}"}}}}}}'
    )
    return f"kubectl -n {request.namespace} patch secret {secret} --type merge -p '{patch}'"


def recreate_command(request: SyncRequest, secret: str) -> str:
    """Command that gives up a lost Secret and has it generated anew."""
    return (
        f"kubectl -n {request.namespace} annotate --overwrite wazuhcluster {request.name}"
        f" {names.RECREATE_SECRET}={secret}/again"
    )


def foreign_owner(request: SyncRequest, manifest: Manifest) -> str | None:
    """``Kind name`` of another controller that owns ``manifest``, or None."""
    for reference in as_list(as_map(manifest.get("metadata")).get("ownerReferences")):
        owner = as_map(reference)
        if owner.get("controller") is True and owner.get("uid") != request.uid:
            return f"{owner.get('kind')} {owner.get('name')}"
    return None


def has_our_label(request: SyncRequest, manifest: Manifest) -> bool:
    """Whether Metacontroller will show ``manifest`` as a child of this WazuhCluster."""
    labels = as_map(as_map(manifest.get("metadata")).get("labels"))
    return labels.get(names.LABEL_CONTROLLER_UID) == request.uid
