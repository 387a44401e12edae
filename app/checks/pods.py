"""Knobs of the tiers' pods that must not fight with what the operator sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from app.checks.tiers import TierKnobs
from app.faults import Fault, frozen, warning
from app.names import ANNOTATION_PREFIX, METACONTROLLER_PREFIX, OUR_LABELS, Role

_INDEXER_ACCOUNT: Final = "use spec.indexer.credentials"
_API_ACCOUNT: Final = "use spec.manager.apiCredentials"
_CERTIFICATES: Final = "certificates are the operator's; there is no field for it"
_PLUGIN: Final = "use spec.dashboard.wazuhPlugin"
_MANAGER_ENV: Final[Mapping[str, str]] = {
    "API_PASSWORD": _API_ACCOUNT,
    "API_USERNAME": _API_ACCOUNT,
    "FILEBEAT_SSL_VERIFICATION_MODE": "use spec.manager.filebeatSSLVerificationMode",
    "INDEXER_PASSWORD": _INDEXER_ACCOUNT,
    "INDEXER_URL": "it follows spec.indexer.service",
    "INDEXER_USERNAME": _INDEXER_ACCOUNT,
    "SSL_CERTIFICATE": _CERTIFICATES,
    "SSL_CERTIFICATE_AUTHORITIES": _CERTIFICATES,
    "SSL_KEY": _CERTIFICATES,
    "WAZUH_ADMIN_PASSWORD": _API_ACCOUNT,
    "WAZUH_CLUSTER_KEY": "use spec.manager.clusterKeySecretRef",
}
_DASHBOARD_ACCOUNT: Final = "the account kibanaserver is the operator's; there is no field for it"
_FOLDERS: Final = "the image's folders are fixed; there is no field for it"
#: Variables that ours, or the image's own edits of wazuh.yml, depend on; with what to use instead.
PROTECTED_ENV: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.INDEXER: {
        "OPENSEARCH_JAVA_OPTS": "use spec.indexer.javaOpts",
        "POD_NAME": "it is the pod's own name",
    },
    Role.MANAGER_MASTER: _MANAGER_ENV,
    Role.MANAGER_WORKER: _MANAGER_ENV,
    Role.DASHBOARD: {
        "API_PASSWORD": _API_ACCOUNT,
        "API_PORT": "the API's port is fixed",
        "API_SELECTOR": _PLUGIN,
        "API_USERNAME": _API_ACCOUNT,
        "APP_TIMEOUT": _PLUGIN,
        "CHECKS_API": _PLUGIN,
        "CHECKS_PATTERN": _PLUGIN,
        "CHECKS_SETUP": _PLUGIN,
        "CHECKS_TEMPLATE": _PLUGIN,
        "COOKIE_PASSWORD": "the operator generates it; there is no field for it",
        "DASHBOARD_PASSWORD": _DASHBOARD_ACCOUNT,
        "DASHBOARD_USERNAME": _DASHBOARD_ACCOUNT,
        "DATA_PATH": _FOLDERS,
        "IP_IGNORE": _PLUGIN,
        "IP_SELECTOR": _PLUGIN,
        "NODE_HOME": _FOLDERS,
        "OSD_NODE_HOME": _FOLDERS,
        "PATTERN": _PLUGIN,
        "RUN_AS": "use spec.dashboard.wazuhPlugin.defaultApiEndpoint.runAs",
        "WAZUH_API_URL": "use spec.dashboard.wazuhPlugin.apiEndpoints",
        "WAZUH_MONITORING_ENABLED": _PLUGIN,
        "WAZUH_MONITORING_FREQUENCY": _PLUGIN,
        "WAZUH_MONITORING_REPLICAS": _PLUGIN,
        "WAZUH_MONITORING_SHARDS": _PLUGIN,
    },
}

#: User of the indexer's and the dashboard's image.
_IMAGE_USER: Final = 1000
_OUR_PREFIXES: Final = (ANNOTATION_PREFIX, METACONTROLLER_PREFIX)


def check_annotations(path: str, keys: Iterable[str]) -> Iterator[Fault]:
    """Keys of ours among annotations or labels at ``path``.

    A Service's count too: Metacontroller keeps its state in annotations of every child.
    """
    for key in sorted(keys):
        if key.startswith(_OUR_PREFIXES):
            yield frozen(
                path,
                f'"{key}" is the operator\'s; '
                f"allowed: keys that begin neither with {' nor with '.join(_OUR_PREFIXES)}",
            )


def check_pods(tier: TierKnobs) -> Iterator[Fault]:
    """Faults of a tier's environment, labels, annotations and security contexts."""
    yield from _environment(tier)
    yield from _metadata(tier)
    yield from _security(tier)


