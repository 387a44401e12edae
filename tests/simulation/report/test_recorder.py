"""What the recorder keeps, held against another observer's account of the same run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from app.simulation.assertions import Rule, Violation
from app.simulation.report.life import RENEWALS, RESTARTS, Cause, Group, Lane, Look
from app.simulation.report.pod_record import causes_of, shape_of
from tests.simulation.report.lives import DAY, NAME, NAMESPACE, Run, lane_of, pod, started

STATEFUL = [f"{NAME}-indexer-{n}" for n in range(3)] + [f"{NAME}-manager-master-0"]


def causes(lane: Lane) -> Counter[Cause]:
    """How often each cause was noted."""
    return Counter(cause for mark in lane.marks for cause in mark.causes)


def states(lane: Lane) -> list[str]:
    """Labels of the spans that are states."""
    return [span.label for span in lane.spans if span.look is not Look.VALIDITY]


def test_every_start_of_a_pod_is_one_mark(run: Run) -> None:
    """Pods of StatefulSets by name; those of the Deployment follow each other in one lane."""
    lanes = {lane.name: lane for lane in run.recorder.life().of(Group.PODS)}
    dashboards = sum(count for name, count in run.account.pods.items() if "dashboard" in name)
    for name in STATEFUL:
        assert len(lanes[name].marks) == run.account.pods[name] > 1
    assert len(lanes[f"{NAME}-dashboard 1"].marks) == dashboards > 1
    assert sum(len(lane.marks) for lane in lanes.values()) == run.account.pods.total()
    assert not any("dashboard 2" in name for name in lanes)


def test_restarts_have_their_causes(run: Run) -> None:
    """Two for the rotation, one for the upgrade; one pod was lost."""
    counts = causes(run.lane(f"{NAME}-indexer-1"))
    assert counts[Cause.CREATED] == 1
    assert counts[Cause.CERT_HASH] >= 2
    assert counts[Cause.VERSION] == 1
    assert counts[Cause.LOST] == 1
    assert Cause.IMAGE not in counts
    [lost] = [m for m in run.lane(f"{NAME}-indexer-1").marks if m.causes == (Cause.LOST,)]
    assert lost.time == pytest.approx(30 * DAY, abs=60)
    assert "deleted by kubectl" in lost.text
    assert causes(run.lane(f"{NAME}-indexer-0"))[Cause.LOST] == 0
    version = [m.text for m in run.lane(f"{NAME}-indexer-0").marks if Cause.VERSION in m.causes]
    assert version == [f"{NAME}-indexer-0, version 4.14.1 to 4.14.2"]


def test_a_pod_starts_runs_and_stops(run: Run) -> None:
    """The states of one pod leave no gap but the one between two pods."""
    lane = run.lane(f"{NAME}-indexer-0")
    found = states(lane)
    assert found[:3] == ["starting", "running", "stopping"]
    assert found[-1] == "running"
    assert lane.spans[-1].end is None
    assert all(
        one.end is not None and one.end <= other.start
        for one, other in zip(lane.spans, lane.spans[1:], strict=False)
    )
    assert found.count("starting") == run.account.pods[f"{NAME}-indexer-0"]


def test_every_leaf_certificate_is_recorded(run: Run) -> None:
    """As many as there were different ones in the Secret, each with its validity."""
    lanes = run.recorder.life().of(Group.CERTIFICATES)
    assert len(lanes) == 6
    for lane in lanes:
        number = len(run.account.certificates[f"{lane.name}/tls.crt"])
        issued = [mark for mark in lane.marks if mark.causes[0] in (Cause.ISSUED, *RENEWALS)]
        validity = [span for span in lane.spans if span.look is Look.VALIDITY]
        assert len(issued) == len(validity) == states(lane).count("in the Secret") == number >= 3
        assert causes(lane)[Cause.ISSUER] == 1
        assert causes(lane)[Cause.BUNDLE] == 2
        assert all(span.end is not None and span.end > span.start for span in validity)


def test_leaves_are_renewed_when_one_is_due(run: Run) -> None:
    """The first one takes the others with it, so that there is one roll."""
    found = [causes(lane) for lane in run.recorder.life().of(Group.CERTIFICATES)]
    assert sum(one[Cause.DUE] for one in found) >= 1
    assert all(one[Cause.DUE] + one[Cause.TOGETHER] >= 1 for one in found)
    assert not any(one[Cause.REISSUED] for one in found)


def test_generations_and_stages_of_the_authority(run: Run) -> None:
    """Next, then active; the former one retires; three stages in their order."""
    life = run.recorder.life()
    assert [lane.name for lane in life.of(Group.AUTHORITY)] == [
        "Stage of rotation",
        f"{NAME}-ca",
        f"{NAME}-ca-2",
    ]
    assert states(lane_of(life, "Stage of rotation"))[:5] == [
        "Steady", "Trust", "Reissue", "Prune", "Steady",
    ]  # fmt: skip
    assert states(lane_of(life, f"{NAME}-ca")) == ["active", "previous"]
    assert causes(lane_of(life, f"{NAME}-ca")) == {Cause.ISSUED: 1, Cause.REMOVED: 1}
    assert states(lane_of(life, f"{NAME}-ca-2")) == ["next", "active"]


def test_phase_and_conditions(run: Run) -> None:
    """The phases as they followed each other; every condition has a lane."""
    life = run.recorder.life()
    assert states(lane_of(life, "Phase")) == run.account.phases
    assert life.phase == run.account.phases[-1] == "Running"
    names = [lane.name for lane in life.of(Group.CLUSTER)]
    assert names[:2] == ["Edits", "Phase"]
    assert {
        "Ready", "Available", "Progressing", "Degraded", "CertificatesReady", "SpecValid",
    } <= set(names)  # fmt: skip
    ready = lane_of(life, "Ready")
    assert [span.look for span in ready.spans[:2]] == [Look.CHANGING, Look.GOOD]
    assert ready.spans[1].label == "True, AllTiersReady"
    progress = lane_of(life, "Progressing")
    assert {span.look for span in progress.spans} == {Look.CHANGING, Look.GOOD}


def test_edits_name_what_changed_and_no_value(run: Run) -> None:
    """Files by name, other writes of people by object and path."""
    assert [(mark.time, mark.text) for mark in run.lane("Edits").marks] == [
        (0.0, f"quickstart.yaml: WazuhCluster {NAME} created"),
        (10 * DAY, "rotate.yaml: annotation wazuh.com/rotate-ca"),
        (20 * DAY, "spec.version"),
        (30 * DAY, f"Pod {NAME}-indexer-1 deleted"),
    ]


def test_an_edit_without_a_change_is_marked_all_the_same() -> None:
    """Whoever applied it wants to see it."""
    run = started()
    with run.recorder.edit("same.yaml"):
        pass
    assert run.lane("Edits").marks[-1].text == "same.yaml: no change"


def test_certificates_of_people_are_told_apart(run: Run) -> None:
    """They are drawn, but not counted as issued; a CA may stand in ``ca.crt`` alone."""
    leaf = run.engine.find("Secret", f"{NAME}-indexer-certs")["data"]
    other = started()
    for name, data in (("mine", leaf), ("my-ca", {"ca.crt": leaf["ca.crt"]})):
        metadata = {"name": name, "namespace": NAMESPACE}
        other.engine.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        )
        assert causes(other.lane(name)) == {Cause.GIVEN: 1}
        assert states(other.lane(name)) == ["in the Secret"]
    other.engine.delete("Secret", "mine")
    assert other.lane("mine").marks[-1].causes == (Cause.REMOVED,)
    edits = [mark.text for mark in other.lane("Edits").marks]
    assert edits[1:] == ["Secret mine created", "Secret my-ca created", "Secret mine deleted"]


def test_a_long_state_keeps_its_first_and_its_last_message(run: Run) -> None:
    """The first says why, the last how far it came."""
    [creating] = [one for one in run.lane("Ready").spans if one.label == "False, Creating"]
    first, last = creating.text.split("\nlater: ")
    assert first != last


def test_a_deleted_cluster_ends_every_state() -> None:
    """And the pods of it."""
    run = started()
    run.engine.run_for(600)
    run.engine.delete_parent()
    run.engine.run_for(600)
    life = run.recorder.life()
    assert life.phase == ""
    assert all(span.end is not None for lane in life.lanes for span in lane.spans)
    assert states(lane_of(life, "Phase")) == run.account.phases


def test_a_broken_rule_has_a_lane() -> None:
    """One mark each, however often the life is asked for."""
    run = started()
    run.engine.run_for(60)
    assert not any(lane.name == "Broken rules" for lane in run.recorder.life().lanes)
    broken = Violation(time=59.0, rule=next(iter(Rule)), message="Service x")
    run.engine.violations.append(broken)
    for _ in range(2):
        assert [mark.text for mark in run.lane("Broken rules").marks] == [str(broken)]


def test_memory_is_bounded() -> None:
    """What exceeds the limit is counted."""
    limit = 40
    run = started(limit=limit)
    run.engine.run_for(600)
    life = run.recorder.life()
    kept = sum(1 + len(lane.spans) + len(lane.marks) for lane in life.lanes)
    assert kept <= limit
    assert life.dropped > 20


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, (Cause.LOST,), id="nothing"),
        pytest.param({"cert": "b"}, (Cause.CERT_HASH,), id="certificates"),
        pytest.param({"config": "b"}, (Cause.CONFIG_HASH,), id="configuration"),
        pytest.param({"image": "wazuh:2"}, (Cause.IMAGE,), id="image"),
        pytest.param({"version": "5", "image": "wazuh:5"}, (Cause.VERSION,), id="version"),
        pytest.param({"env": [{"name": "A"}]}, (Cause.TEMPLATE,), id="template"),
        pytest.param(
            {"version": "5", "cert": "b", "config": "b"},
            (Cause.VERSION, Cause.CERT_HASH, Cause.CONFIG_HASH),
            id="several, the main one first",
        ),
    ],
)
def test_why_a_pod_had_to_start_again(changes: dict[str, Any], expected: tuple[Cause, ...]) -> None:
    """By the differences of two pods of one name."""
    before = shape_of(pod())
    assert causes_of(before, shape_of(pod(**changes))) == expected
    assert set(expected) <= set(RESTARTS)


def test_the_first_pod_of_a_name_was_created() -> None:
    """There is nothing before it."""
    assert causes_of(None, shape_of(pod())) == (Cause.CREATED,)
