"""The list of differences between a node of the tests and a pod is complete and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.names import Role
from tests.cluster_builder import NAMES
from tests.indexer.mapping import DEFAULTS, MAPPED, Place, overrides
from tests.indexer.rendered import Rendered

PLACE = Place(root=Path("/there"), rest_port=1, transport_port=2, peers=(2, 3))


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    """A cluster at rest."""
    return Rendered()


def test_paths_names_and_ports_are_mapped_and_nothing_else(rendered: Rendered) -> None:
    """Value by value, as OpenSearch is given them."""
    certs = "/there/usr/share/wazuh-indexer/config/certs"
    layers = [f"plugins.security.ssl.{layer}" for layer in ("http", "transport")]
    assert overrides(rendered.settings, PLACE) == [
        "-Epath.data=/there/var/lib/wazuh-indexer",
        "-Epath.logs=/there/var/log/wazuh-indexer",
        *(
            f"-E{layer}.{kind}_filepath={certs}/{name}"
            for layer in layers
            for kind, name in (
                ("pemcert", "tls.crt"),
                ("pemkey", "tls.key"),
                ("pemtrustedcas", "ca.crt"),
            )
        ),
        "-Enetwork.host=127.0.0.1",
        "-Ediscovery.seed_hosts=127.0.0.1:2,127.0.0.1:3",
        "-Ehttp.port=1",
        "-Etransport.port=2",
    ]


def test_every_path_of_the_file_is_mapped(rendered: Rendered) -> None:
    """Else a node would read or write outside its folder."""
    paths = {key for key, value in rendered.settings.items() if str(value).startswith("/")}
    below = [one for one in overrides(rendered.settings, PLACE) if "=/there/" in one]
    assert {one.removeprefix("-E").partition("=")[0] for one in below} == paths


def test_every_mapped_setting_is_rendered_or_a_default(rendered: Rendered) -> None:
    """A row that is no longer needed would hide what the node really reads."""
    assert MAPPED.keys() - rendered.settings.keys() == DEFAULTS.keys()


def test_the_rendered_ports_are_the_defaults(rendered: Rendered) -> None:
    """The file names no port: the container's ports are the ones that OpenSearch takes."""
    spec = rendered.child("StatefulSet", NAMES.workload(Role.INDEXER))["spec"]
    ports = spec["template"]["spec"]["containers"][0]["ports"]
    assert {port["containerPort"] for port in ports} == set(DEFAULTS.values())


def test_a_setting_that_is_gone_is_noticed(rendered: Rendered) -> None:
    """Instead of being mapped to nothing."""
    settings = {key: value for key, value in rendered.settings.items() if key != "path.logs"}
    with pytest.raises(KeyError, match=r"path\.logs"):
        overrides(settings, PLACE)
