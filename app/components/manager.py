"""What the manager's two roles share: configuration, workload and pod, by role.

One daemon set in one image; the role stands in ossec.conf alone. The container starts as user 0,
since its init scripts repair owners over the whole volume.
"""

from __future__ import annotations

from typing import Final

from app.checks.mounts import ENROLMENT_PAIR
from app.checksums import config_hash
from app.cluster import Cluster, SecretKey
from app.config.manager_scripts import api_users_sh, permissions_sh
from app.config.ossec import local_internal_options, ossec_conf
from app.kubernetes import pods, policies, ports, probes
from app.kubernetes.meta import metadata
from app.kubernetes.workloads import CLAIM, stateful_set
from app.names import AUTHD_CERTS_VOLUME, CERTS_VOLUME, TLS_CERT, TLS_KEY, Role
from app.result import Manifest

OSSEC_CONF: Final = "ossec.conf"
INTERNAL_OPTIONS: Final = "local_internal_options.conf"
PERMISSIONS: Final = "00-permissions.sh"
API_USERS: Final = "10-api-users.sh"

_HOME: Final = "/var/ossec"
#: What lies here is copied over the home at every start.
_COPIED: Final = "/wazuh-config-mount/etc"
_SCRIPTS: Final = "/entrypoint-scripts"
_CERTS: Final = "/etc/ssl/wazuh"
#: Folders below the home that the image fills once and that must outlive the pod.
_PERSISTENT: Final = (
    "api/configuration",
    "etc",
    "logs",
    "queue",
    "agentless",
    "var/multigroups",
    "integrations",
    "active-response/bin",
    "wodles",
)
#: What the init scripts and the daemons' change of user need, within level baseline.
_CAPABILITIES: Final = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "SETUID",
    "SETGID",
    "SYS_CHROOT",
    "KILL",
    "NET_BIND_SERVICE",
)
#: The control script of older images waits for one hanging daemon after the other.
_GRACE_SECONDS: Final = 300


