"""The hook as the model calls it: a Protocol, and its two forms, over HTTP and in process."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import httpx
import orjson

from app.entropy import Entropy
from app.errors import HookError, RequestError
from app.result import Manifest, Result

TOO_MANY_REQUESTS: Final = 429
#: Metacontroller's default for a webhook.
TIMEOUT_SECONDS: Final = 10.0

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswer:
    """Answer of one call.

    ``status``: HTTP status; 0 if there was none. ``body``: decoded JSON object, None if it is
    none. ``retry_after``: seconds, of a 429 only. ``text``: what an error says.
    """

    status: int
    body: dict[str, Any] | None
    retry_after: float | None = None
    text: str = ""


class Hook(Protocol):
    """What Metacontroller calls. No method raises for an error of the hook."""

    def sync(self, request: Manifest) -> HookAnswer:
        """Answer to a sync request."""

    def customize(self, request: Manifest) -> HookAnswer:
        """Answer to a customize request."""

    def finalize(self, request: Manifest) -> HookAnswer:
        """Answer to a finalize request."""


class HttpHook:
    """A hook behind HTTP, with one kept-alive connection."""

    __slots__ = ("_client", "_clock")

    def __init__(self, base_url: str, clock: Clock) -> None:
        """``base_url``: without a path; ``clock``: for Retry-After given as a date."""
        # No proxy of the environment stands before a loopback; plain HTTP needs no root
        # certificates, which take a tenth of a second to load.
        self._client = httpx.Client(
            base_url=base_url,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        self._clock = clock

    def sync(self, request: Manifest) -> HookAnswer:
        """POST /sync."""
        return self._post("/sync", request)

    def customize(self, request: Manifest) -> HookAnswer:
        """POST /customize."""
        return self._post("/customize", request)

    def finalize(self, request: Manifest) -> HookAnswer:
        """POST /finalize."""
        return self._post("/finalize", request)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _post(self, path: str, request: Manifest) -> HookAnswer:
        body = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
        try:
            response = self._client.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            return HookAnswer(status=0, body=None, text=f"{type(error).__name__}: {error}")
        if response.status_code == TOO_MANY_REQUESTS:
            delay = _retry_after(response.headers.get("Retry-After", ""), self._clock())
            return HookAnswer(status=response.status_code, body=None, retry_after=delay)
        return _answer(response.status_code, response.content)


class DirectHook:
    """A hook called in process, through the same JSON as over the wire.

    ``sync`` is called as ``sync(request, now=..., entropy=...)`` and returns a
    `app.result.Result`; ``customize`` and ``finalize`` are optional. ``twice`` calls each sync a
    second time with the same time and entropy and raises AssertionError if the bytes differ. An
    exception that is no `HookError` is a defect: it goes through, so that a test shows it.
    """

    __slots__ = ("_clock", "_customize", "_entropy", "_finalize", "_last", "_sync", "_twice")

    def __init__(
        self,
        sync: Callable[..., Result],
        customize: Callable[[Manifest], Mapping[str, Any]] | None,
        clock: Clock,
        entropy_factory: Callable[[], Entropy],
        *,
        finalize: Callable[..., Result] | None = None,
        twice: bool = False,
    ) -> None:
        """See the class."""
        self._sync = sync
        self._customize = customize
        self._finalize = finalize
        self._clock = clock
        self._entropy = entropy_factory
        self._twice = twice
        self._last: tuple[bytes, HookAnswer] = (b"", HookAnswer(status=0, body=None))

    def sync(self, request: Manifest) -> HookAnswer:
        """Answer of the sync function."""
        return self._call(self._sync, request)

    def finalize(self, request: Manifest) -> HookAnswer:
        """Answer of the finalize function; of sync, if there is none."""
        return self._call(self._finalize or self._sync, request)

    def customize(self, request: Manifest) -> HookAnswer:
        """Answer of the customize function; no related resources without one."""
        if self._customize is None:
            return HookAnswer(status=200, body={"relatedResources": []})
        return _answer(200, _encoded(self._customize(orjson.loads(orjson.dumps(request)))))

    def _call(self, function: Callable[..., Result], request: Manifest) -> HookAnswer:
        body = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
        now, entropy = self._clock(), self._entropy()
        try:
            answer = _encoded(
                function(orjson.loads(body), now=now, entropy=entropy).response.on_wire()
            )
        except RequestError as error:
            return HookAnswer(status=400, body=None, text=str(error))
        except HookError as error:
            return HookAnswer(status=500, body=None, text=str(error))
        if self._twice:
            again = function(orjson.loads(body), now=now, entropy=entropy).response.on_wire()
            if _encoded(again) != answer:
                raise AssertionError("equal requests, times and entropy gave different answers")
        if self._last[0] != answer:
            self._last = (answer, _answer(200, answer))
        return self._last[1]


def seeded_entropy(seed: int) -> Callable[[], Entropy]:
    """Factory of one `Entropy` a call: a fixed sequence for each seed."""
    count = 0

    def draw() -> Entropy:
        nonlocal count
        count += 1
        return Entropy(hashlib.sha256(f"{seed}/{count}".encode()).digest())

    return draw


def _encoded(value: Any) -> bytes:
    """JSON bytes; mappings that are no dict are written as objects."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _answer(status: int, content: bytes) -> HookAnswer:
    if status != httpx.codes.OK:
        return HookAnswer(status=status, body=None, text=content[:500].decode(errors="replace"))
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return HookAnswer(status=status, body=None, text="the answer is not JSON")
    if not isinstance(body, dict):
        return HookAnswer(status=status, body=None, text="the answer is not a JSON object")
    return HookAnswer(status=status, body=body)


def _retry_after(text: str, now: datetime) -> float:
    """Seconds of a Retry-After: a date, else an integer; 0 for what cannot be read."""
    try:
        return float(int(text))
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return 0.0
