"""Nothing is accepted and ignored: every field of the CRD changes what comes out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from app.faults import Effect
from app.hook.customize import customize
from app.resolve.specification import specification
from app.result import Outcome
from app.schema.parse import parse_spec
from tests import field_rows, field_rows_outside
from tests.cluster_builder import NAME, VERSION, ClusterBuilder
from tests.field_rows import Row, over
from tests.field_rows_outside import ONE_VALUE
from tests.seeded import answer, ask, differences, edited, rest, reworded, running, seeded
from tests.user_objects import with_user_secrets

Spec = dict[str, Any]

CRD: Final = Path(__file__).parent.parent / "crds" / "wazuhclusters.resources.wazuh.com.yaml"
#: Types of Kubernetes that are passed through: each is one field.
CORE: Final = frozenset(
    {
        "affinity",
        "containerSecurityContext",
        "egress",
        "env",
        "envFrom",
        "extraVolumeMounts",
        "extraVolumes",
        "ingress",
        "resources",
        "securityContext",
        "tolerations",
        "topologySpreadConstraints",
    }
)
ROWS: Final = {row.path: row for row in (*field_rows.ROWS, *field_rows_outside.ROWS)}
#: What a living cluster keeps, so that taking it back is another story.
HELD: Final = frozenset(
    {
        "version",
        "storageClassName",
        "indexer.replicas",
        "indexer.clusterName",
        *(
            f"{tier}.{field}"
            for tier in ("indexer", "manager.master", "manager.workers")
            for field in ("storageSize", "storageClassName")
        ),
        # Another CA takes over in stages and leaves its trace in the name of the next.
        *(path for path in ROWS if path.startswith("tls.customCerts.")),
    }
)


# --- the table is complete ------------------------------------------------------------------------
def leaves(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Paths of all fields below ``schema`` that hold no further ones."""
    if path.rpartition(".")[2] in CORE:
        yield path
    elif "properties" in schema:
        for name, child in schema["properties"].items():
            yield from leaves(child, f"{path}.{name}" if path else name)
    elif "items" in schema:
        yield from leaves(schema["items"], f"{path}[]")
    elif "additionalProperties" in schema:
        yield f"{path}{{}}"
    else:
        yield path


def fields() -> list[str]:
    """Every field of the committed CRD's spec."""
    loaded = yaml.load(CRD.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    schema = loaded["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return list(leaves(schema, ""))


def test_every_field_has_its_row_and_every_row_its_field() -> None:
    """A new field asks for a scenario in which it matters."""
    tabled = Counter(
        [*(row.path for row in (*field_rows.ROWS, *field_rows_outside.ROWS)), *ONE_VALUE]
    )
    assert tabled == Counter(fields())


# --- every field takes effect ---------------------------------------------------------------------
def put(spec: Spec, path: str, value: Any) -> Spec:
    """Copy of ``spec`` with ``value`` at ``path``: ``[]`` is the first item of a list."""
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]").removesuffix("{}")
    if not rest:
        return {**spec, name: value}
    if step.endswith("[]"):
        first, *others = spec[name]
        return {**spec, name: [put(first, rest, value), *others]}
    return {**spec, name: put(spec.get(name) or {}, rest, value)}


def specs_of(row: Row) -> tuple[Spec, Spec]:
    """The spec without the field's value and the one with it."""
    base = dict(row.base)
    return base, put(base, row.path, row.value)


def outcome(spec: Spec, how: str) -> dict[str, str]:
    """What comes out for a spec in the row's scenario, by the name of the object."""
    match how:
        case "made":
            cluster = seeded(spec)
            ask(cluster)
        case "rested":
            cluster = rest(with_user_secrets(ClusterBuilder(spec)))
        case "new":
            cluster = with_user_secrets(ClusterBuilder(spec))
        case _:
            cluster = reworded(running({}), spec)
    result = answer(cluster)
    assert result.report.outcome is Outcome.APPLIED
    found = {
        f"{child['kind']}/{child['metadata']['name']}": json.dumps(child, sort_keys=True)
        for child in result.response.children
    }
    found["status"] = json.dumps(result.response.status, sort_keys=True)
    found["customize"] = json.dumps(customize({"parent": cluster.parent}), sort_keys=True)
    return found


@cache
def known_outcome(spec: str, how: str) -> Mapping[str, str]:
    """``outcome`` of a spec as JSON; many rows begin with the same one."""
    return outcome(json.loads(spec), how)


@pytest.mark.parametrize("path", ROWS)
def test_a_field_takes_effect(path: str) -> None:
    """It changes the objects that it is for and no other one."""
    row = ROWS[path]
    without, with_it = specs_of(row)
    before = known_outcome(json.dumps(without, sort_keys=True), row.how)
    after = outcome(with_it, row.how)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    # A warning or a time in the status is no effect, unless it is the field's only one.
    assert changed - ({"status"} - row.shows) == row.shows


@pytest.mark.parametrize("path", ROWS)
def test_the_rows_are_valid(path: str) -> None:
    """A value that is refused would prove nothing."""
    for spec in specs_of(ROWS[path]):
        judged = specification({"version": VERSION, **spec}, NAME, None)
        refused = [str(one) for one in judged.faults if one.effect is not Effect.WARNS]
        assert refused == []


@pytest.mark.parametrize("path", ONE_VALUE)
def test_a_field_with_one_value_refuses_every_other(path: str) -> None:
    """By name, so that nobody believes it was heard."""
    base = {"version": VERSION}
    if "[]" in path:
        base = put(base, path.partition("[]")[0], [{"name": "x", "port": 9200}])
    for value in ONE_VALUE[path]:
        spec, found = parse_spec(put(base, path, value))
        assert spec is None
        assert [one.path.replace("[0]", "[]") for one in found] == [f"spec.{path}"]


# --- what is taken back leaves no trace -----------------------------------------------------------
def packs() -> Iterator[tuple[str, Spec]]:
    """All rows in as few specs as their values agree in; by the last field of each."""
    found: Spec = {}
    last = ""
    for path, row in ROWS.items():
        if path in HELD:
            continue
        more = over(found, specs_of(row)[1])
        if specification({"version": VERSION, **more}, NAME, None).is_usable:
            found, last = more, path
        else:
            yield last, found
            found, last = specs_of(row)[1], path
    yield last, found


PACKS: Final = dict(packs())


@pytest.mark.parametrize("last", PACKS)
def test_set_then_removed_is_never_set(last: str) -> None:
    """A running cluster that got many fields and lost them equals one that had none."""
    cluster = edited(running({}), PACKS[last])
    assert differences(edited(cluster, {}), running({})) == []
