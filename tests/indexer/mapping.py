"""The one list of what differs between a node of these tests and a pod.

opensearch.yml, security files and Secrets are used byte for byte as rendered. What cannot be the
same on one machine is said on the command line, which outranks the file: paths, host names and
ports. Beside it the heap is smaller, and the two files of the image that are not ours are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.names import INDEXER_REST_PORT, INDEXER_TRANSPORT_PORT
from tests.e2e.stack.processes import LOOPBACK

#: Flags that replace the rendered heap; two nodes and a test run share a small machine.
HEAP: Final = "-Xms512m -Xmx512m"

#: In the image's configuration folder, where the hook mounts single files only.
IMAGE_FILES: Final[Mapping[str, str]] = {
    "log4j2.properties": """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one node is. ``root``: what stands for ``/``; ``peers``: transport ports of all."""

    root: Path
    rest_port: int
    transport_port: int
    peers: tuple[int, ...]

    def below(self, path: str) -> str:
        """An absolute path of the pod below the root."""
        return str(self.root / path.lstrip("/"))


def _path(rendered: object, place: Place) -> str:
    return place.below(str(rendered))


def _loopback(_rendered: object, _place: Place) -> str:
    return LOOPBACK


def _seeds(_rendered: object, place: Place) -> str:
    return ",".join(f"{LOOPBACK}:{port}" for port in place.peers)


def _rest(_rendered: object, place: Place) -> str:
    return str(place.rest_port)


def _transport(_rendered: object, place: Place) -> str:
    return str(place.transport_port)


_SSL: Final = "plugins.security.ssl"

#: Setting to how its value of the test comes from the rendered one. Nothing else is changed.
MAPPED: Final[Mapping[str, Callable[[object, Place], str]]] = {
    "path.data": _path,
    "path.logs": _path,
    f"{_SSL}.http.pemcert_filepath": _path,
    f"{_SSL}.http.pemkey_filepath": _path,
    f"{_SSL}.http.pemtrustedcas_filepath": _path,
    f"{_SSL}.transport.pemcert_filepath": _path,
    f"{_SSL}.transport.pemkey_filepath": _path,
    f"{_SSL}.transport.pemtrustedcas_filepath": _path,
    # All addresses of a pod; off the loopback, checks of the kernel's limits would come with it.
    "network.host": _loopback,
    # The name of the headless Service, which only a cluster's DNS knows.
    "discovery.seed_hosts": _seeds,
    "http.port": _rest,
    "transport.port": _transport,
}
#: Settings of the list that the file leaves out, with the values that it relies on.
DEFAULTS: Final[Mapping[str, object]] = {
    "http.port": INDEXER_REST_PORT,
    "transport.port": INDEXER_TRANSPORT_PORT,
}


def overrides(settings: Mapping[str, object], place: Place) -> list[str]:
    """Arguments of OpenSearch for a node that reads ``settings``; KeyError if one is missing."""
    known = {**DEFAULTS, **settings}
    return [f"-E{key}={value(known[key], place)}" for key, value in MAPPED.items()]
