"""The model as a process of its own: `python -m app.simulation.remote --kubeconfig FILE`.

It waits for its CompositeController, serves it until it is told to stop, and starts anew when its
spec changes, as Metacontroller does. What it finds wrong is a line of JSON on stdout, and makes
it end with status 3.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from app.result import Manifest
from app.simulation.api_calls import Event
from app.simulation.assertions import Assertions
from app.simulation.informers import UniformLag
from app.simulation.metacontroller import Metacontroller
from app.simulation.ownership import ACTOR
from app.simulation.registration import Registration, registration_of
from app.simulation.remote.connection import Connection, access_of
from app.simulation.remote.loop import Loop
from app.simulation.remote.server import CONTROLLER, RemoteApi, RemoteInformers
from app.simulation.remote.webhooks import Webhooks
from app.simulation.sync_record import Ending, Pace, Sync
from app.simulation.timeline import Timeline

EXIT_VIOLATIONS: Final = 3
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
USER_AGENT: Final = "metacontroller/v4.17.2 (model)"


class Process:
    """One CompositeController, from its appearance to the change of its spec."""

    def __init__(self, connection: Connection, name: str) -> None:
        """``name``: of the CompositeController."""
        self._name = name
        self._loop = Loop(Timeline(datetime.now(UTC)))  # noqa: TID251 - the composition root
        self._api = RemoteApi(connection, self._loop)
        self._assertions = Assertions(self._loop.timeline, self._api)
        self._controller: Metacontroller | None = None
        self._registration: Registration | None = None
        self._said = [0, 0]
        self.stopping = False
        self.outdated = False

    def run(self) -> None:
        """Serve until `stopping` or `outdated`."""
        self._api.watch(self._seen)
        for manifest in self._api.objects(CONTROLLER.name):
            self._registered(manifest)
        self._loop.run(self._ended)

    @property
    def broken(self) -> bool:
        """Whether a rule of `Assertions` was broken."""
        return bool(self._assertions.violations)

    def stop(self) -> None:
        """End soon; for signal handlers."""
        self.stopping = True

    def _seen(self, event: Event) -> None:
        if event.object["kind"] == CONTROLLER.name:
            self._registered(event.object)
        elif not self._api.is_own(event):
            self._assertions.foreign_change()

    def _registered(self, manifest: Manifest) -> None:
        if manifest["metadata"]["name"] != self._name:
            return
        if self._registration is not None:
            known = self._registration.manifest["spec"]
            self.outdated = self.outdated or manifest["spec"] != known
            return
        self._registration = registration_of(manifest)
        timeline = self._loop.timeline
        self._controller = Metacontroller(
            timeline,
            self._api,
            Webhooks(manifest, timeline.now, self._api.find),
            self._registration,
            self._assertions,
            random.Random(),  # noqa: S311 - the order of writes within a kind
            lag=UniformLag(0.0, 0.0),
            pace=Pace(hook_seconds=0.0, write_seconds=0.0),
            all_resyncs=True,
            informers=RemoteInformers,
        )
        self._controller.start()
        _say({"event": "started", "controller": self._name})

    def _ended(self) -> bool:
        for violation in self._assertions.violations[self._said[0] :]:
            _say({"event": "violation", "rule": violation.rule, "message": violation.message})
        self._said[0] = len(self._assertions.violations)
        syncs = [] if self._controller is None else self._controller.syncs
        for sync in syncs[self._said[1] :]:
            self._tell(sync)
        self._said[1] = len(syncs)
        return self.stopping or self.outdated

    def _tell(self, sync: Sync) -> None:
        """Show a failed sync, here and as an Event of the parent."""
        if sync.ending is not Ending.ERROR or self._registration is None:
            return
        namespace, name = sync.parent
        _say({"event": "sync error", "parent": f"{namespace}/{name}", "text": sync.text})
        for parent in self._api.objects(self._registration.parent.name, namespace):
            if parent["metadata"]["name"] == name:
                self._api.report(_event(parent, sync.text, self._loop.timeline.stamp()))


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; the exit status says whether a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m app.simulation.remote")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--controller", default="wazuhcluster", metavar="NAME")
    options = parser.parse_args(argv)
    process = Process(Connection(access_of(options.kubeconfig), USER_AGENT), options.controller)
    for number in _ENDING:
        signal.signal(number, lambda *_: process.stop())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    process.run()
    if process.outdated and not process.stopping:
        # One that comes meanwhile waits until the new program can hear it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        arguments = list(sys.argv[1:] if argv is None else argv)
        os.execv(sys.executable, [sys.executable, "-m", "app.simulation.remote", *arguments])  # noqa: S606
    return EXIT_VIOLATIONS if process.broken else 0


def _event(parent: Manifest, text: str, now: str) -> Manifest:
    """Warning SyncError, as Metacontroller records it."""
    metadata = parent["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": parent["apiVersion"],
            "kind": parent["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "type": "Warning",
        "reason": "SyncError",
        "message": text[:1000],
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": ACTOR},
    }


def _say(line: Manifest) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()
