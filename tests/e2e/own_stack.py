"""A second stack for tests that do harm to the hook: stop it, put another in its place."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from app.result import Manifest
from app.simulation.remote.connection import Connection, access_of
from tests.e2e.audit import AuditLog
from tests.e2e.controlplane.build import build
from tests.e2e.stack.front import Front
from tests.e2e.stack.stack import Stack

CONTROLLER: Final = "/apis/metacontroller.k8s.io/v1alpha1/compositecontrollers/wazuhcluster"


class OwnStack:
    """Control plane, hook, model and a proxy between these two; runs within a ``with`` block.

    ``faults``: rules that the model saw broken, once all has ended.
    """

    def __init__(self, folder: Path) -> None:
        """The proxy listens at once, the rest is not started yet."""
        self._stack = Stack(build(), folder)
        self.folder = folder
        self.hook = self._stack.hook
        self.front = Front(self.hook.url)
        self._stack.hook_url = self.front.url
        self.connection = Connection(access_of(self._stack.kubeconfig), "e2e-tests")
        self.audit_log = AuditLog(self._stack.audit_log)
        self.faults: list[str] = []

    def __enter__(self) -> Self:
        """Start everything."""
        self._stack.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        try:
            self.faults = self._stack.violations()
        finally:
            self._stack.stop()
            self.front.close()
            self.connection.close()

    def register(self, **webhook: Any) -> Manifest:
        """Change the webhooks of the CompositeController; ``url`` is that of the server."""
        controller = self.connection.call("GET", CONTROLLER).body
        url = webhook.pop("url", self.front.url)
        for name, hook in controller["spec"]["hooks"].items():
            timeout = hook["webhook"]["timeout"]
            hook["webhook"] = {"url": f"{url}/{name}", "timeout": timeout, **webhook}
        return self.connection.call("PUT", CONTROLLER, controller).body
