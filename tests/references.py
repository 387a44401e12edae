"""Every reference of an answer, resolved: a dangling one keeps pods from starting, silently.

``faults`` looks only at what is there: in the first calls of a creation no workload exists yet, and
then no selector can miss one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app import names
from tests.pod_security import containers, pod_templates
from tests.registration import registered_kinds

DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Children of an answer, found by kind and name; ``external``: objects of the user's."""

    children: Sequence[Manifest]
    external: frozenset[str]

    def find(self, kind: str, name: str) -> Manifest | None:
        """The child of this kind and name, or None."""
        return next(
            (
                child
                for child in self.children
                if child["kind"] == kind and child["metadata"]["name"] == name
            ),
            None,
        )

    def of_kind(self, *kinds: str) -> list[Manifest]:
        """All children of these kinds."""
        return [child for child in self.children if child["kind"] in kinds]


def faults(children: Sequence[Manifest], *, external: Collection[str] = ()) -> list[str]:
    """Faults of the children of one answer, in words; empty if there is none.

    ``external``: ``Kind/name`` of objects that the user brings (Secrets named in the spec, what
    ``extraVolumes`` and ``envFrom`` refer to).
    """
    answer = Answer(children=children, external=frozenset(external))
    found = [*_identities(answer), *_values(children, "children")]
    for name, template in pod_templates(list(children)).items():
        found += [f"{name}: {fault}" for fault in _template(answer, name, template)]
    found += [*_selectors(answer), *_service_ports(answer), *_bindings(answer)]
    return sorted(found)


# --- identity and form ------------------------------------------------------------------------
def _identities(answer: Answer) -> Iterator[str]:
    identities = Counter((child["kind"], child["metadata"]["name"]) for child in answer.children)
    for (kind, name), count in identities.items():
        if count > 1:
            yield f"{kind}/{name}: emitted {count} times"
    for child in answer.children:
        kind, name = child["kind"], child["metadata"]["name"]
        if DNS_LABEL.fullmatch(name) is None:
            yield f"{kind}/{name}: no DNS-1123 label of at most 63 characters"
        if (child["apiVersion"], kind) not in registered_kinds():
            yield f"{kind}/{name}: {child['apiVersion']} {kind} is not registered"
    namespaces = {child["metadata"].get("namespace") for child in answer.children} - {None}
    if len(namespaces) > 1:
        yield f"children are in several namespaces: {', '.join(sorted(namespaces))}"


def _values(value: Any, path: str) -> Iterator[str]:
    """Values that the API server does not store as they are: null and floats."""
    match value:
        case None:
            yield f"{path} is null"
        case float():
            yield f"{path} is a float"
        case Mapping():
            for key, item in value.items():
                yield from _values(item, f"{path}.{key}")
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _values(item, f"{path}[{index}]")


# --- pods -------------------------------------------------------------------------------------
def _template(answer: Answer, owner: str, template: Manifest) -> Iterator[str]:
    spec = template["spec"]
    account = spec.get("serviceAccountName", "default")
    if account != "default" and not _exists(answer, "ServiceAccount", account):
        yield f"ServiceAccount {account} is missing"
    for volume in spec.get("volumes", ()):
        yield from _volume(answer, volume)
    claims = _claims(answer, owner)
    volumes = {volume["name"] for volume in spec.get("volumes", ())} | claims
    for container in containers(spec):
        yield from _variables(answer, container)
        yield from _mounts(container, volumes)
        yield from _probe_ports(container)
    yield from _sub_paths(answer, spec)


def _exists(answer: Answer, kind: str, name: str) -> bool:
    return f"{kind}/{name}" in answer.external or answer.find(kind, name) is not None


def _claims(answer: Answer, owner: str) -> set[str]:
    kind, _, name = owner.partition("/")
    workload = answer.find(kind, name)
    templates = {} if workload is None else workload["spec"].get("volumeClaimTemplates", ())
    return {claim["metadata"]["name"] for claim in templates}


