"""The chart wazuh-cluster: what it renders, what it refuses, and that its values are the API's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft7Validator

from app.names import API_VERSION, CLUSTER_NAME_MAX, KIND
from app.result import Manifest
from app.schema.parse import parse_spec
from hack import generate_cluster_chart as generated
from hack.generate_chart_docs import generated as documented
from hack.generate_cluster_chart import SIZES
from tests.charts.helm import (
    CHARTS,
    GOLDEN,
    NAMESPACE,
    RELEASE,
    HelmError,
    compare,
    golden_text,
    lint,
    notes,
    template,
)
from tests.field_rows import over
from tests.schema.bound_cases import BOUNDS, spec_with
from tests.schema.bounds import Bound
from tests.test_every_field import ROWS, specs_of

CHART: Final = CHARTS / "wazuh-cluster"
EXAMPLES: Final = sorted((CHARTS.parent / "examples").glob("*.yaml"))
VERSION: Final = "4.14.1"
#: Everything that has a place of its own in the templates.
EVERYTHING: Final[Mapping[str, Any]] = {
    "name": "security",
    "labels": {"team": "soc", "app.kubernetes.io/managed-by": "somebody"},
    "annotations": {"helm.sh/resource-policy": "keep"},
    "size": "l",
    "spec": {
        "version": "4.13.1",
        "imagePullSecrets": [{"name": "registry"}],
        "indexer": {
            "replicas": 5,
            "image": {
                "repository": "registry.example/wazuh-indexer",
                "tag": "4.13.1-fips",
                "pullPolicy": "Always",
            },
            "nodeSelector": {"pool": "index"},
            "tolerations": [{"key": "pool", "operator": "Equal", "value": "index"}],
            "service": {"type": "LoadBalancer", "ports": [{"name": "rest", "port": 443}]},
            "env": [{"name": "A", "value": None}],
        },
        "manager": {
            "master": {"resources": {"limits": None}},
            "workers": {"replicas": 0},
            "config": {"auth": {"usePassword": True}},
        },
        "dashboard": {"service": {"ports": [{"name": "https", "port": 8443}]}},
        "tls": None,
    },
}
WITHOUT_DASHBOARD: Final[Mapping[str, Any]] = {
    "size": "xs",
    "spec": {"dashboard": {"enabled": False}},
}
VALUES: Final[Mapping[str, Mapping[str, Any]]] = {
    **{size: {"size": size} for size in SIZES},
    "everything": EVERYTHING,
    "without-dashboard": WITHOUT_DASHBOARD,
}
NOTES: Final = ("m", "without-dashboard", "everything")
BOUND_IDS: Final = [f"{number}-{bound.path}" for number, bound in enumerate(BOUNDS)]


def cluster_of(values: Mapping[str, Any], *arguments: str, release: str = RELEASE) -> Manifest:
    """The WazuhCluster among what the chart makes."""
    manifests = template(CHART, values, *arguments, release=release)
    (found,) = (one for one in manifests if one["kind"] == KIND)
    return found


def without_nulls(value: Any) -> Any:
    """``value`` without what is null, at every level."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


# --- what it renders --------------------------------------------------------------------------
@pytest.mark.parametrize("name", VALUES)
def test_lint_has_nothing_to_complain_of(name: str) -> None:
    """Not even a warning."""
    assert "0 chart(s) failed" in lint(CHART, VALUES[name])


@pytest.mark.parametrize("name", VALUES)
def test_the_rendering_is_the_accepted_one(name: str, *, update_golden: bool) -> None:
    """Each set of values has a file that people read."""
    text = golden_text(template(CHART, VALUES[name]))
    compare(GOLDEN / "cluster" / f"{name}.yaml", text, update=update_golden)


def test_every_golden_has_its_values() -> None:
    """A file that no values make is left over."""
    names = {path.name for path in (GOLDEN / "cluster").iterdir()}
    told = {f"{name}.notes.txt" for name in NOTES}
    assert names == {f"{name}.yaml" for name in VALUES} | told


