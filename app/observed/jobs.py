"""Jobs as they are observed: whether one has ended, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from app import kinds
from app.observed.request import Observed, as_list, as_map, as_text, as_time
from app.result import Manifest
from app.unchanging import kept

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One observed Job. ``failed_at``: when it was given up; ``failure``: the controller's word."""

    name: str
    manifest: Manifest = field(repr=False)
    is_complete: bool
    failed_at: datetime | None
    failure: str

    @property
    def has_ended(self) -> bool:
        """Whether no pod of it runs any more."""
        return self.is_complete or self.failed_at is not None


def serves_jobs(observed: Observed) -> bool:
    """Whether the CompositeController lists Jobs: one that is answered all the same is an error."""
    return kinds.JOB.group_key in observed.children


def jobs(observed: Observed, prefix: str) -> dict[str, Job]:
    """Observed Jobs by name, of those whose name begins with ``prefix``; sorted."""
    group = observed.children.get(kinds.JOB.group_key, {})
    return {name: _job(group[name]) for name in sorted(group) if name.startswith(prefix)}


@kept
def _job(manifest: Manifest) -> Job:
    metadata = as_map(manifest.get("metadata"))
    found = {
        as_text(one.get("type")): one
        for one in map(as_map, as_list(as_map(manifest.get("status")).get("conditions")))
        if one.get("status") == "True"
    }
    failed = found.get("Failed")
    failed_at = None
    if failed is not None:
        times = (failed.get("lastTransitionTime"), metadata.get("creationTimestamp"))
        failed_at = next((one for one in map(as_time, times) if one is not None), _LONG_AGO)
    return Job(
        name=str(metadata.get("name")),
        manifest=manifest,
        is_complete="Complete" in found,
        failed_at=failed_at,
        failure=(as_text((failed or {}).get("reason")) or "") if failed is not None else "",
    )
