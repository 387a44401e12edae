"""The hook at the addresses that a CompositeController names."""

from __future__ import annotations

from typing import Any, Final

from app.result import Manifest
from app.simulation.hook import Clock, HookAnswer, HttpHook

_UNREAD: Final = ("clientTLS", "basicAuth", "caBundle", "authorization")


class Webhooks(HttpHook):
    """Each hook at its own URL. ValueError for a form of address that the model does not know."""

    __slots__ = ("_urls",)

    def __init__(self, controller: Manifest, clock: Clock) -> None:
        """``controller``: the CompositeController."""
        super().__init__("", clock)
        hooks: dict[str, Any] = controller["spec"]["hooks"]
        self._urls = {name: _url(hook["webhook"]) for name, hook in hooks.items()}

    def sync(self, request: Manifest) -> HookAnswer:
        """POST to the sync hook."""
        return self._post(self._urls["sync"], request)

    def customize(self, request: Manifest) -> HookAnswer:
        """POST to the customize hook."""
        return self._post(self._urls["customize"], request)

    def finalize(self, request: Manifest) -> HookAnswer:
        """POST to the finalize hook."""
        return self._post(self._urls["finalize"], request)


def _url(webhook: Manifest) -> str:
    unread = [name for name in _UNREAD if name in webhook]
    if unread or "url" not in webhook:
        raise ValueError(f"the model reads a plain url only, not {unread or 'service'}")
    return str(webhook["url"])
