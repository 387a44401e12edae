"""HTTP edge: the application and its routes. It knows nothing of Kubernetes.

FastAPI routes and runs the lifespan; the handlers are plain ASGI (`app.edge.endpoints`), and
nothing that describes the API or redirects is switched on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.edge.answers import Answer, send_answer, text_answer
from app.edge.decoding import Decoder
from app.edge.endpoints import CustomizeEndpoint, Edge, Hook, Lifecycle, SyncEndpoint
from app.edge.limits import BearerTokens, Gate
from app.edge.settings import Settings
from app.edge.telemetry import CUSTOMIZE, Telemetry

__all__ = ["Hook", "create_app"]

_METRICS = CONTENT_TYPE_LATEST.encode()


def create_app(
    hook: Hook,
    *,
    settings: Settings,
    clock: Callable[[], datetime],
    seed: Callable[[], bytes],
    telemetry: Telemetry,
) -> FastAPI:
    """Application with all routes.

    ``clock`` gives aware UTC time, ``seed`` 32 bytes from the system's source; both are asked
    once a call. Raises OSError or ValueError for an unusable token file. In its state stand
    ``lifecycle``, ``telemetry`` and ``probes``, the application of the second port.
    """
    token_file = settings.bearer_token_file
    edge = Edge(
        hook=hook,
        settings=settings,
        clock=clock,
        seed=seed,
        telemetry=telemetry,
        lifecycle=Lifecycle(),
        gate=Gate(
            max_calls=settings.max_requests,
            max_bytes=settings.max_buffered_bytes,
            max_heavy=settings.max_heavy_requests,
        ),
        pool=ThreadPoolExecutor(settings.heavy_threads, thread_name_prefix="heavy"),
        tokens=BearerTokens(token_file) if token_file is not None else None,
        decoder=Decoder(settings.decoded_max_bytes),
    )
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(edge),
        exception_handlers={
            HTTPException: _plain_error,
            RequestValidationError: _validation_error,
        },
    )
    app.state.lifecycle = edge.lifecycle
    app.state.telemetry = telemetry
    app.state.probes = Starlette(
        routes=list(_probe_routes(edge)), exception_handlers={HTTPException: _plain_error}
    )
    app.router.routes.extend(_routes(edge))
    return app


def _routes(edge: Edge) -> Iterable[Route]:
    """Every route; the hook's take POST only."""
    yield Route("/sync", SyncEndpoint(edge, "sync", edge.hook.sync), methods=["POST"])
    yield Route("/finalize", SyncEndpoint(edge, "finalize", edge.hook.finalize), methods=["POST"])
    yield Route("/customize", CustomizeEndpoint(edge, CUSTOMIZE), methods=["POST"])
    yield from _probe_routes(edge)


def _probe_routes(edge: Edge) -> Iterable[Route]:
    """What may be asked without TLS and credentials: nothing of a cluster is in it."""
    yield Route("/healthz", ProbeEndpoint(edge, _alive), methods=["GET"])
    yield Route("/readyz", ProbeEndpoint(edge, _ready), methods=["GET"])
    yield Route("/metrics", ProbeEndpoint(edge, _metrics), methods=["GET"])


class ProbeEndpoint:
    """A GET route that needs no admission, so that probes stay green under load."""

    def __init__(self, edge: Edge, answer: Callable[[Edge], Answer]) -> None:
        """``answer`` is asked for each request."""
        self._edge = edge
        self._answer = answer

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """ASGI entry."""
        await send_answer(send, self._answer(self._edge), closing=self._edge.lifecycle.stopping)


def _alive(_edge: Edge) -> Answer:
    return text_answer(200, "ok")


def _ready(edge: Edge) -> Answer:
    return text_answer(503, "stopping") if edge.lifecycle.stopping else text_answer(200, "ok")


def _metrics(edge: Edge) -> Answer:
    return Answer(body=edge.telemetry.metrics.exposition(), content_type=_METRICS)


async def _plain_error(_request: Request, error: Exception) -> Response:
    """404 and 405 of the router in one line."""
    if not isinstance(error, HTTPException):
        raise error
    text = f"{error.detail.lower()}\n"
    return PlainTextResponse(text, status_code=error.status_code, headers=error.headers)


async def _validation_error(_request: Request, _error: Exception) -> Response:
    """No route takes parameters; should one ever, its errors echo nothing."""
    return PlainTextResponse("the request is not valid\n", status_code=400)


def _lifespan(edge: Edge) -> Callable[[FastAPI], Any]:
    """Ends the threads with the application; queued work has no caller any more by then."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        edge.pool.shutdown(wait=False, cancel_futures=True)

    return lifespan
