"""Composition root and command line: the only place that reads clock, entropy and environment.

Each subcommand imports what it needs when it runs, so that none waits for the others. Whatever
goes wrong is one line on stderr: 2 for bad usage or input, 1 for a run that failed.
"""
# ruff: noqa: PLC0415 - imports at the top would make every subcommand wait for all

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.arguments import (
    EXIT_FAILED,
    EXIT_OK,
    SEED_BYTES,
    CommandError,
    Parser,
    UsageError,
    render_arguments,
    serve_arguments,
)

if TYPE_CHECKING:
    from app.edge.http import Hook
    from app.simulation.hook import DirectHook

PROGRAM = "wazuh-hook"
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit status; ``argv`` is without the program's name."""
    try:
        given = sys.argv[1:] if argv is None else argv
        options = _parser(given).parse_args(given)
        status: int = options.run(options)
        sys.stdout.flush()
    except SystemExit:  # only --help ends so: errors of the parser are UsageErrors
        status = EXIT_OK
    except CommandError as error:
        status = _complain(str(error), error.status)
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except BrokenPipeError:  # `| head`; nothing may be written when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - people get a line, the place is enough for us
        status = _complain(f"internal error: {_place(error)}", EXIT_FAILED)
    return status


def serve(options: argparse.Namespace) -> int:
    """Serve the hook until a signal."""
    from app.edge.http import create_app
    from app.edge.server import listen, probe_listener, run
    from app.edge.settings import SettingsError, read_settings, undefined_variables
    from app.edge.telemetry import UNKNOWN_VARIABLES, Telemetry

    given = {"host": options.host, "port": options.port}
    try:
        settings = read_settings({key: value for key, value in given.items() if value is not None})
    except SettingsError as error:
        raise UsageError(str(error)) from None
    telemetry = Telemetry(stream=sys.stderr.buffer, clock=_now, level=settings.log_level)
    try:
        app = create_app(hook(), settings=settings, clock=_now, seed=_seed, telemetry=telemetry)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"bearer token file {settings.bearer_token_file}: {reason}") from None
    port: int | None = settings.port
    try:
        listener = listen(settings.host, settings.port)
        port = settings.probe_port
        probes = probe_listener(settings)
    except OSError as error:
        raise CommandError(f"cannot listen on {settings.host}:{port}: {error.strerror}") from None
    unknown = undefined_variables()
    if unknown:
        telemetry.log.warning(UNKNOWN_VARIABLES, variables=unknown)
    try:
        ended_by = run(app, settings, telemetry, listener, probes)
    except SettingsError as error:
        raise UsageError(str(error)) from None
    return EXIT_INTERRUPTED if ended_by == signal.SIGINT else EXIT_OK


def render(options: argparse.Namespace) -> int:
    """Print or write the response to a WazuhCluster or a recorded request."""
    from app.cli.description import shown
    from app.cli.manifest_files import as_yaml, write_files
    from app.cli.render import InputError
    from app.cli.render import render as rendered_file
    from app.hook.sync import sync

    try:
        rendered = rendered_file(
            options.file,
            sync,
            now=options.now or _now(),
            seed=options.seed or _seed(),
            rounds=options.rounds,
        )
    except InputError as error:
        raise UsageError(str(error)) from None
    response = shown(rendered.response, reveal=options.reveal)
    if options.output is None:
        sys.stdout.write(as_yaml(response))
    else:
        try:
            files = list(write_files(response, options.output))
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        print(f"{len(files)} files in {options.output}")
    if rendered.refused:
        raise UsageError(f"{options.file}: the spec is refused: {rendered.fault}")
    return EXIT_OK


def crd(_options: argparse.Namespace) -> int:
    """Print the CustomResourceDefinition."""
    from app.cli.manifest_files import crd_text
    from app.schema import crd as definition

    sys.stdout.write(crd_text(definition.crd()))
    return EXIT_OK


def simulate(options: argparse.Namespace) -> int:
    """Turn a WazuhCluster into a running cluster in a simulation."""
    from app.simulation.command import run

    return run(options, serve=served, direct=direct)


def hook() -> Hook:
    """The real functions behind the routes."""
    from app.edge.http import Hook
    from app.hook.customize import customize
    from app.hook.finalize import finalize
    from app.hook.heavy import is_heavy
    from app.hook.sync import sync

    return Hook(sync=sync, finalize=finalize, customize=customize, is_heavy=is_heavy)


@contextmanager
def served(clock: Callable[[], datetime]) -> Iterator[str]:
    """The hook behind real HTTP on a loopback port, with the time of a simulation; its URL."""
    from app.edge.http import create_app
    from app.edge.server import serving
    from app.edge.settings import Settings
    from app.edge.telemetry import Telemetry

    settings = Settings.model_construct()  # defaults: the environment is for `serve`
    telemetry = Telemetry(stream=sys.stderr.buffer, clock=clock, level="error")
    app = create_app(hook(), settings=settings, clock=clock, seed=_seed, telemetry=telemetry)
    with serving(app, settings) as url:
        yield url


def direct(clock: Callable[[], datetime], seed: int) -> DirectHook:
    """The hook in process, for a simulation that is the same in every run."""
    from app.simulation.hook import DirectHook, seeded_entropy

    functions = hook()
    return DirectHook(
        functions.sync,
        functions.customize,
        clock,
        seeded_entropy(seed),
        finalize=functions.finalize,
    )


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = Parser(prog=PROGRAM, description="Metacontroller hook that renders Wazuh clusters.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name, help=run.__doc__, description=run.__doc__
        )
        added.set_defaults(run=run)
        return added

    serve_arguments(command("serve", serve))
    render_arguments(command("render", render))
    simulation = command("simulate", simulate)
    if "simulate" in argv:  # its arguments come with the whole engine
        from app.simulation.command import arguments

        arguments(simulation)
    command("crd", crd)
    return parser


def _now() -> datetime:
    """Aware UTC time in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - here the clock is read


def _seed() -> bytes:
    """32 bytes of the system's source, asked anew for each call."""
    return os.urandom(SEED_BYTES)


def _complain(text: str, status: int) -> int:
    line = " ".join(text.split())
    print(f"{PROGRAM}: {line}", file=sys.stderr)
    return status


def _place(error: BaseException) -> str:
    """Type of an exception and where it was raised; its text may hold what must not be shown."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return type(error).__name__
    file = Path(place.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} in {file}:{place.tb_lineno}"
