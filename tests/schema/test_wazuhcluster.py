"""Names and defaults of the models."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.schema.core import (
    DASHBOARD_RESOURCES,
    INDEXER_RESOURCES,
    MANAGER_RESOURCES,
    with_default_resources,
)
from app.schema.wazuhcluster import WazuhClusterSpec


def _spec(raw: dict[str, Any] | None = None) -> WazuhClusterSpec:
    return WazuhClusterSpec.model_validate({"version": "4.14.1"} | (raw or {}))


def test_the_smallest_spec_gives_the_default_cluster() -> None:
    """Three indexers, one master, two workers, one dashboard, nothing optional."""
    spec = _spec()
    assert (spec.indexer.replicas, spec.manager.workers.replicas, spec.dashboard.replicas) == (
        3,
        2,
        1,
    )
    assert spec.indexer.storage_size == spec.manager.master.storage_size == "50Gi"
    assert spec.indexer.resources == INDEXER_RESOURCES
    assert spec.manager.master.resources == spec.manager.workers.resources == MANAGER_RESOURCES
    assert spec.dashboard.resources == DASHBOARD_RESOURCES
    assert spec.tls.enabled
    assert not spec.manager.log_rotation.enabled
    assert not spec.indexer.network_policy.enabled
    assert spec.indexer.service.type == "ClusterIP"
    assert spec.deletion_policy == "Retain"


def test_what_depends_on_other_fields_is_not_decided_here() -> None:
    """A derived default in the models could not be told from a wish."""
    spec = _spec()
    derived = (
        spec.storage_class_name,
        spec.indexer.cluster_name,
        spec.indexer.java_opts,
        spec.indexer.image.repository,
        spec.indexer.image.tag,
        spec.manager.workers.image.pull_policy,
        spec.indexer.affinity,
        spec.indexer.topology_spread_constraints,
        spec.indexer.pod_disruption_budget.enabled,
        spec.dashboard.wazuh_plugin.timeout,
    )
    assert derived == (None,) * len(derived)


def test_wire_names_with_capitals_are_read() -> None:
    """Abbreviations keep the capitals that the peer's manifests have."""
    spec = _spec(
        {
            "indexer": {"service": {"type": "LoadBalancer", "loadBalancerIP": "10.0.0.1"}},
            "manager": {
                "filebeatSSLVerificationMode": "certificate",
                "logRotation": {"maxFileSizeMB": 5},
                "config": {
                    "global": {"logAllJson": True},
                    "auth": {
                        "useSourceIP": True,
                        "sslAgentCASecretRef": {"name": "ca", "key": "ca.crt"},
                    },
                },
            },
            "dashboard": {"wazuhPlugin": {"enrollmentDns": "a"}},
            "tls": {"certConfig": {"extraSANs": {"managerMaster": ["a.example"]}}},
        }
    )
    assert spec.indexer.service.load_balancer_ip == "10.0.0.1"
    assert spec.manager.filebeat_ssl_verification_mode == "certificate"
    assert spec.manager.log_rotation.max_file_size_mb == 5
    assert spec.manager.config.global_.log_all_json
    assert spec.manager.config.auth.use_source_ip
    assert spec.manager.config.auth.ssl_agent_ca_secret_ref is not None
    assert spec.dashboard.wazuh_plugin.enrollment_dns == "a"
    assert spec.tls.cert_config.extra_sans.manager_master == ("a.example",)


def test_a_password_reference_has_a_default_key_in_one_spelling() -> None:
    """The inner spelling of the peer says only the Secret's name."""
    spec = _spec({"manager": {"config": {"auth": {"passwordSecretRef": {"name": "a"}}}}})
    reference = spec.manager.config.auth.password_secret_ref
    assert reference is not None
    assert reference.key == "password"
    with pytest.raises(ValidationError):
        _spec({"manager": {"authdPasswordSecretRef": {"name": "a"}}})


def test_an_absent_list_is_not_an_empty_one() -> None:
    """An empty list replaces a derived default by nothing; an empty egress polices."""
    raw = {"topologySpreadConstraints": [], "affinity": {}, "networkPolicy": {"egress": []}}
    spec = _spec({"indexer": raw})
    assert spec.indexer.topology_spread_constraints == ()
    assert spec.indexer.affinity == {}
    assert spec.indexer.network_policy.egress == ()
    assert spec.manager.master.network_policy.egress is None


def test_core_types_are_normalised() -> None:
    """What builders take over is spelled as the API server stores it."""
    spec = _spec({"indexer": {"storageSize": "1024Mi", "env": [{"name": "A", "value": ""}]}})
    assert spec.indexer.storage_size == "1Gi"
    assert spec.indexer.env == ({"name": "A"},)


RESOURCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing given": (
        {},
        {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
    ),
    "nulls given": (
        {"requests": None, "limits": None},
        {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
    ),
    "requests replace requests": (
        {"requests": {"memory": "3Gi"}},
        {"requests": {"memory": "3Gi"}, "limits": {"memory": "4Gi"}},
    ),
    "a request above the default limit raises it": (
        {"requests": {"memory": "8192Mi"}},
        {"requests": {"memory": "8Gi"}, "limits": {"memory": "8Gi"}},
    ),
    "a limit below the default request lowers it": (
        {"limits": {"memory": "1Gi", "cpu": "250m"}},
        {
            "requests": {"cpu": "250m", "memory": "1Gi"},
            "limits": {"cpu": "250m", "memory": "1Gi"},
        },
    ),
    "no limits at all": (
        {"limits": {}},
        {"requests": {"cpu": "500m", "memory": "2Gi"}},
    ),
    "both given are taken as they are": (
        {"requests": {"memory": "5Gi"}, "limits": {"memory": "4Gi"}},
        {"requests": {"memory": "5Gi"}, "limits": {"memory": "4Gi"}},
    ),
}


@pytest.mark.parametrize("case", RESOURCES)
def test_requests_and_limits_each_count_as_one_map(case: str) -> None:
    """A default never contradicts a wish."""
    given, wanted = RESOURCES[case]
    assert with_default_resources(given, MANAGER_RESOURCES) == wanted
    assert _spec({"manager": {"workers": {"resources": given}}}).manager.workers.resources == wanted


def test_the_spec_is_frozen() -> None:
    """A cached spec is shared between syncs."""
    with pytest.raises(ValidationError, match="frozen"):
        _spec().indexer.replicas = 1


@pytest.mark.parametrize("version", ["5.0.0", "4.8.2", "4.14", "v4.14.1", "4.14.1\n", ""])
def test_an_unsupported_version_is_refused_by_the_model_too(version: str) -> None:
    """Code that builds a spec without parsing it meets the same range."""
    with pytest.raises(ValidationError):
        WazuhClusterSpec(version=version)