def config_map(cluster: Cluster, role: Role) -> Manifest:
    """Configuration and entry-point scripts.

    A file stays rendered for ever, even an empty one: its last content would remain on the volume.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(cluster, role, cluster.names.config_map(role)),
        "data": _texts(cluster, role),
    }


def workload(cluster: Cluster, role: Role) -> Manifest:
    """StatefulSet of a role. No fsGroup: it makes filebeat.yml writable, which Filebeat refuses."""
    pod: Manifest = {
        "containers": [_container(cluster, role)],
        "volumes": _volumes(cluster, role),
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
    }
    template = pods.pod_template(
        cluster,
        role,
        config_hash=config_hash(cluster, role, _texts(cluster, role)),
        pod=pod,
    )
    return stateful_set(cluster, role, template)


def network_policy(cluster: Cluster, role: Role) -> Manifest:
    """Agents from anywhere, managers among themselves, the API of the master for the dashboard.

    Workers run an API too, which is nobody's business.
    """
    peers = [policies.managers(cluster)]
    ingress = [
        policies.incoming(ports.agent_ports(cluster, role)),
        policies.incoming([ports.CLUSTER], peers),
    ]
    if role is Role.MANAGER_MASTER:
        dashboard = policies.pods_of(cluster, Role.DASHBOARD)
        ingress.append(policies.incoming([ports.API], [dashboard]))
    indexer = policies.pods_of(cluster, Role.INDEXER)
    return policies.network_policy(
        cluster,
        role,
        pods.knobs(cluster, role).network_policy,
        ingress=ingress,
        egress=(
            policies.outgoing([ports.REST], [indexer]),
            policies.outgoing([ports.CLUSTER], peers),
        ),
    )


def _texts(cluster: Cluster, role: Role) -> dict[str, str]:
    return {
        OSSEC_CONF: ossec_conf(cluster, role),
        INTERNAL_OPTIONS: local_internal_options(cluster),
        PERMISSIONS: permissions_sh(),
        API_USERS: api_users_sh(),
    }


# --- the pod ------------------------------------------------------------------------------
def _container(cluster: Cluster, role: Role) -> Manifest:
    protocol = cluster.spec.manager.config.remote.protocol
    is_master = role is Role.MANAGER_MASTER
    listening = (*ports.agent_ports(cluster, role), ports.CLUSTER, ports.API)
    stop = {"exec": {"command": [f"{_HOME}/bin/wazuh-control", "stop"]}}
    return pods.container(
        cluster,
        role,
        env=_environment(cluster),
        mounts=_mounts(cluster, role),
        security_context={
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": list(_CAPABILITIES)},
        },
        rest={
            "ports": ports.container_ports(listening),
            "lifecycle": {"preStop": stop},
            **(probes.master_probes() if is_master else probes.worker_probes(protocol)),
        },
    )


def _environment(cluster: Cluster) -> list[Manifest]:
    """Variables that the init scripts put into Filebeat, the keystore, ossec.conf and the API."""
    credentials = cluster.names.indexer_credentials
    mode = cluster.spec.manager.filebeat_ssl_verification_mode
    found = [
        pods.literal("INDEXER_URL", cluster.indexer_url),
        pods.from_secret("INDEXER_USERNAME", SecretKey(name=credentials, key="admin-username")),
        pods.from_secret("INDEXER_PASSWORD", SecretKey(name=credentials, key="admin-password")),
        pods.literal("FILEBEAT_SSL_VERIFICATION_MODE", mode),
        pods.literal("SSL_CERTIFICATE_AUTHORITIES", f"{_CERTS}/ca.crt"),
        pods.literal("SSL_CERTIFICATE", f"{_CERTS}/tls.crt"),
        pods.literal("SSL_KEY", f"{_CERTS}/tls.key"),
        pods.from_secret("API_USERNAME", cluster.api_username),
        pods.from_secret("API_PASSWORD", cluster.api_password),
        pods.from_secret("WAZUH_CLUSTER_KEY", cluster.cluster_key),
    ]
    if cluster.sets_wazuh_password:
        key = SecretKey(name=cluster.names.api_credentials, key="admin-password")
        found.append(pods.from_secret("WAZUH_ADMIN_PASSWORD", key))
    return found


def _volumes(cluster: Cluster, role: Role) -> list[Manifest]:
    """Certificates for user 0 alone; the rest is copied with its mode, for daemons of another."""
    names = cluster.names
    auth = cluster.spec.manager.config.auth
    found = [
        pods.config_volume("config", names.config_map(role), pods.ALL_READ),
        pods.secret_volume(CERTS_VOLUME, cluster.leaf_secret("filebeat"), pods.OWNER_READS),
    ]
    if _owns_enrolment_pair(cluster):
        secret = cluster.leaf_secret(role)
        found.append(pods.secret_volume(AUTHD_CERTS_VOLUME, secret, pods.OWNER_READS))
    if password := _password(cluster, role):
        files = {"authd.pass": password.key}
        found.append(pods.secret_volume("authd-password", password.name, pods.ALL_READ, files))
    if auth.ssl_agent_ca_secret_ref and cluster.runs_authd(role):
        reference = auth.ssl_agent_ca_secret_ref
        files = {"agent-ca.pem": reference.key}
        found.append(pods.secret_volume("agent-ca", reference.name, pods.OWNER_READS, files))
    return found


def _mounts(cluster: Cluster, role: Role) -> list[Manifest]:
    """The volume by sub-paths of the official manifests, so that a volume made by them fits.

    Files are copied over the home one by one: a whole folder would bring symbolic links.
    """
    found = [_data(f"{_HOME}/{folder}", f"wazuh{_HOME}/{folder}", role) for folder in _PERSISTENT]
    found += [
        _data("/var/lib/filebeat", "filebeat/var/lib/filebeat", role),
        pods.file("config", f"{_COPIED}/{OSSEC_CONF}", OSSEC_CONF),
        pods.file("config", f"{_COPIED}/{INTERNAL_OPTIONS}", INTERNAL_OPTIONS),
        pods.file("config", f"{_SCRIPTS}/{PERMISSIONS}", PERMISSIONS),
        pods.folder(CERTS_VOLUME, _CERTS),
    ]
    if cluster.sets_wazuh_password:
        found.append(pods.file("config", f"{_SCRIPTS}/{API_USERS}", API_USERS))
    if _owns_enrolment_pair(cluster):
        found.append(pods.file(AUTHD_CERTS_VOLUME, f"{_COPIED}/sslmanager.cert", TLS_CERT))
        found.append(pods.file(AUTHD_CERTS_VOLUME, f"{_COPIED}/sslmanager.key", TLS_KEY))
    if _password(cluster, role):
        found.append(pods.file("authd-password", f"{_COPIED}/authd.pass", "authd.pass"))
    if cluster.spec.manager.config.auth.ssl_agent_ca_secret_ref and cluster.runs_authd(role):
        found.append(pods.file("agent-ca", f"{_COPIED}/agent-ca.pem", "agent-ca.pem"))
    return found


def _data(path: str, sub_path: str, role: Role) -> Manifest:
    return {"name": CLAIM[role], "mountPath": path, "subPath": sub_path}


def _password(cluster: Cluster, role: Role) -> SecretKey | None:
    """The enrolment password, where a manager of ``role`` asks for one."""
    return cluster.authd_password if cluster.runs_authd(role) else None


def _owns_enrolment_pair(cluster: Cluster) -> bool:
    """Whether enrolment shows our leaf, not a pair of the user's from an extra mount."""
    auth = cluster.spec.manager.config.auth
    return (auth.ssl_manager_cert, auth.ssl_manager_key) == ENROLMENT_PAIR