def _keys(answer: Answer, kind: str, name: str) -> frozenset[str] | None:
    """Keys of a child's data; None if the object is the user's."""
    if f"{kind}/{name}" in answer.external:
        return None
    child = answer.find(kind, name)
    return frozenset(() if child is None else child.get("data", {}))


def _reference(
    answer: Answer, kind: str, name: str, keys: Collection[str], *, optional: bool
) -> Iterator[str]:
    if optional:
        return
    if not _exists(answer, kind, name):
        yield f"{kind} {name} is missing"
        return
    present = _keys(answer, kind, name)
    for key in keys:
        if present is not None and key not in present:
            yield f"{kind} {name} has no key {key}"


def _volume(answer: Answer, volume: Manifest) -> Iterator[str]:
    sources = [volume, *volume.get("projected", {}).get("sources", ())]
    for source in sources:
        for field, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
            if field in source:
                found = source[field]
                name = found.get("secretName") or found["name"]
                keys = [item["key"] for item in found.get("items", ())]
                optional = bool(found.get("optional"))
                yield from _reference(answer, kind, name, keys, optional=optional)


def _variables(answer: Answer, container: Manifest) -> Iterator[str]:
    for variable in container.get("env", ()):
        source = variable.get("valueFrom", {})
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if field in source:
                found = source[field]
                optional = bool(found.get("optional"))
                yield from _reference(
                    answer, kind, found["name"], [found["key"]], optional=optional
                )
    for source in container.get("envFrom", ()):
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if field in source:
                found = source[field]
                optional = bool(found.get("optional"))
                yield from _reference(answer, kind, found["name"], [], optional=optional)
    repeated = Counter(variable["name"] for variable in container.get("env", ()))
    for name, count in repeated.items():
        if count > 1:
            yield f"{container['name']}: variable {name} is set {count} times"


def _mounts(container: Manifest, volumes: Collection[str]) -> Iterator[str]:
    paths = Counter(mount["mountPath"] for mount in container.get("volumeMounts", ()))
    for path, count in paths.items():
        if count > 1:
            yield f"{container['name']}: {count} mounts at {path}"
    for mount in container.get("volumeMounts", ()):
        if mount["name"] not in volumes:
            yield f"{container['name']}: no volume {mount['name']}"


