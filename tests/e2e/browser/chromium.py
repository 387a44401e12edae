"""Headless Chromium behind ChromeDriver, spoken to in plain WebDriver over HTTP.

The flags keep it from calling home; Debian's packages `chromium` and `chromium-driver` have both.
"""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.e2e.stack.processes import LOOPBACK, Process, free_ports

RIGHT: Final = "\ue014"
DOWN: Final = "\ue015"
ESCAPE: Final = "\ue00c"
TAB: Final = "\ue004"
_START_SECONDS: Final = 30.0
_CALL_SECONDS: Final = 60.0
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


def programs() -> tuple[str, str] | None:
    """Paths of the browser and of its driver, or None where one of them is not installed."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    return None if browser is None or driver is None else (browser, driver)


class Chromium:
    """One session with one window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        """``client``: with the driver's address; ``session``: its id."""
        self._client = client
        self._session = session

    def open(self, file: Path) -> None:
        """Load a page from a file."""
        self._post("url", {"url": file.as_uri()})

    def run(self, script: str) -> Any:
        """Value of a script that ends in ``return``."""
        return self._post("execute/sync", {"script": script, "args": []})

    def look(self, *, width: int, dark: bool = False) -> None:
        """Size of the window in CSS pixels, and the colours that the reader wants."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setDeviceMetricsOverride", size)
        self._devtools("Emulation.setEmulatedMedia", {"features": [scheme]})

    def press(self, key: str) -> None:
        """Press and release a key."""
        strokes = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._post("actions", {"actions": [{"type": "key", "id": "keys", "actions": strokes}]})

    def point(self, x: int, y: int) -> None:
        """Move the pointer to a place in the window."""
        move = {"type": "pointerMove", "duration": 0, "x": x, "y": y}
        self._post("actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def spoken(self, selector: str) -> tuple[str, str]:
        """Role and name that assistive technology is told of an element."""
        found = self._post("element", {"using": "css selector", "value": selector})
        element = next(iter(found.values()))
        return self._get(f"element/{element}/computedrole"), self._get(
            f"element/{element}/computedlabel"
        )

    def screenshot(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self._get("screenshot"))

    def printed(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self._post("print", {}))

    def complaints(self) -> list[str]:
        """What the browser's console has said since the last call."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"})]

    def _devtools(self, command: str, parameters: dict[str, Any]) -> None:
        self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def _get(self, what: str) -> str:
        reply = self._client.get(f"/session/{self._session}/{what}")
        assert reply.is_success, reply.text
        value: str = reply.json()["value"]
        return value

    def _post(self, what: str, body: dict[str, Any]) -> Any:
        reply = self._client.post(f"/session/{self._session}/{what}", json=body)
        assert reply.is_success, reply.text
        return reply.json()["value"]


@contextmanager
def chromium(folder: Path, browser: str, driver: str) -> Iterator[Chromium]:
    """A browser with an empty profile in ``folder``; it and its driver end with the context."""
    [port] = free_ports(1)
    process = Process("chromedriver", folder, [driver, f"--port={port}"])
    process.start({"HOME": str(folder)})
    client = httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=_CALL_SECONDS)
    try:
        _wait(client, process)
        options = {"binary": browser, "args": [*_FLAGS, f"--user-data-dir={folder / 'profile'}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        reply = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
        assert reply.is_success, reply.text
        session = reply.json()["value"]["sessionId"]
        try:
            yield Chromium(client, session)
        finally:
            client.delete(f"/session/{session}")
    finally:
        client.close()
        process.stop()


def _wait(client: httpx.Client, process: Process) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        process.check()
        try:
            if client.get("/status").json()["value"]["ready"]:
                return
        except httpx.TransportError:
            assert time.monotonic() < end, process.tail()
        time.sleep(0.1)
