"""What must hold of every answer once workloads exist: ``broken`` names what does not.

Each promise is a function from an answer to what is wrong with it, in words.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
import yaml

from app import names
from app.result import Manifest, Result
from app.simulation.merge import canonical_json, same, update_of
from app.simulation.server.defaulting import stored
from app.versions import parse_version
from tests.cluster_builder import NAMESPACE
from tests.kubernetes_schema import OLDEST, schema_faults
from tests.ossec_checker import problems
from tests.pod_security import Level, pod_templates, violations
from tests.redactor import PASSWORD_KEYS
from tests.references import faults
from tests.user_objects import EXTERNAL, secret_values

MANAGERS: Final = tuple(f"-{role}" for role in names.MANAGERS)
#: What a Secret or ConfigMap may hold so that it can still be applied (security and performance).
MAX_BYTES: Final = 190_000
_HASHES: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")


def broken(result: Result, spec: Mapping[str, Any]) -> dict[str, list[str]]:
    """Every promise that ``result`` does not keep, by its name; ``spec``: of the WazuhCluster."""
    found = {name: sorted(promise(result, spec)) for name, promise in PROMISES.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def _resolved(result: Result, spec: Mapping[str, Any]) -> Iterable[str]:
    return faults(result.response.children, external=EXTERNAL)


def _valid(result: Result, spec: Mapping[str, Any]) -> Iterator[str]:
    for child in result.response.children:
        yield from schema_faults(child, OLDEST)


def _stored_as_sent(result: Result, spec: Mapping[str, Any]) -> Iterator[str]:
    """What the API server would drop, add or spell otherwise makes a write in every sync."""
    for child in result.response.children:
        desired = orjson.loads(orjson.dumps(child))
        kept = stored(desired)
        kept["metadata"].setdefault("annotations", {})[names.LAST_APPLIED] = canonical_json(desired)
        if not same(kept, update_of(kept, desired)):
            yield f"{child['kind']} {child['metadata']['name']}"


def _in_namespace(result: Result, spec: Mapping[str, Any]) -> Iterator[str]:
    for child in result.response.children:
        if child["metadata"].get("namespace", NAMESPACE) != NAMESPACE:
            yield f"{child['kind']} {child['metadata']['name']}"


def _not_too_large(result: Result, spec: Mapping[str, Any]) -> Iterator[str]:
    for child in result.response.children:
        if len(orjson.dumps(child)) > MAX_BYTES:
            yield f"{child['kind']} {child['metadata']['name']}"


def _within_security_level(result: Result, spec: Mapping[str, Any]) -> Iterator[str]:
    """Restricted, managers baseline; not where the user says otherwise."""
    is_privileged = spec.get("indexer", {}).get("vmMaxMapCount") == "Init"
    for pod, template in pod_templates(list(result.response.children)).items():
        if is_privileged and pod.endswith(f"-{names.Role.INDEXER}"):
            continue
        level = Level.BASELINE if pod.endswith(MANAGERS) else Level.RESTRICTED
        yield from (f"{pod}: {one}" for one in violations(template, level))


def _readable(result: Result, spec: Mapping[str, Any]) -> Iterator[str]:
    """ossec.conf by its checker, everything that is YAML by a parser."""
    version = parse_version(spec["version"])
    assert version is not None
    for child in result.response.children:
        if child["kind"] != "ConfigMap":
            continue
        for key, text in child["data"].items():
            if key == "ossec.conf":
                yield from (
                    f"{child['metadata']['name']}: {one}" for one in problems(text, version)
                )
            if key.endswith(".yml") and not isinstance(yaml.safe_load(text), dict):
                yield f"{child['metadata']['name']}: {key} is no mapping"


def _without_secrets(result: Result, spec: Mapping[str, Any]) -> Iterator[str]:
    """No secret value, plain or base64, outside the data of Secrets."""
    public = [
        {key: value for key, value in child.items() if child["kind"] != "Secret" or key != "data"}
        for child in result.response.children
    ]
    told = orjson.dumps([public, result.response.status]).decode() + repr(result)
    for place, value in secret_material(result.response.children):
        encoded = base64.b64encode(value.encode()).decode()
        if value in told or encoded.rstrip("=") in told:
            yield place


def secret_material(children: Sequence[Manifest]) -> Iterator[tuple[str, str]]:
    """Place and value of everything secret: the user's passwords, ours, private keys, hashes."""
    yield from ((f"user's value {number}", one) for number, one in enumerate(secret_values()))
    for child in children:
        if child["kind"] != "Secret":
            continue
        for key, encoded in child.get("data", {}).items():
            place = f"{child['metadata']['name']}/{key}"
            text = base64.b64decode(encoded).decode()
            if PASSWORD_KEYS.fullmatch(key):
                yield place, text.strip()
            if "PRIVATE KEY" in text:
                yield place, text.splitlines()[1]
            yield from ((place, one) for one in _HASHES.findall(text))


Promise = Callable[[Result, Mapping[str, Any]], Iterable[str]]
PROMISES: Final[Mapping[str, Promise]] = {
    "names, kinds, references and selectors resolve": _resolved,
    "the strict schema of the oldest Kubernetes is met": _valid,
    "stored as sent": _stored_as_sent,
    "in the namespace of the WazuhCluster": _in_namespace,
    "not too large": _not_too_large,
    "within the pods' security level": _within_security_level,
    "configuration can be read": _readable,
    "no secret outside Secrets": _without_secrets,
}
