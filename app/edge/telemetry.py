"""What may be known about a call, and nothing else: one log event a sync, and metrics.

Requests and answers are full of Secrets, so a log event holds only fields of an allow-list, and
an exception is logged without its text and without local variables.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
import structlog

from app.edge.handshakes import Failure, QuietLog
from app.edge.metrics import Metrics
from app.result import Outcome, Report

# --- names of events --------------------------------------------------------------------
SYNC: Final = "sync"
SYNC_FAILED: Final = "sync_failed"
CUSTOMIZE: Final = "customize"
REFUSED: Final = "request_refused"
LISTENING: Final = "listening"
STOPPING: Final = "stopping"
STOPPED: Final = "stopped"
TLS_RELOADED: Final = "tls_reloaded"
TLS_KEPT: Final = "tls_files_not_taken_over"
HANDSHAKE_FAILED: Final = "tls_handshake_failed"
UNKNOWN_VARIABLES: Final = "unknown_variables"
LIBRARY: Final = "library"

#: The only fields an event can have.
FIELDS: Final = frozenset(
    {
        # of every event
        *("event", "level", "timestamp"),
        # of a sync
        *("hook", "namespace", "name", "generation", "outcome", "phase", "observed", "emitted"),
        *("seconds", "reissues", "held", "resync_after_seconds", "reused"),
        # of a refusal or a failure
        *("status", "reason", "error_id", "error_type", "frames"),
        # of TLS
        *("client", "count", "file", "expiry"),
        # of the process and its libraries
        *("tls", "probe_port"),
        *("host", "port", "version", "variables", "logger", "message"),
    }
)

_OBJECT_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
#: The words that a library's message begins with: asyncio puts values behind them itself.
_WORDS: Final = re.compile(r"[A-Za-z ,:%-]*")
_MAX_FRAMES: Final = 100  # of an exception with its causes, which may be a loop
_FRAMES_EACH: Final = 20


class Telemetry:
    """Log and metrics of one application."""

    def __init__(
        self, *, stream: BinaryIO, clock: Callable[[], datetime], level: str = "info"
    ) -> None:
        """JSON lines of at least ``level`` go to ``stream``; ``clock`` ages the expiry gauge."""
        self.log = _logger(stream, level)
        self.metrics = Metrics(clock=clock, version=version())
        self._handshakes = QuietLog(self._log_handshake, time.monotonic)

    def synced(
        self, report: Report, *, hook: str, seconds: float, resync: int, is_reused: bool = False
    ) -> None:
        """Log and count one answered sync or finalize; reused: its answer was given before."""
        self.metrics.synced(report, seconds, is_reused=is_reused)
        self.log.info(
            SYNC,
            hook=hook,
            namespace=report.namespace,
            name=report.name,
            generation=report.generation,
            outcome=report.outcome.value,
            phase=report.phase,
            observed=report.observed,
            emitted=report.emitted,
            seconds=round(seconds, 6),
            reissues=[{"secret": item.secret, "reason": item.reason} for item in report.reissues],
            held=dict(report.held),
            resync_after_seconds=resync,
            reused=is_reused,
        )

    def failed(
        self, error: Exception, *, hook: str, parent: Mapping[str, str], seconds: float
    ) -> str:
        """Log and count a call that raised; return the id under which the log has it."""
        if hook != CUSTOMIZE:
            self.metrics.failed(seconds)
        identity = error_id(error)
        self.log.error(
            SYNC_FAILED,
            hook=hook,
            outcome=Outcome.ERROR.value,
            seconds=round(seconds, 6),
            error_id=identity,
            error_type=type(error).__name__,
            frames=frames(error),
            **parent,
        )
        return identity

    def refused(self, status: int, reason: str, *, hook: str) -> None:
        """Log and count a refused request; ``reason`` is one of our constant texts."""
        self.metrics.refused(status)
        self.log.warning(REFUSED, hook=hook, status=status, reason=reason)

    def tls_loaded(self, expiry: datetime) -> None:
        """Take over the end of validity of the server's own certificate."""
        self.metrics.tls_loaded(expiry)

    def tls_reloaded(self, expiry: datetime) -> None:
        """Log that new connections get another certificate, valid until ``expiry``."""
        self.metrics.tls_loaded(expiry)
        self.log.info(TLS_RELOADED, expiry=expiry.isoformat())

    def tls_kept(self, variable: str, reason: str) -> None:
        """Log that changed files cannot be used: the file's variable and one of our own texts."""
        self.log.error(TLS_KEPT, file=variable, reason=reason)

    def handshake_failed(self, failure: Failure, client: str) -> None:
        """Count a failed TLS handshake of an address; the log has some of them."""
        self.metrics.handshake_failed(failure)
        self._handshakes.failed(failure, client)

    def _log_handshake(self, failure: Failure, client: str, count: int) -> None:
        self.log.warning(HANDSHAKE_FAILED, reason=failure.value, client=client, count=count)


