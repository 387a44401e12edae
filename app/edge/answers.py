"""HTTP answers and how they are written: JSON of the hook, or one line of text."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Send

from app.edge.limits import RefusalError

_JSON = b"application/json"
_TEXT = b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP response."""

    status: int = 200
    body: bytes
    content_type: bytes = _JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def text_answer(status: int, text: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    """One line of text: Metacontroller copies it into an event of the parent."""
    line = " ".join(text.split()) + "\n"
    return Answer(status=status, body=line.encode(), content_type=_TEXT, headers=headers)


def refused_answer(refusal: RefusalError) -> Answer:
    """Answer to a call that was not let through to the hook."""
    headers: list[tuple[bytes, bytes]] = []
    if refusal.retry_after is not None:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    if refusal.status == 401:  # noqa: PLR2004 - HTTP demands the scheme beside this status
        headers.append((b"www-authenticate", b"Bearer"))
    if refusal.close:
        headers.append((b"connection", b"close"))
    return text_answer(refusal.status, refusal.text, tuple(headers))


async def send_answer(send: Send, answer: Answer, *, closing: bool) -> None:
    """Write one answer; ``closing`` sends the caller to another replica for its next call."""
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    if closing and (b"connection", b"close") not in answer.headers:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
