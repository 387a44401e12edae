"""The CompositeController under which the model runs, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app import names
from app.kinds import CHILD_KINDS, JOB
from app.result import Manifest
from app.simulation.kinds import BY_RESOURCE, Kind

IN_PLACE: Final = "InPlace"
ON_DELETE: Final = "OnDelete"
RECREATE: Final = "Recreate"
RESYNC_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the model reads from a CompositeController; ``manifest`` goes into every request.

    ``methods``: update method by kind, of the child kinds in Metacontroller's order.
    """

    manifest: Manifest = field(repr=False)
    parent: Kind
    children: tuple[Kind, ...]
    methods: Mapping[str, str]
    resync_seconds: int
    has_customize: bool
    has_finalize: bool
    ignores_status: bool

    @property
    def finalizer(self) -> str:
        """Finalizer that Metacontroller puts on parents when there is a finalize hook."""
        return f"metacontroller.io/compositecontroller-{self.manifest['metadata']['name']}"


def composite_controller(*, finalize: bool = False, omit: tuple[str, ...] = ()) -> Manifest:
    """CompositeController of this hook, with every kind that it may emit.

    ``omit``: plural names of kinds left out, as by a wrong registration.
    """
    hooks = ["sync", "customize", *(["finalize"] if finalize else [])]
    return {
        "apiVersion": "metacontroller.k8s.io/v1alpha1",
        "kind": "CompositeController",
        "metadata": {"name": "wazuhcluster", "generation": 1, "resourceVersion": "1"},
        "spec": {
            "parentResource": {
                "apiVersion": names.API_VERSION,
                "resource": names.PLURAL,
                "ignoreStatusChanges": True,
            },
            "childResources": [
                {
                    "apiVersion": kind.api_version,
                    "resource": kind.plural,
                    "updateStrategy": {
                        "method": ON_DELETE if kind is JOB else IN_PLACE,
                        "statusChecks": {},
                    },
                }
                for kind in CHILD_KINDS
                if kind.plural not in omit
            ],
            "hooks": {hook: {"version": "v2", "webhook": {"timeout": "10s"}} for hook in hooks},
            "resyncPeriodSeconds": RESYNC_SECONDS,
            "generateSelector": True,
        },
        "status": {},
    }


def registration_of(manifest: Manifest) -> Registration:
    """Read a CompositeController. ValueError for a form that the model does not know."""
    spec = manifest["spec"]
    if not spec.get("generateSelector"):
        raise ValueError("the model knows generateSelector: true only")
    rules = {_kind(rule): rule for rule in spec["childResources"]}
    hooks: Mapping[str, Any] = spec["hooks"]
    return Registration(
        manifest=manifest,
        parent=_kind(spec["parentResource"]),
        children=tuple(sorted(rules, key=lambda kind: kind.sort_key)),
        methods={
            kind.name: rule.get("updateStrategy", {}).get("method", ON_DELETE)
            for kind, rule in rules.items()
        },
        resync_seconds=int(spec.get("resyncPeriodSeconds", 0)),
        has_customize="customize" in hooks,
        has_finalize="finalize" in hooks,
        ignores_status=bool(spec["parentResource"].get("ignoreStatusChanges")),
    )


def _kind(rule: Mapping[str, Any]) -> Kind:
    kind = BY_RESOURCE.get((rule["apiVersion"], rule["resource"]))
    if kind is None:
        raise ValueError(f"{rule['resource']} of {rule['apiVersion']} is not served")
    return kind