def version() -> str:
    """Version of the installed distribution, ``unknown`` in a bare checkout."""
    try:
        return metadata.version("wazuh-hook")
    except metadata.PackageNotFoundError:
        return "unknown"


def parent_fields(request: Mapping[str, Any]) -> dict[str, str]:
    """Namespace and name of the parent where they are proper names, for an event.

    Anything else that stands in their place is not logged: it may be anything.
    """
    parent = request.get("parent")
    meta = parent.get("metadata") if isinstance(parent, dict) else None
    if not isinstance(meta, dict):
        return {}
    return {
        key: value
        for key, value in ((key, meta.get(key)) for key in ("namespace", "name"))
        if isinstance(value, str) and _OBJECT_NAME.fullmatch(value)
    }


def frames(error: BaseException) -> list[str]:
    """Types of ``error`` and its causes, each followed by where it was raised, innermost last."""
    found: list[str] = []
    current: BaseException | None = error
    while current is not None and len(found) < _MAX_FRAMES:
        found.append(type(current).__name__)
        found.extend(
            f"{_place(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)[-_FRAMES_EACH:]
        )
        current = current.__cause__ or current.__context__
    return found


def error_id(error: BaseException) -> str:
    """Twelve hex digits for the place and kind of a defect.

    The same defect has the same id each time: Metacontroller puts the answer into an event of
    the parent at every retry, and equal events are counted instead of piled up.
    """
    return hashlib.sha256("\n".join(frames(error)).encode()).hexdigest()[:12]


def _place(filename: str) -> str:
    """Last three parts of a path: enough to find it, the same on every machine."""
    return "/".join(Path(filename).parts[-3:])


class LibraryHandler(logging.Handler):
    """Carries what libraries log over to our log: template and frames, never their values."""

    def __init__(self, telemetry: Telemetry) -> None:
        """For the root logger of the process."""
        super().__init__(logging.WARNING)
        self._log = telemetry.log

    def emit(self, record: logging.LogRecord) -> None:
        """Log the first words of the template; what follows may hold values of a request."""
        error = record.exc_info[1] if record.exc_info else None
        fields: dict[str, Any] = {}
        if error is not None:
            fields = {"error_type": type(error).__name__, "frames": frames(error)}
        found = _WORDS.match(str(record.msg))
        template = found[0].strip() if found else ""
        self._log.warning(LIBRARY, logger=record.name, message=template, **fields)


def adopt_library_logs(telemetry: Telemetry) -> None:
    """Send the standard library's logging of this process to our log."""
    logging.basicConfig(handlers=[LibraryHandler(telemetry)], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)


def _logger(stream: BinaryIO, level: str) -> structlog.typing.FilteringBoundLogger:
    """Logger of JSON lines, independent of structlog's global configuration."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _allowed_only,
            structlog.processors.JSONRenderer(serializer=_serialize),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
    ).bind()
    return logger


def _allowed_only(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Drop every field that is not on the list."""
    return {key: value for key, value in event.items() if key in FIELDS}


def _serialize(event: object, **_options: object) -> bytes:
    """One JSON line; a value of an unforeseen type shows its type only."""
    return orjson.dumps(event, default=lambda value: type(value).__name__)
