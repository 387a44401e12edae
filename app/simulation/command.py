"""``simulate``: a WazuhCluster file becomes a running cluster, without a cluster.

The hook is called over real HTTP on a loopback port unless `--direct` is given; time is virtual.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

import orjson

from app import names
from app.cli.arguments import EXIT_OK, CommandError, UsageError
from app.cli.manifest_files import write_files
from app.cli.render import InputError, creation_request, read_documents
from app.kinds import SECRET
from app.result import Manifest
from app.simulation.answers import NullChildError
from app.simulation.api_calls import ApiError, key_of
from app.simulation.duration import seconds_of, shown
from app.simulation.engine import Engine, Setup
from app.simulation.hook import Clock, Hook, HttpHook
from app.simulation.progress import Progress
from app.simulation.report.file import check_target, write_report
from app.simulation.report.recorder import Recorder
from app.simulation.sync_record import Ending
from app.simulation.timeline import Timeline

#: Virtual time starts here, so that a seed gives the same run at any time.
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: A cluster that is not Running and quiet by then will not be.
PATIENCE_SECONDS: Final = 3600.0

#: Starts the HTTP server with a clock; yields its URL.
Serve = Callable[[Clock], AbstractContextManager[str]]
#: The hook in process, from a clock and a seed.
Direct = Callable[[Clock, int], Hook]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A file to apply at a time, in seconds since the start."""

    path: Path
    seconds: int


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``simulate``."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="a WazuhCluster, with the user's Secrets beside it"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write the manifests, Secrets with mode 0600"
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=_duration,
        metavar="DURATION",
        help="run that long (90s, 10m, 3h, 800d) instead of until Running and quiet",
    )
    parser.add_argument(
        "--edit",
        dest="edits",
        action="append",
        default=[],
        type=_edit,
        metavar="FILE@TIME",
        help="apply a changed WazuhCluster at a time after the start; may be repeated",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="draw the life of the cluster as one HTML page that needs no network",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another order of events")
    parser.add_argument(
        "--all-resyncs",
        action="store_true",
        help="run every periodic resync, also those that can only find what the last one found",
    )
    parser.add_argument(
        "--direct", action="store_true", help="call the hook in process instead of over HTTP"
    )


def run(
    options: argparse.Namespace, *, serve: Serve, direct: Direct, stream: TextIO | None = None
) -> int:
    """Run a simulation; 0 if the cluster came to be Running and quiet and no rule was broken.

    ``serve`` and ``direct`` are the two ways to the hook. UsageError for bad input, CommandError
    for a failed run. Progress goes to ``stream`` (stdout).
    """
    timeline = Timeline(START)
    edits = [(edit, _objects(edit.path)) for edit in options.edits]
    objects = _objects(options.file)
    if options.report is not None:
        check_target(options.report)
    with _hook(options, timeline.now, serve, direct) as hook:
        engine = Engine(
            hook,
            seed=options.seed,
            timeline=timeline,
            setup=Setup(all_resyncs=options.all_resyncs),
        )
        progress = Progress(engine, stream or sys.stdout)
        recorder = Recorder(engine, *key_of(objects[-1])[1:])
        with recorder.edit(options.file.name):
            _apply(engine, objects, options.file)
        for edit, changed in edits:
            engine.at(edit.seconds, _later(engine, progress, recorder, edit, changed))
        last_edit = max((edit.seconds for edit, _ in edits), default=0)
        try:
            settled = _wait(engine, progress, options.duration, last_edit)
        except NullChildError:
            raise CommandError("null in children: it would end Metacontroller") from None
    progress.finish()
    if options.report is not None:
        write_report(recorder.life(), options.report)
        progress.note(f"report in {options.report}")
    if options.output is not None:
        progress.note(f"{_write(engine, options.output)} files in {options.output}")
    return _verdict(engine, progress, settled=settled)


def _wait(engine: Engine, progress: Progress, duration: int | None, last_edit: int) -> bool:
    """Let time pass; whether the run reached its end in good order."""
    if duration is not None:
        engine.run_for(duration, progress.update)
        return engine.is_running()

    def ended() -> bool:
        progress.update()
        return engine.elapsed >= last_edit and engine.is_running() and engine.is_quiet()

    return engine.run_until(ended, last_edit + PATIENCE_SECONDS)


def _verdict(engine: Engine, progress: Progress, *, settled: bool) -> int:
    """Say how it ended; CommandError names what was wrong."""
    syncs = engine.syncs
    writes = engine.writes_since(-1.0, "metacontroller")
    progress.note(
        f"{len(syncs)} syncs, {len(writes)} writes by Metacontroller,"
        f" {len(engine.children())} children, virtual time {shown(engine.elapsed)}"
    )
    for violation in engine.violations:
        progress.note(str(violation))
    if engine.violations:
        raise CommandError(f"{len(engine.violations)} rules broken, first: {engine.violations[0]}")
    if settled:
        return EXIT_OK
    if syncs and syncs[-1].ending is Ending.ERROR:
        raise CommandError(f"the last sync failed: {syncs[-1].text}")
    raise CommandError(f"not Running and quiet: {_reason(engine)}")


def _reason(engine: Engine) -> str:
    """Phase and what the conditions complain about."""
    status = engine.parent.get("status", {})
    complaints = [
        f"{condition['type']}={condition['status']}: {condition.get('message', '')}"
        for condition in status.get("conditions", [])
        if condition["status"] != _GOOD.get(condition["type"], condition["status"])
    ]
    return "; ".join([f"phase {status.get('phase', 'none')}", *complaints])


_GOOD: Final = {
    "Ready": "True",
    "Available": "True",
    "Progressing": "False",
    "Degraded": "False",
    "CertificatesReady": "True",
    "SpecValid": "True",
}


@contextmanager
def _hook(
    options: argparse.Namespace, clock: Clock, serve: Serve, direct: Direct
) -> Iterator[Hook]:
    if options.direct:
        yield direct(clock, options.seed)
        return
    with serve(clock) as url:
        hook = HttpHook(url, clock)
        try:
            yield hook
        finally:
            hook.close()


# --- input and output --------------------------------------------------------------------
def _objects(path: Path) -> list[Manifest]:
    """The WazuhCluster of a file, after the Secrets beside it. UsageError."""
    try:
        request = creation_request(read_documents(path), START)
    except InputError as error:
        raise UsageError(str(error)) from None
    parent = request["parent"]
    given = ("name", "namespace", "labels", "annotations")
    parent["metadata"] = {
        key: parent["metadata"][key] for key in given if key in parent["metadata"]
    }
    secrets = request["related"][SECRET.group_key].values()
    for secret in secrets:
        secret["metadata"].setdefault("namespace", parent["metadata"]["namespace"])
    return [*secrets, parent]


def _apply(engine: Engine, objects: list[Manifest], path: Path) -> None:
    for item in objects:
        try:
            engine.apply({"apiVersion": "v1", **item})
        except ApiError as error:
            raise UsageError(f"{path}: {item['kind']}: {error}") from None


def _later(
    engine: Engine, progress: Progress, recorder: Recorder, edit: Edit, objects: list[Manifest]
) -> Callable[[], None]:
    def apply() -> None:
        if engine.find_parent() is not None and key_of(objects[-1]) != key_of(engine.parent):
            raise UsageError(f"{edit.path}: another {names.KIND} than the first file's")
        progress.note(f"{edit.path} applied")
        with recorder.edit(edit.path.name):
            _apply(engine, objects, edit.path)

    return apply


def _write(engine: Engine, folder: Path) -> int:
    """Write the children as the hook emitted them, and the status."""
    children = [_emitted(child) for child in engine.children()]
    response = {"children": children, "status": engine.parent.get("status")}
    try:
        return len(list(write_files(response, folder)))
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None


def _emitted(child: Manifest) -> Manifest:
    """What was applied last, without the label that Metacontroller adds."""
    text = child["metadata"].get("annotations", {}).get(names.LAST_APPLIED)
    manifest: Manifest = orjson.loads(text) if text else child
    manifest["metadata"].get("labels", {}).pop(names.LABEL_CONTROLLER_UID, None)
    return manifest


def _duration(text: str) -> int:
    try:
        return seconds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _edit(text: str) -> Edit:
    path, at, moment = text.rpartition("@")
    if not at or not path:
        raise argparse.ArgumentTypeError("must be FILE@TIME, such as changed.yaml@10m")
    return Edit(path=Path(path), seconds=_duration(moment))
