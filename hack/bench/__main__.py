"""``python -m hack.bench``: measure, print figures with their goals, write docs/performance.md.

It is no test: figures depend on the machine, so a missed goal is shown and fails nothing.
``--quick`` leaves out the five minutes under full load.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from hack.bench.bodies import Bodies, bodies
from hack.bench.page import PAGE, Row, page
from hack.bench.processes import Load, Server, Work, generator, measured, result_of, server

SERVE: Final = ("app", "serve", "--port", "{port}")
#: Every request answered anew.
NO_REUSE: Final = {"WAZUH_HOOK_REUSE_MAX_BYTES": "0"}
CALLERS: Final = 5
STARTS: Final = 3
#: At least so many, and more while the other cluster is watched.
CREATIONS: Final = 5
SYNCS: Final = 10_000
#: A second, of the cluster whose syncs are watched while others are created.
PACE: Final = 50.0
#: As many callers as a large installation has workers in all its controllers together.
CROWD: Final = 500
SOAK_MINUTES: Final = 5
_WARM_UP: Final = 300
_ONE: Final = 2_000
_FIVE: Final = 800  # each of five callers


#: What one caller and five callers measured.
Loads = tuple[Load, Load]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """Bounds of one way of answering: floors of the p50, milliseconds, answers a second."""

    floors: float
    p50: float
    p99: float
    p99_of_five: float
    rate: int


FRESH: Final = Goals(floors=2.5, p50=3.0, p99=8.0, p99_of_five=12.0, rate=400)
REUSED: Final = Goals(floors=0.9, p50=3.0, p99=3.0, p99_of_five=20.0, rate=1500)


def main(arguments: Sequence[str] = ()) -> int:
    """Measure, print and write."""
    is_quick = "--quick" in arguments
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("wb") as log:
        machine = _machine()
        print("making bodies …", file=sys.stderr)
        made = bodies()
        folder = Path(name)
        files = _written(folder, made)
        rows = [*_body_rows(made), *_start_rows(log), *_load_rows(files, folder, log)]
        if not is_quick:
            rows += _soak_rows(files[:1], log)
    print(machine)
    _print(rows)
    PAGE.write_text(page(machine, rows), encoding="utf-8")
    return 0


def _written(folder: Path, made: Bodies) -> list[Path]:
    """Files of the steady body and of the creation's, in this order."""
    (folder / "answer.json").write_bytes(made.answer)
    files = []
    for number, body in enumerate((made.steady, *made.creation)):
        file = folder / f"body-{number}.json"
        file.write_bytes(body)
        files.append(file)
    return files


def _body_rows(made: Bodies) -> Iterator[Row]:
    yield Row(name="children", value=str(made.children))
    yield Row(name="request", value=f"{len(made.steady) / 1000:.0f} KB")
    yield Row(name="answer", value=f"{len(made.answer) / 1000:.0f} KB")


def _start_rows(log: IO[bytes]) -> Iterator[Row]:
    print("starts …", file=sys.stderr)
    seconds = []
    for _ in range(STARTS):
        with server(SERVE, log) as running:
            seconds.append(running.first_answer_seconds)
    yield _bound("import and start to first answer", statistics.median(seconds), 1.5, "s")


def _load_rows(files: Sequence[Path], folder: Path, log: IO[bytes]) -> Iterator[Row]:
    steady, creation = files[:1], files[1:]
    floor_module = ("hack.bench.floor", "{port}", str(folder / "answer.json"))
    with ExitStack() as stack:
        floor_server = stack.enter_context(server(floor_module, log))
        sync_server = stack.enter_context(server(SERVE, log))
        fresh_server = stack.enter_context(server(SERVE, log, settings=NO_REUSE))
        floor = _one_and_five(floor_server, steady, "floor")
        fresh = _one_and_five(fresh_server, steady, "fresh")
        reused = _one_and_five(sync_server, steady, "reused")
        yield from _sync_rows(floor, fresh, reused)
        yield from _creation_rows(fresh_server, steady, creation)
        yield _memory_row(fresh_server, steady, sum(len(load.seconds) for load in fresh))
        yield from _crowd_rows(fresh_server, steady)


def _crowd_rows(running: Server, steady: Sequence[Path]) -> Iterator[Row]:
    """Many callers at once: none fails, some are told to retry."""
    print(f"{CROWD} callers at once …", file=sys.stderr)
    crowd = measured(running.port, steady, Work(callers=CROWD, count=4, seconds=60))
    yield Row(
        name=f"{CROWD} callers at once: answered / told to retry",
        value=f"{len(crowd.seconds):,} / {crowd.refused:,}",
    )
    yield _bound(f"{CROWD} callers at once, p99", crowd.quantile(0.99), 10_000, "ms")


