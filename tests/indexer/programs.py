"""Programs that people and Jobs run against the nodes: securityadmin, and shell scripts."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.names import CA_CERT, TLS_CERT, TLS_KEY
from tests.e2e.stack.processes import LOOPBACK
from tests.indexer.kubelet import Objects, Pod
from tests.indexer.nodes import Nodes, as_user

Done = subprocess.CompletedProcess[str]

_SECURITYADMIN_SECONDS: Final = 60.0


def securityadmin(nodes: Nodes, certs: Path, *arguments: str) -> Done:
    """Run securityadmin against the first node with the leaf in ``certs``."""
    plugin, core = f"{nodes.home}/plugins/opensearch-security/*", f"{nodes.home}/lib/*"
    return _run(
        [
            *("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            *("-cp", f"{plugin}:{core}", "org.opensearch.security.tools.SecurityAdmin"),
            *("-h", "localhost", "-p", str(nodes[0].place.rest_port), "-icl"),
            *("-cacert", str(certs / CA_CERT)),
            *("-cert", str(certs / TLS_CERT), "-key", str(certs / TLS_KEY)),
            *arguments,
        ],
        {},
        _SECURITYADMIN_SECONDS,
        nodes.folder,
    )


def script(
    path: Path,
    nodes: Nodes,
    environment: Mapping[str, str] | None = None,
    *,
    ordinal: int = 0,
    certs: Path | None = None,
    seconds: float = 120.0,
) -> Done:
    """Run a Job's shell script against one node.

    ``URL`` is that node's, ``CERTS`` the folder of the administrator's Secret unless ``certs`` is
    given; ``environment`` adds to these or replaces them, and there is nothing else but PATH.
    Raises TimeoutExpired after ``seconds``.
    """
    own = {
        "URL": nodes[ordinal].url,
        "CERTS": str(certs or nodes.admin_certificate()),
        **(environment or {}),
    }
    return _run(["/bin/sh", str(path)], own, seconds, nodes.folder)


def job(
    nodes: Nodes,
    objects: Objects,
    name: str,
    *,
    ordinal: int = 0,
    environment: Mapping[str, str] | None = None,
    seconds: float = 120.0,
) -> Done:
    """Run the pod of a rendered Job, its Service led to one node.

    Command, variables and files are those of the Job. What is another on one machine: paths, and
    the port at which the name of the Service answers, of which curl's own settings tell.
    ``environment`` replaces variables. Raises TimeoutExpired after ``seconds``.
    """
    root = Path(tempfile.mkdtemp(prefix="job-", dir=nodes.folder))
    root.chmod(0o755)
    pod = Pod(objects, name, name=name, root=root)
    pod.owner.own(root)
    pod.mount()
    found = pod.environment()
    service = urlsplit(found["INDEX_URL"])
    port = nodes[ordinal].place.rest_port
    (root / ".curlrc").write_text(
        f'connect-to = "{service.hostname}:{service.port}:{LOOPBACK}:{port}"\n', encoding="utf-8"
    )
    mapped = {variable: str(pod.path(found[variable])) for variable in ("CERTIFICATES", "PATCH")}
    return _run(
        [*as_user(pod.owner), *pod.command],
        {**found, **mapped, "CURL_HOME": str(root), **(environment or {})},
        seconds,
        root,
    )


def _run(
    command: Sequence[str], environment: Mapping[str, str], seconds: float, folder: Path
) -> Done:
    return subprocess.run(  # noqa: S603 - our own arguments
        command,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        cwd=folder,
    )
