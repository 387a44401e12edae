"""Every object name, DNS name, port, label and annotation key, spelled once.

Names are the peer's where it has one, so that manifests and habits carry over. A certificate
takes its names from here as well, so it cannot speak of a Service that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GROUP: Final = "resources.wazuh.com"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "WazuhCluster"
PLURAL: Final = "wazuhclusters"

# 37: `<c>-manager-master` and `<c>-log-rotation` must have at most 52 characters
# (label controller-revision-hash; names of CronJobs).
CLUSTER_NAME_MAX: Final = 37


class Role(StrEnum):
    """Values of the label app.kubernetes.io/component."""

    INDEXER = "indexer"
    MANAGER_MASTER = "manager-master"
    MANAGER_WORKER = "manager-worker"
    DASHBOARD = "dashboard"
    LOG_ROTATION = "log-rotation"
    PKI = "pki"
    CREDENTIALS = "credentials"


#: The tiers in the order in which they are created and changed (behaviour 3).
TIERS: Final = (Role.INDEXER, Role.MANAGER_MASTER, Role.MANAGER_WORKER, Role.DASHBOARD)
MANAGERS: Final = (Role.MANAGER_MASTER, Role.MANAGER_WORKER)

#: Value of the label app.kubernetes.io/name.
APPLICATION: Final = {
    Role.INDEXER: "wazuh-indexer",
    Role.MANAGER_MASTER: "wazuh-manager",
    Role.MANAGER_WORKER: "wazuh-manager",
    Role.DASHBOARD: "wazuh-dashboard",
    Role.LOG_ROTATION: "wazuh",
    Role.PKI: "wazuh",
    Role.CREDENTIALS: "wazuh",
}

LABEL_NAME: Final = "app.kubernetes.io/name"
LABEL_INSTANCE: Final = "app.kubernetes.io/instance"
LABEL_COMPONENT: Final = "app.kubernetes.io/component"
LABEL_PART_OF: Final = "app.kubernetes.io/part-of"
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LABEL_VERSION: Final = "app.kubernetes.io/version"
LABEL_CLUSTER: Final = "wazuh.com/cluster"
#: Set by Metacontroller under generateSelector; never emitted by us.
LABEL_CONTROLLER_UID: Final = "controller-uid"
OUR_LABELS: Final = frozenset(
    {
        LABEL_NAME,
        LABEL_INSTANCE,
        LABEL_COMPONENT,
        LABEL_PART_OF,
        LABEL_MANAGED_BY,
        LABEL_VERSION,
        LABEL_CLUSTER,
        LABEL_CONTROLLER_UID,
    }
)
PART_OF: Final = "wazuh"
MANAGED_BY: Final = "wazuh-operator"

ANNOTATION_PREFIX: Final = "wazuh.com/"
METACONTROLLER_PREFIX: Final = "metacontroller.k8s.io/"
CERT_HASH: Final = "wazuh.com/cert-hash"
CONFIG_HASH: Final = "wazuh.com/config-hash"
DATA_HASH: Final = "wazuh.com/data-hash"
DATA_WRITTEN: Final = "wazuh.com/data-written"
INITIAL_CLUSTER_MANAGERS: Final = "wazuh.com/initial-cluster-managers"
RENDERER: Final = "wazuh.com/renderer"
#: Value of RENDERER: raised when the form of a workload changes, so that it can be told apart.
RENDERER_VERSION: Final = "1"
RECREATE_SECRET: Final = "wazuh.com/recreate-secret"  # noqa: S105 - an annotation key
ROTATE_PASSWORDS: Final = "wazuh.com/rotate-passwords"
RECREATE_CA: Final = "wazuh.com/recreate-ca"
ROTATE_CA: Final = "wazuh.com/rotate-ca"
#: On `<c>-ca`: public-key fingerprints of the CAs in it that are the user's.
USER_CA: Final = "wazuh.com/user-ca"
RENEW_CERTIFICATES: Final = "wazuh.com/renew-certificates"
ALLOW_UNSAFE_SCALE_DOWN: Final = "wazuh.com/allow-unsafe-scale-down"
PAUSED: Final = "wazuh.com/paused"
LAST_APPLIED: Final = "metacontroller.k8s.io/last-applied-configuration"

INDEXER_REST_PORT: Final = 9200
INDEXER_TRANSPORT_PORT: Final = 9300
MANAGER_EVENTS_PORT: Final = 1514
MANAGER_AUTH_PORT: Final = 1515
MANAGER_CLUSTER_PORT: Final = 1516
MANAGER_API_PORT: Final = 55000
DASHBOARD_PORT: Final = 5601

PORT_REST: Final = "rest"
PORT_TRANSPORT: Final = "transport"
PORT_EVENTS: Final = "agent-events"
PORT_AUTH: Final = "agent-auth"
PORT_CLUSTER: Final = "cluster"
PORT_API: Final = "api"
PORT_HTTPS: Final = "https"

SECURITY_CONTAINER: Final = "security"
INDEXER_CONTAINER: Final = "wazuh-indexer"
MANAGER_CONTAINER: Final = "wazuh-manager"
DASHBOARD_CONTAINER: Final = "wazuh-dashboard"

#: Volumes of leaf Secrets.
CERTS_VOLUME: Final = "certs"
AUTHD_CERTS_VOLUME: Final = "authd-certs"

CA_CERT: Final = "ca.crt"
CA_KEY: Final = "ca.key"
TLS_CERT: Final = "tls.crt"
TLS_KEY: Final = "tls.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names of one cluster's objects: ``cluster`` in ``namespace``, below ``domain``."""

    cluster: str
    namespace: str
    domain: str

    # --- workloads and Services -------------------------------------------------------
    def workload(self, role: Role) -> str:
        """Name of a tier's StatefulSet or Deployment, and of its ClusterIP Service and budget."""
        return f"{self.cluster}-{role}"

    def service(self, role: Role) -> str:
        """Name of a tier's ClusterIP Service."""
        return f"{self.cluster}-{role}"

    def headless(self, role: Role) -> str:
        """Name of a StatefulSet's headless Service."""
        return f"{self.cluster}-{role}-headless"

    def pod(self, role: Role, ordinal: int) -> str:
        """Name of one pod of a StatefulSet."""
        return f"{self.workload(role)}-{ordinal}"

    @property
    def manager_api(self) -> str:
        """Service with ready masters only, for the dashboard."""
        return f"{self.cluster}-manager-api"

    @property
    def agents(self) -> str:
        """Combined Service of events and enrolment on all managers."""
        return f"{self.cluster}-agents"

    @property
    def log_rotation(self) -> str:
        """CronJob of log rotation, with its ServiceAccount, Role and RoleBinding."""
        return f"{self.cluster}-log-rotation"

    @property
    def security_jobs(self) -> str:
        """What the name of every security Job begins with."""
        return f"{self.cluster}-security-"

    def security_job(self, digest: str) -> str:
        """Job that takes the patch with this digest (SHA-256 in hex) to the index."""
        return f"{self.security_jobs}{digest[:8]}"

    # --- configuration ----------------------------------------------------------------
    def config_map(self, role: Role) -> str:
        """Name of a tier's ConfigMap."""
        return f"{self.cluster}-{role}-config"

    # --- Secrets ----------------------------------------------------------------------
    @property
    def ca(self) -> str:
        """Secret of the cluster's certificate authority."""
        return f"{self.cluster}-ca"

    def certs(self, leaf: str) -> str:
        """Leaf Secret: indexer, manager-master, manager-worker, dashboard, filebeat, admin."""
        return f"{self.cluster}-{leaf}-certs"

    @property
    def indexer_credentials(self) -> str:
        """Administrator of the index."""
        return f"{self.cluster}-indexer-credentials"

    @property
    def dashboard_credentials(self) -> str:
        """Account kibanaserver and cookie password."""
        return f"{self.cluster}-dashboard-credentials"

    @property
    def indexer_security(self) -> str:
        """Files of the security plugin, with bcrypt hashes."""
        return f"{self.cluster}-indexer-security"

    @property
    def cluster_key(self) -> str:
        """Key of the managers' cluster."""
        return f"{self.cluster}-cluster-key"

    @property
    def api_credentials(self) -> str:
        """Accounts of the managers' API."""
        return f"{self.cluster}-api-credentials"

    @property
    def authd_password(self) -> str:
        """Password of the agents' enrolment."""
        return f"{self.cluster}-authd-password"

    @property
    def dashboard_wazuh(self) -> str:
        """wazuh.yml of the dashboard, a Secret since it holds API passwords."""
        return f"{self.cluster}-dashboard-wazuh"

    @property
    def identity_secrets(self) -> tuple[str, ...]:
        """Secrets that are generated once and never guessed again, sorted by name."""
        return tuple(
            sorted(
                (
                    self.ca,
                    self.indexer_credentials,
                    self.dashboard_credentials,
                    self.api_credentials,
                    self.cluster_key,
                    self.authd_password,
                )
            )
        )

    # --- DNS --------------------------------------------------------------------------
    def service_dns(self, service: str) -> str:
        """Full DNS name of a Service."""
        return f"{service}.{self.namespace}.svc.{self.domain}"

    def pod_dns(self, role: Role, ordinal: int) -> str:
        """Full DNS name of a StatefulSet's pod on its headless Service."""
        return f"{self.pod(role, ordinal)}.{self.service_dns(self.headless(role))}"

    def service_names(self, service: str) -> tuple[str, ...]:
        """Names by which a Service is called (certificates 1)."""
        return (
            service,
            f"{service}.{self.namespace}",
            f"{service}.{self.namespace}.svc",
            self.service_dns(service),
        )

    def headless_names(self, service: str) -> tuple[str, ...]:
        """Names of a headless Service and of its pods; wildcards, so scaling reissues nothing."""
        short = f"{service}.{self.namespace}.svc"
        return (short, self.service_dns(service), f"*.{short}", f"*.{self.service_dns(service)}")