def _soak_rows(steady: Sequence[Path], log: IO[bytes]) -> Iterator[Row]:
    """Five minutes under full load, every request answered anew: memory must stay flat."""
    print(f"{SOAK_MINUTES} minutes under full load …", file=sys.stderr)
    work = Work(callers=CALLERS, count=1_000_000, seconds=60.0 * SOAK_MINUTES)
    with (
        server(SERVE, log, settings=NO_REUSE) as running,
        generator(running.port, steady, work) as soak,
    ):
        time.sleep(60)
        first = running.resident_mb
        done = result_of(soak)
        last = running.resident_mb
    yield Row(name="syncs of the soak", value=f"{len(done.seconds):,}")
    growth = (last / first - 1) * 100
    yield _bound("growth of memory after its first minute", growth, 5, "%")


def _memory_row(running: Server, steady: Sequence[Path], done: int) -> Row:
    print(f"up to {SYNCS:,} syncs …", file=sys.stderr)
    rest = Work(callers=CALLERS, count=max(1, (SYNCS - done) // CALLERS), seconds=60)
    done += len(measured(running.port, steady, rest).seconds)
    return _bound(f"resident after {done:,} syncs", running.resident_mb, 150, "MB")


def _one_and_five(running: Server, steady: Sequence[Path], name: str) -> Loads:
    print(f"{name}: one and five callers …", file=sys.stderr)
    measured(running.port, steady, Work(count=_WARM_UP))
    one = measured(running.port, steady, Work(count=_ONE))
    return one, measured(running.port, steady, Work(callers=CALLERS, count=_FIVE))


def _sync_rows(floor: Loads, fresh: Loads, reused: Loads) -> Iterator[Row]:
    """One and five callers of each server; the ratio to the floor is the headline."""
    for name, loads in (("floor", floor), ("fresh", fresh), ("reused", reused)):
        yield Row(name=f"{name}, one caller", value=_figures(loads[0]))
        yield Row(name=f"{name}, five callers", value=_figures(loads[1]))
    for name, loads, goals in (("fresh", fresh, FRESH), ("reused", reused, REUSED)):
        ratio = loads[0].quantile(0.5) / floor[0].quantile(0.5)
        yield _bound(f"{name} p50 in floors, one caller", ratio, goals.floors, "floors")
        yield _bound(f"{name} p50, one caller", loads[0].quantile(0.5), goals.p50, "ms")
        yield _bound(f"{name} p99, one caller", loads[0].quantile(0.99), goals.p99, "ms")
        yield _bound(f"{name} p99, five callers", loads[1].quantile(0.99), goals.p99_of_five, "ms")
        yield Row(
            name=f"{name} rate, five callers",
            value=f"{loads[1].rate:.0f}/s",
            goal=f">= {goals.rate}/s",
            is_met=loads[1].rate >= goals.rate,
        )


def _creation_rows(
    running: Server, steady: Sequence[Path], creation: Sequence[Path]
) -> Iterator[Row]:
    """Whole creations one after another while another cluster is synced at a steady pace."""
    print("creations beside a quiet cluster …", file=sys.stderr)
    alone = measured(running.port, steady, Work(count=500, pace=PACE))
    totals: list[float] = []
    with generator(running.port, steady, Work(count=500, pace=PACE)) as watched:
        while len(totals) < CREATIONS or watched.poll() is None:
            load = measured(running.port, creation, Work())
            totals.append(sum(load.seconds) * 1000)
        beside = result_of(watched)
    yield _bound(
        f"keys and hashes of a creation ({len(creation)} syncs), p50",
        statistics.median(totals),
        700,
        "ms",
    )
    yield Row(name="another cluster's p99, alone", value=f"{alone.quantile(0.99):.1f} ms")
    yield Row(name="another cluster's p99, beside", value=f"{beside.quantile(0.99):.1f} ms")
    delay = beside.quantile(0.99) - alone.quantile(0.99)
    yield _bound("delay of another cluster's syncs, p99", delay, 20, "ms")


def _figures(load: Load) -> str:
    return f"p50 {load.quantile(0.5):.2f} ms, p99 {load.quantile(0.99):.2f} ms, {load.rate:.0f}/s"


def _bound(name: str, value: float, most: float, unit: str) -> Row:
    return Row(
        name=name, value=f"{value:.2f} {unit}", goal=f"<= {most:g} {unit}", is_met=value <= most
    )


def _machine() -> str:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    python = platform.python_version()
    busy = os.getloadavg()[0]  # above nothing, others take their share of every figure
    return f"{os.cpu_count()} cores {model}, Python {python}, load before {busy:.1f}"


def _print(rows: Sequence[Row]) -> None:
    width = max(len(row.name) for row in rows)
    for row in rows:
        line = f"{row.name:<{width}}  {row.value:<40} {row.goal:<12} {row.verdict}"
        print(line.rstrip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
