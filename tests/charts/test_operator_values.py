"""Values of the hook's chart: what is refused, what is documented, and what the hook knows."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
import yaml

from app.edge.settings import Settings, read_settings
from hack.generate_chart_docs import DocumentationError, comments, generated, readmes, rows
from tests.charts.helm import ROOT, HelmError, template
from tests.charts.operator import CHART, VALUE_SETS, only, rendered

#: Settings that the chart gives by values of its own.
OWN: Final = frozenset(
    {
        "bearer_token_file",
        "host",
        "port",
        "probe_port",
        "tls_certificate_file",
        "tls_client_ca_file",
        "tls_key_file",
    }
)

#: Keys of Secrets, which look like values.
KEYS: Final = frozenset({"tls.crt", "tls.key"})

REFUSED: Final[tuple[tuple[str, Mapping[str, Any], str], ...]] = (
    ("a misspelt value", {"replica": 3}, "replica"),
    ("a misspelt value below", {"tls": {"enable": True}}, "enable"),
    ("no replica", {"replicas": 0}, "replicas"),
    ("a text for a number", {"replicas": "2"}, "replicas"),
    ("a port beyond the last", {"service": {"port": 70000}}, "port"),
    ("an unknown source", {"tls": {"source": "vault"}}, "source"),
    ("no name of an existing Secret", {"tls": {"source": "existingSecret"}}, "existingSecret"),
    ("no name of an issuer", {"tls": {"source": "certManager"}}, "name"),
    (
        "no name of a client's Secret",
        {"clientTLS": {"enabled": True, "source": "existingSecret"}},
        "existingSecret",
    ),
    (
        "mutual TLS without TLS",
        {"tls": {"enabled": False}, "clientTLS": {"enabled": True}},
        "enabled",
    ),
    ("a digest that is none", {"image": {"digest": "latest"}}, "digest"),
    ("a setting that is the chart's own", {"settings": {"port": 1}}, "port"),
    ("a setting in capitals", {"settings": {"LOG_LEVEL": "debug"}}, "LOG_LEVEL"),
    ("a name in capitals", {"fullnameOverride": "Hook"}, "fullnameOverride"),
    ("no labels of Metacontroller", {"metacontroller": {"podLabels": None}}, "podLabels"),
    ("a resync without a pause", {"compositeController": {"resyncPeriodSeconds": 0}}, "resync"),
    (
        "an unknown value of the embedded chart",
        {"metacontroller": {"enabled": True, "replicas": 2}},
        "replicas",
    ),
)


@pytest.mark.parametrize(
    ("values", "said"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_nonsense_is_refused(values: Mapping[str, Any], said: str) -> None:
    """By the schema, in words that name the value."""
    with pytest.raises(HelmError, match="don't meet the specifications") as refused:
        template(CHART, values)
    assert said in str(refused.value)


def test_every_value_is_in_the_schema() -> None:
    """The schema knows each default, so a value that is added is added there too."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert values.keys() == schema["properties"].keys() - {"global"}


def test_the_comments_of_every_value_are_in_the_table() -> None:
    """Each leaf of the values is a row or below one."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    documented = {row.path for row in rows(text) if row.default}

    def undocumented(values: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        if path in documented:
            return []
        if not isinstance(values, dict):
            return [path]
        return [one for key, value in values.items() for one in undocumented(value, (*path, key))]

    assert len(documented) > 50
    assert undocumented(yaml.safe_load(text), ()) == []


@pytest.mark.parametrize("readme", readmes(), ids=lambda path: path.parent.name)
def test_the_readme_is_up_to_date(readme: Any) -> None:
    """Its table is made of the values' comments."""
    assert readme.read_text(encoding="utf-8") == generated(readme)


def test_a_value_without_a_comment_is_refused() -> None:
    """And a comment above something that is no key."""
    with pytest.raises(DocumentationError, match=r"nothing is said of a\.c"):
        list(rows("# A.\na:\n  # B.\n  b: 1\n  c: 2\n"))
    with pytest.raises(DocumentationError, match="above no key"):
        comments("a:\n  # What?\n  - 1\n")


def test_rows_are_read_as_people_read_them() -> None:
    """Comments of several lines, sections, and a mapping that is one value."""
    text = "# Of\n# both.\na:\n  # B.\n  b: []\n# One.\nc:\n  d: {e: 1}\n"
    found = [(".".join(row.path), row.default, row.text) for row in rows(text)]
    assert found == [("a", "", "Of both."), ("a.b", "[]", "B."), ("c", '{"d": {"e": 1}}', "One.")]


@pytest.mark.parametrize("name", VALUE_SETS)
def test_the_hook_knows_every_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is misspelt, and the hook takes every value."""
    [container] = only(rendered(name), "Deployment")["spec"]["template"]["spec"]["containers"]
    variables = {one["name"]: one["value"] for one in container["env"]}
    known = {f"WAZUH_HOOK_{setting.upper()}" for setting in Settings.model_fields}
    assert variables.keys() - known == set()
    for variable, value in variables.items():
        if not variable.endswith("_FILE"):
            monkeypatch.setenv(variable, value)
    settings = read_settings()
    assert (settings.port, settings.probe_port) == (8443, 8081)
    wanted = {"stop_delay_seconds": 5, **VALUE_SETS[name].get("settings", {})}
    assert {key: getattr(settings, key) for key in wanted} == wanted


def test_the_schema_keeps_the_charts_own_settings_apart() -> None:
    """Each is a setting of the hook, and refused under `settings`."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    refused = schema["properties"]["settings"]["propertyNames"]["not"]["enum"]
    assert set(refused) == OWN
    assert Settings.model_fields.keys() >= OWN


def test_labels_of_the_user_cannot_break_the_selector() -> None:
    """A label of the selector that is set again would be there twice."""
    values = copy.deepcopy(dict(VALUE_SETS["existing-secrets"]))
    values["podLabels"] = {"app.kubernetes.io/name": "other", "team": "security"}
    template_ = only(template(CHART, values), "Deployment")["spec"]["template"]
    assert template_["metadata"]["labels"]["app.kubernetes.io/name"] == "wazuh-operator"
    assert template_["metadata"]["labels"]["team"] == "security"


@pytest.mark.parametrize("path", ["docs/install.md", "charts/wazuh-operator/README.md"])
def test_documents_speak_of_values_that_exist(path: str) -> None:
    """`tls.source` in a text is a value, as is `--set tls.source=…` in a command."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    embedded = CHART / "charts" / "metacontroller" / "values.yaml"
    values["metacontroller"] |= yaml.safe_load(embedded.read_text(encoding="utf-8"))
    text = (ROOT / path).read_text(encoding="utf-8")
    named = re.findall(r"(?:`|charts/wazuh-operator --set )([a-zA-Z]+(?:\.[a-zA-Z]+)+)[`=:]", text)
    ours = [name.split(".") for name in named if name not in KEYS and name.split(".")[0] in values]
    assert len(ours) >= 5
    for keys in ours:
        holder: Any = values
        for key in keys:
            assert key in holder, ".".join(keys)
            holder = holder[key]


@pytest.mark.parametrize("path", ["docs/install.md", "charts/wazuh-operator/README.md"])
def test_documents_link_to_files_that_exist(path: str) -> None:
    """Relative links only; nothing is fetched."""
    text = (ROOT / path).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!http)([^)#]+)", text)
    missing = [link for link in links if not ((ROOT / path).parent / link).exists()]
    assert missing == []
