"""Metacontroller's own writes to a parent: finalizer and status."""

from __future__ import annotations

from typing import Final

from app.result import Manifest
from app.simulation.answers import AnswerError
from app.simulation.api import Api
from app.simulation.api_calls import CONFLICT, NOT_FOUND, ApiError
from app.simulation.assertions import Assertions
from app.simulation.merge import same
from app.simulation.ownership import ACTOR
from app.simulation.registration import Registration
from app.simulation.sync_record import Ending, SyncError

_STATUS_ATTEMPTS: Final = 4


class Parents:
    """Writes to the live object, never to the cached one."""

    __slots__ = ("_api", "_assertions", "_registration")

    def __init__(self, api: Api, registration: Registration, assertions: Assertions) -> None:
        """Without state."""
        self._api = api
        self._registration = registration
        self._assertions = assertions

    def with_finalizer(self, parent: Manifest) -> Manifest:
        """Parent with our finalizer where finalize is configured, without it elsewhere."""
        finalizer = self._registration.finalizer
        present = finalizer in parent["metadata"].get("finalizers", ())
        if self._registration.has_finalize == present:
            return parent
        if present:
            return self.without_finalizer(parent)
        if "deletionTimestamp" in parent["metadata"]:
            return parent
        return self._write_finalizers(
            parent, [*parent["metadata"].get("finalizers", []), finalizer]
        )

    def without_finalizer(self, parent: Manifest) -> Manifest:
        """Parent after our finalizer was removed from the live object."""
        finalizer = self._registration.finalizer
        rest = [f for f in parent["metadata"].get("finalizers", []) if f != finalizer]
        return self._write_finalizers(parent, rest)

    def _write_finalizers(self, parent: Manifest, finalizers: list[str]) -> Manifest:
        metadata = parent["metadata"]
        live = self._api.find(
            self._registration.parent.name, metadata["namespace"], metadata["name"]
        )
        if live is None or live["metadata"]["uid"] != metadata["uid"]:
            raise AnswerError("finalizer: the parent is gone")
        changed = {**live["metadata"], "finalizers": finalizers}
        if not finalizers:
            del changed["finalizers"]
        try:
            return self._api.update({**live, "metadata": changed}, ACTOR)
        except ApiError as error:
            raise AnswerError(f"finalizer: {error}") from error

    def write_status(self, parent: Manifest, status: Manifest, errors: list[str]) -> None:
        """Write the status; a parent that is gone swallows the errors of its children too."""
        metadata = parent["metadata"]
        wanted = {**status, "observedGeneration": metadata["generation"]}
        for _ in range(_STATUS_ATTEMPTS):
            live = self._api.find(
                self._registration.parent.name, metadata["namespace"], metadata["name"]
            )
            if live is None or live["metadata"]["uid"] != metadata["uid"]:
                return
            if same(live.get("status"), wanted):
                break
            try:
                self._api.update_status({**live, "status": wanted}, ACTOR)
            except ApiError as error:
                self._assertions.written(self._api.log.writes[-1])
                if error.code == NOT_FOUND:
                    return
                if error.code != CONFLICT:
                    raise SyncError(Ending.ERROR, f"status: {error}") from error
            else:
                self._assertions.written(self._api.log.writes[-1])
                break
        else:
            return
        if errors:
            raise SyncError(Ending.ERROR, "; ".join(errors))
