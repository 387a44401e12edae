"""The six leaves: who they are for, which names they carry, which tier mounts them.

The names never depend on the number of replicas (wildcards of the headless Services), so
scaling neither reissues nor rolls anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Final

from app.certificates.pem import CLIENT_AUTH, SERVER_AUTH
from app.names import Names, Role
from app.schema.tls import ExtraSans

Address = IPv4Address | IPv6Address

INDEXER: Final = "indexer"
MANAGER_MASTER: Final = "manager-master"
MANAGER_WORKER: Final = "manager-worker"
DASHBOARD: Final = "dashboard"
FILEBEAT: Final = "filebeat"
ADMIN: Final = "admin"

LOCALHOST: Final = "localhost"
LOOPBACK: Final = IPv4Address("127.0.0.1")
ADMIN_COMMON_NAME: Final = "admin"

#: Leaves that a tier's pods mount, in the fixed order in which they enter its hash.
TIER_LEAVES: Final[Mapping[Role, tuple[str, ...]]] = MappingProxyType(
    {
        Role.INDEXER: (INDEXER,),
        Role.MANAGER_MASTER: (MANAGER_MASTER, FILEBEAT),
        Role.MANAGER_WORKER: (MANAGER_WORKER, FILEBEAT),
        Role.DASHBOARD: (DASHBOARD,),
    }
)

_SERVER: Final = (SERVER_AUTH, CLIENT_AUTH)
_CLIENT: Final = (CLIENT_AUTH,)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafPlan:
    """One wanted leaf. ``component``: whose it is, for the status. Names without duplicates.

    ``required_names``: those by which others call it, which a leaf of the user needs too.
    """

    name: str
    secret: str
    component: Role
    common_name: str
    dns_names: tuple[str, ...]
    ip_addresses: tuple[Address, ...]
    eku: tuple[str, ...]
    required_names: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def leaf_plans(names: Names, extra_sans: ExtraSans | None) -> tuple[LeafPlan, ...]:
    """All six leaves in their fixed order; ``extra_sans`` None: no names from outside."""
    outside: dict[str, tuple[str, ...]] = (
        {}
        if extra_sans is None
        else {
            INDEXER: extra_sans.indexer,
            MANAGER_MASTER: extra_sans.manager_master,
            MANAGER_WORKER: extra_sans.manager_worker,
            DASHBOARD: extra_sans.dashboard,
        }
    )
    tiers = (Role.INDEXER, Role.MANAGER_MASTER, Role.MANAGER_WORKER, Role.DASHBOARD)
    served = tuple(_server(names, role, outside.get(str(role), ())) for role in tiers)
    return (*served, _filebeat(names), _admin(names))


def _server(names: Names, role: Role, extra: tuple[str, ...]) -> LeafPlan:
    """Leaf of a tier: its Services, this host, and the user's names, in this order."""
    own = list(names.service_names(names.service(role)))
    if role is not Role.DASHBOARD:
        own.extend(names.headless_names(names.headless(role)))
    called = names.service_names(names.service(role))[-2:]
    addresses = [address for address in map(_address, extra) if address is not None]
    hosts = [name for name in extra if _address(name) is None]
    return LeafPlan(
        name=str(role),
        secret=names.certs(str(role)),
        component=role,
        common_name=f"{names.cluster}-{role}",
        dns_names=_distinct(name.lower() for name in (*own, LOCALHOST, *hosts)),
        ip_addresses=tuple(dict.fromkeys((LOOPBACK, *addresses))),
        eku=_SERVER,
        required_names=called if role is Role.INDEXER else (),
    )


def _filebeat(names: Names) -> LeafPlan:
    """Leaf of Filebeat and of the managers' connector, clients of the indexer."""
    return LeafPlan(
        name=FILEBEAT,
        secret=names.certs(FILEBEAT),
        component=Role.MANAGER_MASTER,
        common_name=f"{names.cluster}-{FILEBEAT}",
        dns_names=(LOCALHOST,),
        ip_addresses=(LOOPBACK,),
        eku=_SERVER,
    )


def _admin(names: Names) -> LeafPlan:
    """Leaf of the security Jobs: a client only, known to OpenSearch by its whole DN."""
    return LeafPlan(
        name=ADMIN,
        secret=names.certs(ADMIN),
        component=Role.INDEXER,
        common_name=ADMIN_COMMON_NAME,
        dns_names=(LOCALHOST,),
        ip_addresses=(),
        eku=_CLIENT,
    )


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _address(name: str) -> Address | None:
    """``name`` as an address; None if it is a DNS name."""
    try:
        return ip_address(name)
    except ValueError:
        return None
