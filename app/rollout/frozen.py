"""A refused spec, and a cluster that is going: every observed child as it was last applied.

What is not observed is neither created nor deleted. Certificates go on being renewed by time, and
tiers roll for them with their last-applied templates: a typing error that nobody looks at for
weeks must not let a cluster expire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app import kinds, names
from app.names import Role
from app.observed.last_applied import last_applied
from app.observed.request import Observed, as_map
from app.observed.template import template_of, with_annotations, with_template
from app.result import Manifest
from app.secret_data import SecretData


def children(
    observed: Observed,
    certificates: Iterable[SecretData] = (),
    cert_hashes: Mapping[Role, str] | None = None,
) -> list[Manifest]:
    """Every observed child as last applied.

    ``certificates``: certificate Secrets whose content goes on; those that are not observed are
    not created. ``cert_hashes``: the hash that each tier's template shall carry.
    """
    renewed = {one.name: one for one in certificates}
    hashes = {
        observed.workloads[role].name: value
        for role, value in (cert_hashes or {}).items()
        if role in observed.workloads
    }
    found = []
    for manifest in observed.all_children():
        child = last_applied(manifest)
        name = child["metadata"]["name"]
        if child["kind"] == kinds.SECRET.name and name in renewed:
            child = _with_content(child, renewed[name])
        if child["kind"] in {kinds.STATEFUL_SET.name, kinds.DEPLOYMENT.name} and name in hashes:
            template = with_annotations(template_of(child), {names.CERT_HASH: hashes[name]})
            child = with_template(child, template)
        found.append(child)
    return found


def _with_content(child: Manifest, content: SecretData) -> Manifest:
    annotations = {**as_map(child["metadata"].get("annotations")), **content.annotations}
    metadata = {**child["metadata"], "annotations": annotations}
    return {**child, "metadata": metadata, "data": dict(content.data)}