def _sub_paths(answer: Answer, spec: Manifest) -> Iterator[str]:
    """A subPath of a Secret or ConfigMap must be one of its files, or a folder appears."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
    for container in containers(spec):
        for mount in container.get("volumeMounts", ()):
            files = _files(answer, volumes.get(mount["name"], {}))
            if "subPath" in mount and files is not None and mount["subPath"] not in files:
                yield f"{container['name']}: {mount['name']} has no file {mount['subPath']}"


def _files(answer: Answer, volume: Manifest) -> frozenset[str] | None:
    for field, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
        if field in volume:
            source = volume[field]
            if "items" in source:
                return frozenset(item["path"] for item in source["items"])
            return _keys(answer, kind, source.get("secretName") or source["name"])
    return None


def _probe_ports(container: Manifest) -> Iterator[str]:
    named = {port.get("name") for port in container.get("ports", ())}
    for field in PROBES:
        for kind in ("httpGet", "tcpSocket"):
            port = container.get(field, {}).get(kind, {}).get("port")
            if isinstance(port, str) and port not in named:
                yield f"{container['name']}: {field} asks for port {port}"


# --- selectors and ports ------------------------------------------------------------------------
def _labels(template: Manifest) -> Mapping[str, str]:
    found: Mapping[str, str] = template.get("metadata", {}).get("labels", {})
    return found


def _is_selected(selector: Mapping[str, str], template: Manifest) -> bool:
    return selector.items() <= _labels(template).items()


def _concerns(selector: Mapping[str, str], template: Manifest) -> bool:
    """Whether a selector means this kind of pod, judged by the label that tells kinds apart."""
    label = names.LABEL_COMPONENT if names.LABEL_COMPONENT in selector else names.LABEL_NAME
    return selector.get(label) == _labels(template).get(label)


def _selectors(answer: Answer) -> Iterator[str]:
    templates = pod_templates(list(answer.children))
    for name, selector in _selector_by_object(answer):
        for owner, template in templates.items():
            if _concerns(selector, template) and not _is_selected(selector, template):
                yield f"{name}: the selector misses the pods of {owner}"
        if names.LABEL_VERSION in selector:
            yield f"{name}: the selector holds a version"
    for workload in answer.of_kind("StatefulSet", "Deployment"):
        name = f"{workload['kind']}/{workload['metadata']['name']}"
        if not _is_selected(workload["spec"]["selector"]["matchLabels"], templates[name]):
            yield f"{name}: the selector misses its own pods"
    for stateful_set in answer.of_kind("StatefulSet"):
        yield from _governing_service(answer, stateful_set)


def _selector_by_object(answer: Answer) -> Iterator[tuple[str, Mapping[str, str]]]:
    for child in answer.children:
        name = f"{child['kind']}/{child['metadata']['name']}"
        match child["kind"]:
            case "Service":
                yield name, child["spec"].get("selector", {})
            case "PodDisruptionBudget":
                yield name, child["spec"]["selector"]["matchLabels"]
            case "NetworkPolicy":
                yield name, child["spec"]["podSelector"].get("matchLabels", {})


def _governing_service(answer: Answer, stateful_set: Manifest) -> Iterator[str]:
    name = stateful_set["metadata"]["name"]
    wanted = stateful_set["spec"]["serviceName"]
    service = answer.find("Service", wanted)
    if service is None:
        yield f"StatefulSet/{name}: Service {wanted} is missing"
    elif service["spec"].get("clusterIP") != "None":
        yield f"StatefulSet/{name}: Service {wanted} is not headless"
    elif not _is_selected(service["spec"]["selector"], stateful_set["spec"]["template"]):
        yield f"StatefulSet/{name}: Service {wanted} selects other pods"


def _service_ports(answer: Answer) -> Iterator[str]:
    templates = pod_templates(list(answer.children))
    for service in answer.of_kind("Service"):
        name = f"Service/{service['metadata']['name']}"
        numbers = Counter(port["port"] for port in service["spec"]["ports"])
        for number, count in numbers.items():
            if count > 1:
                yield f"{name}: {count} ports {number}; Metacontroller merges them into one"
        for owner, template in templates.items():
            if not _is_selected(service["spec"].get("selector", {}), template):
                continue
            for port in service["spec"]["ports"]:
                target = port.get("targetPort", port["port"])
                if (target, port.get("protocol", "TCP")) not in _container_ports(template):
                    yield f"{name}: {owner} has no port {target}"


def _container_ports(template: Manifest) -> set[tuple[str | int, str]]:
    found: set[tuple[str | int, str]] = set()
    for container in containers(template["spec"]):
        for port in container.get("ports", ()):
            protocol = port.get("protocol", "TCP")
            found.add((port["containerPort"], protocol))
            if "name" in port:
                found.add((port["name"], protocol))
    return found


# --- roles --------------------------------------------------------------------------------------
def _bindings(answer: Answer) -> Iterator[str]:
    for binding in answer.of_kind("RoleBinding"):
        name = f"RoleBinding/{binding['metadata']['name']}"
        role = binding["roleRef"]["name"]
        if answer.find("Role", role) is None:
            yield f"{name}: Role {role} is missing"
        for subject in binding["subjects"]:
            if not _exists(answer, subject["kind"], subject["name"]):
                yield f"{name}: {subject['kind']} {subject['name']} is missing"
    pods = {
        f"{one['metadata']['name']}-{ordinal}"
        for one in answer.of_kind("StatefulSet")
        for ordinal in range(one["spec"]["replicas"])
    }
    for role in answer.of_kind("Role") if pods else ():
        for rule in role["rules"]:
            for pod in set(rule.get("resourceNames", ())) - pods:
                yield f"Role/{role['metadata']['name']}: pod {pod} is missing"
