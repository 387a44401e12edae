"""A spec from which an object would become too large to be applied."""

from __future__ import annotations

import pytest

from app.hook.sync import sync
from app.result import Manifest
from tests.cluster_builder import ClusterBuilder
from tests.scenarios import at_rest
from tests.steps import answer, condition, judged, rested, status

#: 64 KiB of markup: JSON as Go writes it needs six bytes for each bracket.
MARKUP = "<rootcheck>\n" + "<a/>\n" * 13_000 + "</rootcheck>\n"
#: Within the bounds of each, too much together.
ANNOTATIONS = {f"example.com/{number}": "x" * 16_384 for number in range(6)}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"manager": {"master": {"extraConfig": MARKUP}}},
            "spec.manager.master: ConfigMap wz-manager-master-config would have 214 KB;"
            " allowed: at most 190 KB",
            id="configuration",
        ),
        pytest.param(
            {"dashboard": {"service": {"annotations": ANNOTATIONS}}},
            "spec.dashboard: Service wz-dashboard would have 193 KB; allowed: at most 190 KB",
            id="annotations",
        ),
    ],
)
def test_it_freezes_the_cluster_and_names_the_object(spec: Manifest, message: str) -> None:
    """Sent, it would be refused in every sync; everything stays as last applied."""
    cluster = rested()
    cluster.edit(lambda present: present.update(spec))
    result = answer(cluster)
    assert status(result)["phase"] == "Failed"
    assert judged(result, "SpecValid") == ("False", "Invalid")
    assert condition(result, "SpecValid")["message"] == message
    before = {key: child["metadata"]["generation"] for key, child in _counted(cluster)}
    at_rest(cluster)
    assert {key: child["metadata"]["generation"] for key, child in _counted(cluster)} == before


def test_nothing_is_created_from_it() -> None:
    """Until it is put right."""
    cluster = ClusterBuilder({"manager": {"workers": {"extraConfig": MARKUP}}})
    cluster.sync(sync)
    assert cluster.children == {}
    cluster.edit(lambda spec: spec.pop("manager"))
    assert status(answer(at_rest(cluster)))["phase"] == "Running"


def _counted(cluster: ClusterBuilder) -> list[tuple[object, Manifest]]:
    return [
        (key, child) for key, child in cluster.children.items() if "generation" in child["metadata"]
    ]
