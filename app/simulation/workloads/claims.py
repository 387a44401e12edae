"""Claims of a StatefulSet: made once per ordinal, kept unless the retention policy says Delete."""

from __future__ import annotations

from typing import Any, Final

from app.result import Manifest
from app.simulation.api_calls import CONFLICT, ApiError
from app.simulation.api_server import ApiServer

KIND: Final = "PersistentVolumeClaim"
ACTOR: Final = "statefulset-controller"


def claim_name(item: Manifest, template: Manifest, ordinal: int) -> str:
    """Name of one claim."""
    return f"{template['metadata']['name']}-{item['metadata']['name']}-{ordinal}"


def pod_volumes(item: Manifest, ordinal: int, spec: Manifest) -> list[dict[str, Any]]:
    """Volumes of a pod: claims first, then those of the template that they do not replace."""
    templates = item["spec"].get("volumeClaimTemplates", [])
    taken = {template["metadata"]["name"] for template in templates}
    return [
        *(
            {
                "name": template["metadata"]["name"],
                "persistentVolumeClaim": {"claimName": claim_name(item, template, ordinal)},
            }
            for template in templates
        ),
        *(volume for volume in spec.get("volumes", []) if volume["name"] not in taken),
    ]


def keep_claims(
    api: ApiServer, item: Manifest, ordinal: int, *, scaled_down: Manifest | None
) -> None:
    """Make the claims of an ordinal and let the retention policy show in their owners.

    ``scaled_down``: the pod of an ordinal that is on its way out; its claims are not made.
    ApiError 409 while an old claim of that name is still terminating.
    """
    namespace = item["metadata"]["namespace"]
    policy = item["spec"]["persistentVolumeClaimRetentionPolicy"]
    owners = []
    if policy["whenDeleted"] == "Delete":
        owners.append(_owner(item))
    if scaled_down is not None and policy["whenScaled"] == "Delete":
        owners = [_owner(scaled_down)]
    for template in item["spec"].get("volumeClaimTemplates", []):
        name = claim_name(item, template, ordinal)
        claim = api.find(KIND, namespace, name)
        if claim is None and scaled_down is None:
            api.create(_claim(item, template, name, owners), ACTOR)
        elif claim is not None and "deletionTimestamp" in claim["metadata"]:
            if scaled_down is None:
                raise ApiError(CONFLICT, "Terminating", f"{KIND} {name}")
        elif claim is not None and claim["metadata"].get("ownerReferences", []) != owners:
            api.update(
                {**claim, "metadata": {**claim["metadata"], "ownerReferences": owners}}, ACTOR
            )


def _claim(item: Manifest, template: Manifest, name: str, owners: list[Manifest]) -> Manifest:
    """Claim with the selector's labels, as the real controller sets them."""
    metadata: Manifest = {
        "name": name,
        "namespace": item["metadata"]["namespace"],
        "labels": {
            **template["metadata"].get("labels", {}),
            **item["spec"]["selector"].get("matchLabels", {}),
        },
    }
    if owners:
        metadata["ownerReferences"] = owners
    return {"apiVersion": "v1", "kind": KIND, "metadata": metadata, "spec": template["spec"]}


def _owner(owner: Manifest) -> Manifest:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
