"""Values of the spec that nothing can be made of: refused with path and reason, nothing moves."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

import orjson
import pytest

from app.simulation.engine import Engine
from tests.cluster_builder import ClusterBuilder
from tests.convergence.world import rested, settle, status, told
from tests.faults.ordeal import Ordeal, refused
from tests.scenarios import steady
from tests.steps import answer, condition, judged

#: More than any ConfigMap can hold.
TWO_MIB: Final = "<sca>" + "x" * (2 * 1024 * 1024) + "</sca>"


def indexers(count: object) -> Mapping[str, Any]:
    """Change to so many indexers."""
    return {"indexer": {"replicas": count}}


def test_f01_no_indexers_at_all_are_refused(engine: Engine) -> None:
    """Not a scale to zero: the cluster is frozen with all its pods."""
    refused(engine, indexers(0), "spec.indexer.replicas: 0")
    assert engine.find("StatefulSet", "wz-indexer")["spec"]["replicas"] == 3


@pytest.mark.parametrize("count", [-1, 1.5, "3", True, [], {}, 2**70, float(2**70)], ids=repr)
def test_f02_a_number_that_is_none_is_a_fault_with_its_path(count: object) -> None:
    """Whatever stands there: an answer, with all children that are observed."""
    cluster = steady()
    cluster.parent["spec"] = {**cluster.parent["spec"], "indexer": {"replicas": count}}
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", "Invalid")
    assert condition(result, "SpecValid")["message"].startswith("spec")
    assert result.report.observed == result.report.emitted


@pytest.mark.parametrize("spec", [{"replicas": None}, {}, None], ids=repr)
def test_f02_null_and_absent_are_the_default(engine: Engine, spec: Any) -> None:
    """No pod notices."""
    ordeal = Ordeal(engine)
    ordeal.ask_raw({"version": "4.14.1", "indexer": spec})
    assert told(engine, "SpecValid") == ("True", "Valid")
    assert ordeal.witness.child_writes() == []
    ordeal.take_back()


def test_f03_a_thousand_indexers_are_refused_and_the_answer_stays_small(engine: Engine) -> None:
    """Nothing is rendered for them."""
    before = len(orjson.dumps(answer(steady()).response.on_wire(), default=dict))
    refused(engine, indexers(1000), "spec.indexer.replicas: 1000", "50")
    cluster = steady()
    cluster.edit(lambda spec: spec.update(copy.deepcopy(indexers(1000))))
    assert len(orjson.dumps(answer(cluster).response.on_wire(), default=dict)) < before + 1000


def test_f03_the_largest_cluster_has_an_answer_of_bounded_size() -> None:
    """No list grows with the number of pods but that of log rotation."""
    small, large = (
        ClusterBuilder(),
        ClusterBuilder(
            {
                "indexer": {"replicas": 50},
                "manager": {"workers": {"replicas": 100}, "logRotation": {"enabled": True}},
                "dashboard": {"replicas": 20},
            }
        ),
    )
    sizes = [
        len(orjson.dumps(answer(one).response.on_wire(), default=dict)) for one in (small, large)
    ]
    assert sizes[1] < 200_000
    assert sizes[1] < sizes[0] + 100_000


@pytest.mark.parametrize(
    "name",
    ["a" * 38, "a" * 63, "a" * 64, "a" * 253, "my.cluster", "1st", "Upper", "-x", "x-", "x\n"],
    ids=lambda name: f"{name[:12]!r} {len(name)}",
)
def test_f13_a_name_that_cannot_work_makes_nothing(name: str) -> None:
    """The CRD refuses it; where that was gone around, nothing is created under cut names."""
    cluster = ClusterBuilder()
    cluster.parent["metadata"]["name"] = name
    result = answer(cluster)
    assert result.response.children == ()
    assert judged(result, "SpecValid") == ("False", "Invalid")
    assert condition(result, "SpecValid")["message"].startswith("metadata.name: at most 37")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param({"version": "4.14"}, "spec.version", id="two numbers"),
        pytest.param({"version": "latest"}, "spec.version", id="a word"),
        pytest.param({"version": ""}, "spec.version", id="empty"),
        pytest.param({"version": "v4.14.1"}, "spec.version", id="a prefix"),
        pytest.param({"indexer": {"image": {"tag": ""}}}, "spec.indexer.image.tag", id="no tag"),
        pytest.param(
            {"manager": {"image": {"tag": "a b"}}}, "spec.manager.image.tag", id="a tag with blanks"
        ),
    ],
)
def test_f16_a_version_or_tag_that_is_none_is_refused(
    engine: Engine, change: Mapping[str, Any], text: str
) -> None:
    """Running pods are left alone."""
    refused(engine, change, text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param(
            {"indexer": {"tolerations": [{"key": "a", "effect": "Maybe", "operator": "Exists"}]}},
            "spec.indexer.tolerations[0].effect",
            id="effect of a toleration",
        ),
        pytest.param(
            {"manager": {"workers": {"nodeSelector": {"disk": 5}}}},
            "spec.manager.workers.nodeSelector",
            id="a node selector that is no text",
        ),
        pytest.param(
            {"dashboard": {"nodeSelector": ["ssd"]}},
            "spec.dashboard.nodeSelector",
            id="a node selector that is a list",
        ),
    ],
)
def test_f20_a_rule_of_placement_that_is_none_is_refused(
    engine: Engine, change: Mapping[str, Any], text: str
) -> None:
    """Found before it is sent: the API server would refuse it in every sync."""
    refused(engine, change, text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param(
            {"manager": {"master": {"extraConfig": "<sca><enabled>no</sca>"}}},
            "spec.manager.master.extraConfig: line 1",
            id="tags that do not match",
        ),
        pytest.param(
            {"manager": {"workers": {"extraConfig": "</ossec_config><ossec_config>"}}},
            "spec.manager.workers.extraConfig",
            id="a way out of its section",
        ),
        pytest.param(
            {"manager": {"config": {"localInternalOptions": "a.b=c"}}},
            "spec.manager.config.localInternalOptions",
            id="an option that is no number",
        ),
    ],
)
def test_f25_configuration_that_is_not_well_formed_never_reaches_a_config_map(
    engine: Engine, change: Mapping[str, Any], text: str
) -> None:
    """What was there before stays."""
    refused(engine, change, text)


def test_f26_configuration_that_no_config_map_can_hold_is_refused_with_its_size(
    engine: Engine,
) -> None:
    """The message says how large it is, and does not repeat it."""
    refused(
        engine,
        {"manager": {"master": {"extraConfig": TWO_MIB}}},
        "spec.manager.master.extraConfig",
        str(len(TWO_MIB)),
    )


@pytest.mark.parametrize(
    "rotation",
    [
        {"schedule": "0 0 * *"},
        {"schedule": "* * * * *"},
        {"schedule": "TZ=UTC 0 0 * * *"},
        {"schedule": "61 0 * * *"},
        {"timeZone": "Mars/Base"},
        {"schedule": ""},
    ],
    ids=str,
)
def test_f34_a_schedule_that_cannot_be_is_refused(
    engine: Engine, rotation: Mapping[str, str]
) -> None:
    """No CronJob is sent for it."""
    refused(
        engine,
        {"manager": {"logRotation": {"enabled": True, **rotation}}},
        f"spec.manager.logRotation.{next(iter(rotation))}",
    )
    assert engine.objects("CronJob") == []


def test_f37_unknown_fields_are_ignored_and_said() -> None:
    """Without pruning: a warning with the path, and nothing rolls for it."""
    engine = rested(admission=None)
    ordeal = Ordeal(engine)
    ordeal.ask({"indexer": {"replica": 5}, "nonsense": {"a": [1]}})
    ordeal.is_told(
        ("True", "ValidWithWarnings"), "spec.indexer.replica: unknown", "spec.nonsense: unknown"
    )
    assert ordeal.witness.child_writes() == []
    assert status(engine)["phase"] == "Running"
    settle(engine)
    ordeal.take_back()
