"""Owned Secrets and ConfigMaps that nobody asks for any more, but pods may still read.

They stay as long as an observed or answered template refers to them, or a workload has not
completed its roll since: a pod of the former template would not start again without them.
"""

from __future__ import annotations

from collections.abc import Sequence

from app import kinds
from app.observed.last_applied import last_applied
from app.observed.references import config_map_references, secret_references
from app.observed.request import Observed
from app.observed.template import template_of
from app.result import Manifest


def retained(
    observed: Observed, answered: Sequence[Manifest], *, is_rolling: bool
) -> list[Manifest]:
    """Observed Secrets and ConfigMaps to keep in the answer besides ``answered``.

    ``is_rolling``: a workload has not passed, so pods of former templates may be left.
    """
    known = {(one["kind"], one["metadata"]["name"]) for one in answered}
    candidates = [
        manifest
        for kind in (kinds.SECRET, kinds.CONFIG_MAP)
        for name, manifest in sorted(observed.children.get(kind.group_key, {}).items())
        if (kind.name, name) not in known
    ]
    if not candidates:
        return []
    templates = [one.template for one in observed.workloads.values()]
    templates += [template_of(one) for one in answered if "template" in (one.get("spec") or {})]
    secrets = {name for one in templates for name in secret_references(one)}
    maps = {name for one in templates for name in config_map_references(one)}
    return [
        last_applied(manifest)
        for manifest in candidates
        if is_rolling
        or manifest["metadata"]["name"] in (secrets if manifest["kind"] == "Secret" else maps)
    ]
