"""Objects of the cluster ``wz`` as the table of fields names them: ``Kind/name``."""

from __future__ import annotations

from typing import Final

Shows = frozenset[str]

INDEXER: Final = "StatefulSet/wz-indexer"
MASTER: Final = "StatefulSet/wz-manager-master"
WORKERS: Final = "StatefulSet/wz-manager-worker"
DASHBOARD: Final = "Deployment/wz-dashboard"
WORKLOADS: Final = (INDEXER, MASTER, WORKERS, DASHBOARD)
#: ConfigMap of each workload.
CONFIGS: Final = {one: f"ConfigMap/{one.partition('/')[2]}-config" for one in WORKLOADS}
#: Both managers with their configuration: the hash stands on the template.
MANAGERS: Final = (MASTER, CONFIGS[MASTER], WORKERS, CONFIGS[WORKERS])
#: wazuh.yml is a Secret whose hash stands on the template.
PLUGIN: Final[Shows] = frozenset({DASHBOARD, "Secret/wz-dashboard-wazuh"})
ROTATION_JOB: Final = "CronJob/wz-log-rotation"
LOG_ROTATION: Final[Shows] = frozenset(
    f"{kind}/wz-log-rotation" for kind in ("CronJob", "Role", "RoleBinding", "ServiceAccount")
)
