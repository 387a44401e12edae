"""The customize hook: which objects besides our children a sync must see.

Metacontroller keeps the answer for a generation of the WazuhCluster, so it rests on the spec
alone; it never fails for an invalid one, or the status could not be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app import kinds, names
from app.errors import RequestError
from app.names import Names, Role
from app.observed.request import as_list, as_map, as_text
from app.resolve.custom_certificates import references_of


def customize(request: object) -> dict[str, Any]:
    """``{"relatedResources": […]}`` for a decoded customize request.

    The claims of the indexers by label, and by name the user's Secrets and our identity Secrets.
    Raises RequestError where there is no parent with a name.
    """
    parent = as_map(as_map(request).get("parent"))
    metadata = as_map(parent.get("metadata"))
    cluster, namespace = as_text(metadata.get("name")), as_text(metadata.get("namespace"))
    if cluster is None or namespace is None:
        raise RequestError("the parent has no name or namespace")
    named = Names(cluster=cluster, namespace=namespace, domain="")
    secrets = sorted({*named.identity_secrets, *_user_secrets(as_map(parent.get("spec")))})
    return {
        "relatedResources": [
            {
                "apiVersion": kinds.PERSISTENT_VOLUME_CLAIM.api_version,
                "resource": kinds.PERSISTENT_VOLUME_CLAIM.plural,
                "namespace": namespace,
                "labelSelector": {
                    "matchLabels": {
                        names.LABEL_NAME: names.APPLICATION[Role.INDEXER],
                        names.LABEL_INSTANCE: cluster,
                        names.LABEL_COMPONENT: str(Role.INDEXER),
                    }
                },
            },
            {
                "apiVersion": kinds.SECRET.api_version,
                "resource": kinds.SECRET.plural,
                "namespace": namespace,
                "names": secrets,
            },
        ]
    }


def _user_secrets(spec: Mapping[str, Any]) -> Iterator[str]:
    """Names of the Secrets that the spec refers to, read without validating it."""
    manager, auth = as_map(spec.get("manager")), _auth(spec)
    plugin = as_map(as_map(spec.get("dashboard")).get("wazuhPlugin"))
    default = as_map(plugin.get("defaultApiEndpoint"))
    references = [
        (as_map(as_map(spec.get("indexer")).get("credentials")), "secretName"),
        (as_map(manager.get("apiCredentials")), "secretName"),
        (as_map(manager.get("clusterKeySecretRef")), "name"),
        (as_map(manager.get("authdPasswordSecretRef")), "name"),
        (as_map(auth.get("passwordSecretRef")), "name"),
        (as_map(auth.get("sslAgentCASecretRef")), "name"),
        (as_map(default.get("credentialsSecret")), "secretName"),
    ]
    references += [
        (as_map(as_map(one).get("credentialsSecretRef")), "secretName")
        for one in as_list(plugin.get("apiEndpoints"))
    ]
    yield from references_of(spec).values()
    for reference, field in references:
        name = as_text(reference.get(field))
        if name is not None:
            yield name


def _auth(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    config = as_map(as_map(spec.get("manager")).get("config"))
    return as_map(config.get("auth"))
