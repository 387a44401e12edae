"""The hook's routes as plain ASGI: admission, body, call, errors.

The body is read by hand, within limits, and parsed by orjson: FastAPI's own way costs a multiple
of a whole sync and answers a bad body with a part of it, which holds Secrets. No answer to a bad
request repeats any of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
from starlette.types import Receive, Scope, Send

from app.edge.answers import Answer, refused_answer, send_answer, text_answer
from app.edge.decoding import Decoder, plain
from app.edge.limits import BearerTokens, ClientGoneError, Gate, RefusalError, read_body
from app.edge.reuse import ReuseCache
from app.edge.settings import Settings
from app.edge.telemetry import CUSTOMIZE, Telemetry, parent_fields
from app.entropy import Entropy
from app.errors import RegistrationError, RequestError
from app.result import Report, Result

_IDENTITY = b"identity"  # a Content-Encoding that is none

#: A parsed request: JSON as Metacontroller sends it.
Body = dict[str, Any]


class Call(Protocol):
    """Form of `sync` and `finalize`."""

    def __call__(self, request: Body, *, now: datetime, entropy: Entropy) -> Result:
        """Answer one request; ``now`` is aware UTC in whole seconds."""
        ...


class Forecast(Protocol):
    """Form of `is_heavy`."""

    def __call__(self, request: Body, *, now: datetime) -> bool:
        """Whether the request takes long; ``now`` is the time at which it is answered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """The pure functions behind the routes.

    ``is_heavy`` is cheap and says that a request will make bcrypt hashes or RSA keys: such a
    call goes as a whole to a thread, so that it does not hold up the others.
    """

    sync: Call
    finalize: Call
    customize: Callable[[Body], Body]
    is_heavy: Forecast


class Lifecycle:
    """Whether the process is about to end: then it is not ready and lets connections go."""

    __slots__ = ("stopping",)

    def __init__(self) -> None:
        """Serving."""
        self.stopping = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What all handlers share."""

    hook: Hook
    settings: Settings
    clock: Callable[[], datetime]
    seed: Callable[[], bytes]
    telemetry: Telemetry
    lifecycle: Lifecycle
    gate: Gate
    pool: ThreadPoolExecutor
    tokens: BearerTokens | None
    decoder: Decoder


class HookEndpoint:
    """A POST route: admission, body, errors; what is called is a subclass's matter."""

    def __init__(self, edge: Edge, name: str) -> None:
        """``name`` is the hook's name in logs."""
        self.edge = edge
        self.name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        try:
            answer = await self._admitted(scope, receive)
        except RefusalError as refusal:
            self.edge.telemetry.refused(refusal.status, refusal.text, hook=self.name)
            answer = refused_answer(refusal)
        except ClientGoneError:
            return
        await send_answer(send, answer, closing=self.edge.lifecycle.stopping)

    async def _admitted(self, scope: Scope, receive: Receive) -> Answer:
        """Answer to a call that has passed authorization and limits. Raises RefusalError."""
        settings = self.edge.settings
        tokens = self.edge.tokens
        if tokens is not None and not tokens.accepts(_header(scope, b"authorization")):
            raise RefusalError(401, "no or wrong credentials")
        if (_header(scope, b"content-encoding") or _IDENTITY).lower() != _IDENTITY:
            raise RefusalError(415, "the body must not be compressed")
        with self.edge.gate.call() as buffer:
            body = await read_body(
                scope,
                receive,
                buffer,
                max_bytes=settings.max_body_bytes,
                timeout_seconds=settings.body_timeout_seconds,
            )
            started = time.perf_counter()
            try:
                return await self.respond(body, receive, started)
            except (RefusalError, ClientGoneError):
                raise
            except Exception as error:  # noqa: BLE001 - before the hook was asked
                return self._failed(error, {}, started)

    async def respond(self, body: bytes, receive: Receive, started: float) -> Answer:
        """Answer to a whole body; ``started`` is on the clock of `time.perf_counter`."""
        return await self._guarded(plain(body), receive, started)

    async def _guarded(
        self, request: Body, receive: Receive, started: float, key: bytes | None = None
    ) -> Answer:
        """Answer of the hook, or of the error table where it raises."""
        try:
            return await self.answer(request, receive, started, key)
        except RequestError as error:
            raise RefusalError(400, str(error)) from None
        except (RefusalError, ClientGoneError):
            raise
        except Exception as error:  # noqa: BLE001 - a defect must answer 500, never a partial list
            return self._failed(error, request, started)

    def _failed(self, error: Exception, request: Body, started: float) -> Answer:
        """Log a defect and answer 500."""
        identity = self.edge.telemetry.failed(
            error,
            hook=self.name,
            parent=parent_fields(request),
            seconds=time.perf_counter() - started,
        )
        if isinstance(error, RegistrationError):
            return text_answer(500, str(error))
        return text_answer(500, f"internal error, the log of the hook has it as {identity}")

    async def answer(
        self, request: Body, receive: Receive, started: float, key: bytes | None
    ) -> Answer:
        """Ask the hook; ``key``: under which the answer may be kept, None where it may not."""
        raise NotImplementedError


