"""OpenSearch version from which on each rendered setting is known. An unknown one stops a node.

`OLDEST_ASKED` is older than any OpenSearch of the supported range. A real node of it takes every
setting that has it here (`live/test_versions.py`), so no node of the range can miss one.
"""

from __future__ import annotations

from typing import Final

from app.versions import OpenSearchVersion

OLDEST_ASKED: Final[OpenSearchVersion] = (2, 11, 1)
#: In 2.19.0 the code reads the setting and forgets to register it (security#5115).
_HOT_RELOAD: Final[OpenSearchVersion] = (2, 19, 1)
#: security#4752, whose first release on the line 2.x is 2.19.0.
_RELOAD_OF_OTHER_NAMES: Final[OpenSearchVersion] = (2, 19, 0)

_SECURITY: Final = "plugins.security"

SINCE: Final[dict[str, OpenSearchVersion]] = {
    **dict.fromkeys(
        (
            "cluster.initial_master_nodes",
            "cluster.name",
            "compatibility.override_main_response_version",
            "discovery.seed_hosts",
            "network.host",
            "node.name",
            "node.store.allow_mmap",
            "path.data",
            "path.logs",
            f"{_SECURITY}.allow_default_init_securityindex",
            f"{_SECURITY}.authcz.admin_dn",
            f"{_SECURITY}.check_snapshot_restore_write_privileges",
            f"{_SECURITY}.enable_snapshot_restore_privilege",
            f"{_SECURITY}.nodes_dn",
            f"{_SECURITY}.restapi.roles_enabled",
            f"{_SECURITY}.ssl.http.enabled",
            f"{_SECURITY}.ssl.http.pemcert_filepath",
            f"{_SECURITY}.ssl.http.pemkey_filepath",
            f"{_SECURITY}.ssl.http.pemtrustedcas_filepath",
            f"{_SECURITY}.ssl.transport.enforce_hostname_verification",
            f"{_SECURITY}.ssl.transport.pemcert_filepath",
            f"{_SECURITY}.ssl.transport.pemkey_filepath",
            f"{_SECURITY}.ssl.transport.pemtrustedcas_filepath",
            f"{_SECURITY}.ssl.transport.resolve_hostname",
            f"{_SECURITY}.system_indices.enabled",
            f"{_SECURITY}.system_indices.indices",
        ),
        OLDEST_ASKED,
    ),
    f"{_SECURITY}.ssl.certificates_hot_reload.enabled": _HOT_RELOAD,
    f"{_SECURITY}.ssl.http.enforce_cert_reload_dn_verification": _RELOAD_OF_OTHER_NAMES,
    f"{_SECURITY}.ssl.transport.enforce_cert_reload_dn_verification": _RELOAD_OF_OTHER_NAMES,
}
