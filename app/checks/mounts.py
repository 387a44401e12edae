"""Volumes and mounts of ours, and the user's that would get in their way.

Such an item is left out and the rest applied: a mount over the certificates, or a volume that
takes the name of one of ours, would break the pod or show it other files than were meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.checks.tiers import TierKnobs
from app.faults import Fault, held
from app.names import Role
from app.schema.ossec import AuthConfig
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion

#: The enrolment service's pair where the user names no other files.
ENROLMENT_PAIR: Final = ("etc/sslmanager.cert", "etc/sslmanager.key")

_MANAGER_VOLUMES: Final = frozenset(
    {"wazuh-data", "config", "certs", "authd-certs", "authd-password", "agent-ca"}
)
#: Volume names that we use now or in another configuration of the same tier.
OUR_VOLUMES: Final[Mapping[Role, frozenset[str]]] = {
    Role.INDEXER: frozenset({"indexer-data", "config", "certs", "security"}),
    Role.MANAGER_MASTER: _MANAGER_VOLUMES,
    Role.MANAGER_WORKER: _MANAGER_VOLUMES,
    Role.DASHBOARD: frozenset({"config", "certs", "wazuh"}),
}

_OSSEC: Final = "/var/ossec"
_COPIED: Final = "/wazuh-config-mount/etc"
_SCRIPTS: Final = "/entrypoint-scripts"
_PERSISTENT_FOLDERS: Final = (
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


class Kind(StrEnum):
    """What is mounted: below ``DATA`` the user may mount, below the others nothing can be."""

    DATA = "data"
    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class OurMount:
    """A mount of ours: its path, the volume, its kind and what stands there, in a few words."""

    path: str
    volume: str
    kind: Kind
    content: str


def our_mounts(spec: WazuhClusterSpec, role: Role, version: WazuhVersion) -> tuple[OurMount, ...]:
    """Mounts of ours in the main container of a tier; empty for a role without pods of a tier.

    The script that sets the account ``wazuh`` counts always: whether it is mounted depends on a
    Secret.
    """
    match role:
        case Role.INDEXER:
            return _indexer(version)
        case Role.MANAGER_MASTER | Role.MANAGER_WORKER:
            return _manager(spec.manager.config.auth, role)
        case Role.DASHBOARD:
            return _dashboard()
        case _:
            return ()


def _data(path: str, volume: str) -> OurMount:
    return OurMount(path=path, volume=volume, kind=Kind.DATA, content="persistent data")


def _folder(path: str, volume: str, content: str) -> OurMount:
    return OurMount(path=path, volume=volume, kind=Kind.FOLDER, content=content)


def _file(path: str, volume: str, content: str) -> OurMount:
    return OurMount(path=path, volume=volume, kind=Kind.FILE, content=content)


def _indexer(version: WazuhVersion) -> tuple[OurMount, ...]:
    home = version.indexer_config_folder
    return (
        _data("/var/lib/wazuh-indexer", "indexer-data"),
        _file(f"{home}/opensearch.yml", "config", "opensearch.yml"),
        _folder(f"{home}/certs", "certs", "the certificates"),
        _folder(f"{home}/opensearch-security", "security", "the security plugin's files"),
    )


def _dashboard() -> tuple[OurMount, ...]:
    home = "/usr/share/wazuh-dashboard"
    return (
        _file(f"{home}/config/opensearch_dashboards.yml", "config", "opensearch_dashboards.yml"),
        _folder(f"{home}/certs", "certs", "the certificates"),
        _file(f"{home}/data/wazuh/config/wazuh.yml", "wazuh", "wazuh.yml"),
    )


def _manager(auth: AuthConfig, role: Role) -> tuple[OurMount, ...]:
    return (
        *(_data(f"{_OSSEC}/{folder}", "wazuh-data") for folder in _PERSISTENT_FOLDERS),
        _data("/var/lib/filebeat", "wazuh-data"),
        _file(f"{_COPIED}/ossec.conf", "config", "ossec.conf"),
        _file(f"{_COPIED}/local_internal_options.conf", "config", "local_internal_options.conf"),
        _file(f"{_SCRIPTS}/00-permissions.sh", "config", "a script of the operator"),
        _file(f"{_SCRIPTS}/10-api-users.sh", "config", "a script of the operator"),
        _folder("/etc/ssl/wazuh", "certs", "the certificates"),
        *_enrolment(auth, role),
    )


def _enrolment(auth: AuthConfig, role: Role) -> Iterator[OurMount]:
    """Files of the enrolment service; password and agents' CA only where it runs."""
    pair = (auth.ssl_manager_cert, auth.ssl_manager_key)
    if pair in {(None, None), ENROLMENT_PAIR}:
        yield _file(f"{_COPIED}/sslmanager.cert", "authd-certs", "the enrolment certificate")
        yield _file(f"{_COPIED}/sslmanager.key", "authd-certs", "the enrolment key")
    if not auth.runs_on(role):
        return
    if auth.use_password:
        yield _file(f"{_COPIED}/authd.pass", "authd-password", "the enrolment password")
    if auth.ssl_agent_ca_secret_ref is not None:
        yield _file(f"{_COPIED}/agent-ca.pem", "agent-ca", "the agents' CA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Volumes and mounts of a tier that stay, and the faults of those that do not."""

    volumes: tuple[dict[str, Any], ...]
    mounts: tuple[dict[str, Any], ...]
    faults: tuple[Fault, ...]


def check_mounts(spec: WazuhClusterSpec, tier: TierKnobs, version: WazuhVersion) -> Kept:
    """The tier's extra volumes and mounts without those that collide with ours."""
    faults: list[Fault] = []
    left_out: set[str] = set()
    volumes: list[dict[str, Any]] = []
    for index, volume in enumerate(tier.spec.extra_volumes):
        name = _text(volume, "name")
        if name in OUR_VOLUMES[tier.role]:
            left_out.add(name)
            faults.append(_reserved(f"{tier.path}.extraVolumes[{index}].name", name, tier.role))
        else:
            volumes.append(volume)
    ours = our_mounts(spec, tier.role, version)
    names = OUR_VOLUMES[tier.role] | {_text(volume, "name") for volume in volumes}
    mounts: list[dict[str, Any]] = []
    for index, mount in enumerate(tier.spec.extra_volume_mounts):
        path = f"{tier.path}.extraVolumeMounts[{index}]"
        fault = _volume_fault(path, mount, left_out, names) or _path_fault(path, mount, ours)
        if fault is None:
            mounts.append(mount)
        else:
            faults.append(fault)
    return Kept(volumes=tuple(volumes), mounts=tuple(mounts), faults=tuple(faults))


def _text(item: Mapping[str, Any], field: str) -> str:
    value = item.get(field)
    return value if isinstance(value, str) else ""


def _reserved(path: str, name: str, role: Role) -> Fault:
    taken = ", ".join(sorted(OUR_VOLUMES[role]))
    return held(path, f'"{name}" is a volume of the operator; left out; taken: {taken}')


def _volume_fault(
    path: str, mount: Mapping[str, Any], left_out: set[str], names: frozenset[str] | set[str]
) -> Fault | None:
    """Fault of a mount whose volume is left out (it would get ours instead) or does not exist."""
    name = _text(mount, "name")
    if name in left_out:
        return held(f"{path}.name", f'volume "{name}" is left out, and this mount with it')
    if name not in names:
        return held(f"{path}.name", f'"{name}" is no volume of the pod; left out')
    return None


def _path_fault(path: str, mount: Mapping[str, Any], ours: tuple[OurMount, ...]) -> Fault | None:
    """Fault of a mount at, above or below a mount of ours; below persistent data is allowed."""
    given = _text(mount, "mountPath")
    parts = _parts(given)
    for our in ours:
        own = _parts(our.path)
        shown = f'"{given}"; left out; the operator mounts {our.path}'
        if parts == own[: len(parts)]:
            return held(f"{path}.mountPath", f"{shown}, so it hides {our.content}")
        if our.kind is not Kind.DATA and own == parts[: len(own)]:
            return held(f"{path}.mountPath", f"{shown}, below which nothing can be mounted")
    return None


def _parts(path: str) -> tuple[str, ...]:
    """Names of an absolute path, with ``.``, ``..`` and empty ones resolved."""
    found: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del found[-1:]
        elif part not in {"", "."}:
            found.append(part)
    return tuple(found)
