"""A real browser without a window, steered by its own protocol, for tests of what people look at."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from waiting import until_async

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless=new",
    # As root, which containers and CI run as, its own sandbox cannot be; what is looked at is ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    # Nothing but the page is asked for: no updates, no lists, no names.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--remote-debugging-port=0",
)
_CALL_SECONDS = 30.0


def find_browser() -> str:
    """Return the browser's program; skip the test, by name, where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(_NAMES)} is installed: apt-get install chromium")
    return found


class Page:
    """One page of a browser.

    Attributes:
        problems: What the browser's console said: errors, and what the policy of the page refused.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self.problems: list[str] = []
        self._hearing = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif said["method"] == "Log.entryAdded":
                self.problems.append(said["params"]["entry"]["text"])
            elif said["method"] == "Runtime.exceptionThrown":
                self.problems.append(str(said["params"]["exceptionDetails"]))

    async def call(self, method: str, **parameters: Any) -> Any:
        """Have the browser do something, and return what it answers."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        said = await asyncio.wait_for(self._waiting[number], _CALL_SECONDS)
        assert "error" not in said, said
        return said["result"]

    async def open(self, address: str) -> None:
        """Go to an address, and wait until it is there."""
        self._loaded.clear()
        found = await self.call("Page.navigate", url=address)
        assert "errorText" not in found, found
        await self.loaded()

    async def loaded(self) -> None:
        """Wait until a page that is on its way is there."""
        await asyncio.wait_for(self._loaded.wait(), _CALL_SECONDS)
        self._loaded.clear()

    async def value(self, expression: str) -> Any:
        """Return what an expression comes to in the page; the steering is not held to the page's policy."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def text(self) -> str:
        """Return what can be read on the page."""
        return str(await self.value("document.body.innerText"))

    async def press(self, text: str) -> None:
        """Press the button, or follow the link, that says this, as a mouse does; wait for the page it leads to."""
        place = await self.value(
            "(() => {const found = [...document.querySelectorAll('a, button, summary')]"
            f".find(one => one.innerText.trim() === {json.dumps(text)}); if (!found) return null;"
            "found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]})()"
        )
        assert place is not None, f"nothing says {text!r} on: {await self.text()}"
        self._loaded.clear()
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )
        await self.loaded()

    async def key(self, key: str, code: int, text: str = "") -> None:
        """Press a key of the keyboard."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed
            )

    async def type(self, text: str) -> None:
        """Type a text where the cursor is."""
        await self.call("Input.insertText", text=text)

    async def show_as(self, width: int, height: int, *, dark: bool = False, is_phone: bool = False) -> None:
        """Have the page shown in a window of this size."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=is_phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, *, whole: bool = False) -> bytes:
        """Return what is seen, as a PNG; the whole page where that is wanted."""
        found = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """Start a browser with a profile of its own, and give its one page; both are gone in the end."""
    program = find_browser()
    with tempfile.TemporaryDirectory(prefix="fw-browser-", ignore_cleanup_errors=True) as folder:
        command = [program, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        nowhere = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdout=nowhere, stderr=nowhere)
        try:
            port = await until_async(lambda: _port(folder), "the browser")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json") as listed:
                    (target,) = [one for one in await listed.json() if one["type"] == "page"]
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    page = Page(socket)
                    for domain in ("Page", "Runtime", "Log"):
                        await page.call(f"{domain}.enable")
                    yield page
                    with suppress(Exception):
                        await page.call("Browser.close")
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), _CALL_SECONDS)


def _port(folder: str) -> str:
    """Return where the browser is steered; empty before it has said so."""
    file = Path(folder, "DevToolsActivePort")
    lines = file.read_text().splitlines() if file.exists() else []
    return lines[0] if len(lines) > 1 else ""