class SyncEndpoint(HookEndpoint):
    """POST /sync and POST /finalize."""

    def __init__(self, edge: Edge, name: str, call: Call) -> None:
        """``call`` is the function behind the route, whose answers are kept apart from others."""
        super().__init__(edge, name)
        self._call = call
        self._reuse = ReuseCache(edge.settings.reuse_max_bytes)

    async def respond(self, body: bytes, receive: Receive, started: float) -> Answer:
        """Answer again what was asked before, as long as it holds; else ask the hook."""
        key = self._reuse.key(body)
        if key is not None:
            now = self.edge.clock().replace(microsecond=0)
            kept = self._reuse.find(key, now)
            if kept is not None:
                answered, delay = kept.at(now)
                self._told(kept.report, started, delay, is_reused=True)
                return Answer(body=answered)
        return await self._guarded(self.edge.decoder.decode(body), receive, started, key)

    async def answer(
        self, request: Body, receive: Receive, started: float, key: bytes | None
    ) -> Answer:
        """Answer one sync, in a thread where it is heavy, log it and keep it where it is steady."""
        now = self.edge.clock().replace(microsecond=0)
        if self.edge.hook.is_heavy(request, now=now):
            result, body = await self._in_thread(request, now, receive)
        else:
            result, body = self._work(request, now)
        if key is not None:
            self._reuse.keep(key, result, body, now)
        self._told(result.report, started, result.response.resync_after_seconds, is_reused=False)
        return Answer(body=body)

    def _told(self, report: Report, started: float, delay: int, *, is_reused: bool) -> None:
        """Log and count one answer."""
        self.edge.telemetry.synced(
            report,
            hook=self.name,
            seconds=time.perf_counter() - started,
            resync=delay,
            is_reused=is_reused,
        )

    def _work(self, request: Body, now: datetime) -> tuple[Result, bytes]:
        """Call and encode; a fresh seed for each call, so no two calls share a key."""
        result = self._call(request, now=now, entropy=Entropy(self.edge.seed()))
        return result, orjson.dumps(result.response.on_wire(), default=dict)

    async def _in_thread(
        self, request: Body, now: datetime, receive: Receive
    ) -> tuple[Result, bytes]:
        """`_work` in the pool; dropped when the caller leaves while it waits for a thread.

        Raises RefusalError when too many wait, ClientGoneError.
        """
        gate = self.edge.gate
        gate.enter_heavy()
        work = self.edge.pool.submit(self._work, request, now)
        work.add_done_callback(lambda _: gate.leave_heavy())
        result = asyncio.wrap_future(work)
        hangup = asyncio.create_task(_hangup(receive))
        try:
            waiting: set[asyncio.Future[Any]] = {result, hangup}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not result.done():
                raise ClientGoneError
            return result.result()
        finally:
            result.cancel()
            hangup.cancel()


class CustomizeEndpoint(HookEndpoint):
    """POST /customize."""

    async def answer(
        self,
        request: Body,
        receive: Receive,  # noqa: ARG002 - one form for all
        started: float,
        key: bytes | None,  # noqa: ARG002 - the same
    ) -> Answer:
        """Answer which related objects are wanted."""
        body = orjson.dumps(self.edge.hook.customize(request), default=dict)
        self.edge.telemetry.log.debug(
            CUSTOMIZE, **parent_fields(request), seconds=round(time.perf_counter() - started, 6)
        )
        return Answer(body=body)


async def _hangup(receive: Receive) -> None:
    """Wait until the caller closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    """Value of a request header, given in lower case."""
    return next((value for name, value in scope["headers"] if name == wanted), None)