@pytest.mark.parametrize("name", NOTES)
def test_the_notes_are_the_accepted_ones(name: str, *, update_golden: bool) -> None:
    """What to do next, in commands that can be pasted."""
    text = notes(CHART, VALUES[name])
    compare(GOLDEN / "cluster" / f"{name}.notes.txt", text, update=update_golden)


def test_nothing_but_the_cluster_is_made() -> None:
    """One object to own; the test's pod is made by `helm test` alone."""
    (only,) = template(CHART, EVERYTHING, "--skip-tests")
    assert (only["apiVersion"], only["kind"]) == (API_VERSION, KIND)
    assert only["metadata"]["namespace"] == NAMESPACE


def test_the_name_is_the_release_unless_given() -> None:
    """An empty name is none."""
    assert cluster_of({}, release="siem")["metadata"]["name"] == "siem"
    assert cluster_of({"name": "wz"}, release="siem")["metadata"]["name"] == "wz"


@pytest.mark.parametrize("release", ["a" * (CLUSTER_NAME_MAX + 1), "1st", "a.b"])
def test_a_release_whose_name_cannot_be_a_clusters_is_refused(release: str) -> None:
    """With the way out; the longest name that can be is taken."""
    with pytest.raises(HelmError, match="set name"):
        template(CHART, {}, release=release)
    assert cluster_of({"name": "a" * CLUSTER_NAME_MAX}, release=release)


def test_the_default_version_is_one_for_all() -> None:
    """The chart's, the values' and that of the first example."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    quickstart = yaml.safe_load((CHARTS.parent / "examples" / "quickstart.yaml").read_text())
    versions = {chart["appVersion"], quickstart["spec"]["version"]}
    assert versions == {cluster_of({})["spec"]["version"]} == {VERSION}


def test_another_chart_may_hold_it(tmp_path: Path) -> None:
    """As a dependency it is handed global values."""
    parent = tmp_path / "parent"
    shutil.copytree(CHART, parent / "charts" / CHART.name)
    (parent / "Chart.yaml").write_text("apiVersion: v2\nname: parent\nversion: 0.1.0\n")
    values = {"global": {"region": "eu"}, CHART.name: {"size": "xs"}}
    (found,) = template(parent, values, "--skip-tests")
    assert found["spec"]["indexer"]["replicas"] == 1


# --- everything of the spec passes through ----------------------------------------------------
def test_maps_are_merged_and_the_rest_is_replaced() -> None:
    """Zero, false and an empty list are values; null takes the profile's away."""
    profile = generated.profile("l")
    given = EVERYTHING["spec"]
    assert cluster_of(EVERYTHING)["spec"] == without_nulls(over(profile, given))