def _environment(tier: TierKnobs) -> Iterator[Fault]:
    protected = PROTECTED_ENV[tier.role]
    for index, variable in enumerate(tier.spec.env):
        hint = protected.get(variable.get("name", ""))
        if hint is not None:
            yield frozen(
                f"{tier.path}.env[{index}].name",
                f"{variable['name']} is set by the operator or its image; {hint}",
            )


def _metadata(tier: TierKnobs) -> Iterator[Fault]:
    """Keys of ours in what the user puts on the workload, its pods and its Service."""
    yield from check_annotations(f"{tier.path}.annotations", tier.spec.annotations)
    yield from check_annotations(f"{tier.path}.podAnnotations", tier.spec.pod_annotations)
    yield from check_annotations(f"{tier.path}.podLabels", tier.spec.pod_labels)
    yield from check_annotations(f"{tier.path}.service.annotations", tier.service.annotations)
    for key in sorted(OUR_LABELS & tier.spec.pod_labels.keys()):
        if not key.startswith(_OUR_PREFIXES):
            yield frozen(
                f"{tier.path}.podLabels",
                f'"{key}" is set by the operator; allowed: other keys than '
                f"{', '.join(sorted(OUR_LABELS))}",
            )


def _security(tier: TierKnobs) -> Iterator[Fault]:
    contexts: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("securityContext", tier.spec.security_context),
        ("containerSecurityContext", tier.spec.container_security_context),
    )
    if tier.spec.container_security_context.get("readOnlyRootFilesystem") is True:
        yield frozen(
            f"{tier.path}.containerSecurityContext.readOnlyRootFilesystem",
            "true: the image writes its keystore and configuration there; allowed: false",
        )
    for field, context in contexts:
        yield from _USER_RULES[tier.role](f"{tier.path}.{field}", context)


def _manager_user(path: str, context: Mapping[str, Any]) -> Iterator[Fault]:
    if context.get("runAsNonRoot") is True:
        yield frozen(
            f"{path}.runAsNonRoot", "true: the manager image must start as user 0; allowed: false"
        )
    user = context.get("runAsUser")
    if user not in {None, 0}:
        yield frozen(
            f"{path}.runAsUser", f"{user}: the manager image must start as user 0; allowed: 0"
        )


def _dashboard_user(path: str, context: Mapping[str, Any]) -> Iterator[Fault]:
    user = context.get("runAsUser")
    if user not in {None, _IMAGE_USER}:
        yield frozen(
            f"{path}.runAsUser",
            f"{user}: the entry point belongs to user 1000 and only that one may run it; "
            "allowed: 1000",
        )


def _indexer_user(path: str, context: Mapping[str, Any]) -> Iterator[Fault]:
    user = context.get("runAsUser")
    if user not in {None, _IMAGE_USER}:
        yield warning(
            f"{path}.runAsUser",
            f"{user}: the image's folders belong to 1000, and a namespace at level restricted "
            "refuses user 0; use 1000",
        )


#: What each tier's image asks of the user it runs as.
_USER_RULES: Final = {
    Role.INDEXER: _indexer_user,
    Role.MANAGER_MASTER: _manager_user,
    Role.MANAGER_WORKER: _manager_user,
    Role.DASHBOARD: _dashboard_user,
}