@pytest.mark.parametrize("path", ROWS)
def test_a_field_reaches_the_cluster(path: str) -> None:
    """Each field of the API, in a value that shows in the cluster, over a profile."""
    _, spec = specs_of(ROWS[path])
    given = {"version": VERSION, **spec}
    assert cluster_of({"size": "s", "spec": given})["spec"] == without_nulls(
        over(generated.profile("s"), given)
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_the_chart_with_its_spec(path: Path) -> None:
    """Helm takes it over each size."""
    spec = yaml.safe_load(path.read_text())["spec"]
    for size in SIZES:
        rendered = cluster_of({"size": size, "spec": spec})["spec"]
        assert rendered == over(generated.profile(size), spec)


def test_a_large_number_stays_one() -> None:
    """Helm reads numbers as floating ones, which templates print with an exponent."""
    spec = {"manager": {"config": {"global": {"emailMaxPerHour": 1_000_000}}}}
    rendered = cluster_of({"spec": spec})["spec"]["manager"]["config"]["global"]
    assert rendered == {"emailMaxPerHour": 1_000_000}
    assert type(rendered["emailMaxPerHour"]) is int


# --- what it refuses --------------------------------------------------------------------------
REFUSED: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "a value that does not exist": ({"sizes": "m"}, "'sizes' not allowed"),
    "a size that does not exist": ({"size": "xxl"}, "/size"),
    "no size": ({"size": None}, "size"),
    "a name in capitals": ({"name": "Wazuh"}, "/name"),
    "a name that is too long": ({"name": "a" * 38}, "/name"),
    "a label that is none": ({"labels": {"a b": "c"}}, "a b"),
    "a label that is a number": ({"labels": {"a": 1}}, "/labels/a"),
    "no version": ({"spec": {"version": None}}, "version"),
    "a version that is not supported": ({"spec": {"version": "5.0.0"}}, "/spec/version"),
    "a field that does not exist": ({"spec": {"indexer": {"replica": 3}}}, "'replica' not allowed"),
    "a number out of bounds": ({"spec": {"indexer": {"replicas": 0}}}, "/spec/indexer/replicas"),
    "a text for a number": ({"spec": {"indexer": {"replicas": "3"}}}, "/spec/indexer/replicas"),
    "a fraction": ({"spec": {"indexer": {"replicas": 1.5}}}, "/spec/indexer/replicas"),
    "an unknown word": ({"spec": {"deletionPolicy": "Keep"}}, "/spec/deletionPolicy"),
    "a size of a volume that is none": (
        {"spec": {"manager": {"master": {"storageSize": "50 Gi"}}}},
        "/spec/manager/master/storageSize",
    ),
    "a field of Kubernetes that does not exist": (
        {"spec": {"dashboard": {"tolerations": [{"keys": "a"}]}}},
        "'keys' not allowed",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nonsense_is_refused_with_its_place(name: str) -> None:
    """By Helm, before anything is sent."""
    values, place = REFUSED[name]
    with pytest.raises(HelmError) as refusal:
        template(CHART, values)
    assert place in str(refusal.value)


# --- the schema is the API's ------------------------------------------------------------------
def test_the_generated_files_are_up_to_date() -> None:
    """The generators were run after the last change of a model, a profile or a value."""
    readme = generated.README_FILE.read_text()
    assert generated.SCHEMA_FILE.read_text() == generated.schema_file()
    assert readme == generated.readme_file() == documented(generated.README_FILE)


def _as_go_reads(node: Any) -> Any:
    """``node`` with patterns whose ``$`` is the end of the text, as it is for Helm."""
    if isinstance(node, dict):
        return {
            key: one[:-1] + r"\Z"
            if key == "pattern" and isinstance(one, str) and one.endswith("$")
            else _as_go_reads(one)
            for key, one in node.items()
        }
    return [_as_go_reads(one) for one in node] if isinstance(node, list) else node


@pytest.fixture(scope="module")
def values_schema() -> Draft7Validator:
    """The committed schema, read by a validator that is not Helm's."""
    schema = json.loads(generated.SCHEMA_FILE.read_text())
    Draft7Validator.check_schema(schema)
    return Draft7Validator(_as_go_reads(schema))


@pytest.mark.parametrize("bound", BOUNDS, ids=BOUND_IDS)
def test_the_schema_has_the_bounds_of_the_api(bound: Bound, values_schema: Draft7Validator) -> None:
    """What the API takes the chart takes, and what the API refuses for its own sake it refuses.

    Uniqueness by a key is no part of JSON Schema.
    """
    for value in bound.allowed:
        spec = {"version": VERSION, **spec_with(bound.path, value)}
        assert list(values_schema.iter_errors({"size": "m", "spec": spec})) == [], value
    for value in bound.refused:
        spec = {"version": VERSION, **spec_with(bound.path, value)}
        if any("twice" in str(fault) for fault in parse_spec(spec)[1]):
            continue
        assert not values_schema.is_valid({"size": "m", "spec": spec}), value


def test_every_top_level_value_is_said_in_the_schema() -> None:
    """With the words of values.yaml, and none that values.yaml does not have."""
    properties = generated.values_schema()["properties"]
    values = yaml.safe_load(generated.VALUES_FILE.read_text())
    assert properties.keys() == {*values, "global"}
    assert [name for name in values if not properties[name].get("description")] == []


def test_the_schema_says_what_each_field_is() -> None:
    """Editors show it: every field of our own has a description."""
    spec = generated.values_schema()["properties"]["spec"]["properties"]
    for tier in (spec["indexer"], spec["manager"], spec["dashboard"], spec["tls"]):
        assert tier["description"]
        assert all("description" in one or "$ref" in one for one in tier["properties"].values())
