"""The operators' page in a real browser: somebody finds a failing user, sees why, and mends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from both_daemons import both_daemons
from browser import Page, browser_page, find_browser
from page_visitor import page_settings, visited
from waiting import let_pass_async

from foreword.client import AsyncForeword
from foreword.config import Config
from foreword.errors import ForewordError
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.refresh_pb2 import RefreshOutcome
from scheduler.agent.refresh import RefreshInput, RefreshResult
from scheduler.daemon import compute_extractive

WHY = "the word list of the catalogue cannot be read"
PHONE = (390, 844)
DESK = (1280, 900)
HOSTILE = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script>"
UNLABELLED = """[...document.querySelectorAll('input:not([type=hidden]), select')]
.filter(one => !one.labels.length).length"""
# As they are after a busy week: calls by the ten million, of the method with the longest name.
BUSY = """document.querySelectorAll('#calls ~ table tbody tr').forEach(row =>
['InvalidateCores', '23,456,789', '≤ 0.025 ms', '≤ 0.025 ms'].forEach((text, at) => row.cells[at].innerText = text))"""
OUT_OF_CARD = """[...document.querySelectorAll('table')]
.filter(one => one.getBoundingClientRect().right > one.closest('.card').getBoundingClientRect().right).length"""
TAB, ENTER = ("Tab", 9), ("Enter", 13, "\r")


class Catalogue:
    """What refreshes lean on in this story: while it is broken, those of one user fail."""

    def __init__(self, user_id: str) -> None:
        self._user_id = user_id
        self.is_broken = False

    async def compute(self, refresh_input: RefreshInput, config: Config) -> RefreshResult:
        """Compute a refresh, or fail."""
        if self.is_broken and refresh_input.user_id == self._user_id:
            raise ForewordError(WHY, hint="mount it again")
        return await compute_extractive(refresh_input, config)


@asynccontextmanager
async def browsing(folder: Path, catalogue: Catalogue) -> AsyncIterator[tuple[AsyncForeword, Page, str]]:
    """Run both daemons, the page and a browser; give a client, the browser's page, and where ours is."""
    store = folder / "store"
    async with both_daemons(store, compute=catalogue.compute) as client:
        settings = page_settings(folder, store, client._target)
        with visited(settings) as visitor:
            async with browser_page() as page:
                await page.show_as(*DESK)
                yield client, page, f"http://127.0.0.1:{visitor.port}"
                assert page.problems == []
                assert await page.value("window.hacked") is None


async def session(client: AsyncForeword, user_id: str, topic: str, count: int) -> None:
    """Record what a user did, and that they went."""
    for number in range(count):
        await client.record(
            event_id=f"{user_id[:9]}-{topic}-{number}",
            user_id=user_id,
            type="read",
            topics=[topic],
            text=HOSTILE,
        )
    await client.record(event_id=f"{user_id[:9]}-{topic}-end", user_id=user_id, type="session.end")


async def eventually(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Return the first true value that is answered."""
    async with asyncio.timeout(60):
        while not (value := await ask()):
            await let_pass_async(0.02)
    return value


async def written(client: AsyncForeword, user_id: str, after: int = 0) -> int:
    """Return the user's revision once it is a later one."""

    async def look() -> int:
        revision = (await client.profile(user_id)).profile.revision
        return revision if revision > after else 0

    return int(await eventually(look))


async def failed(client: AsyncForeword, user_id: str) -> None:
    """Return once the user's newest refresh failed."""

    async def look() -> bool:
        users = (await client.list_users(user_id_prefix=user_id)).users
        return users[0].outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED

    await eventually(look)


async def reading(page: Page, address: str, words: str) -> str:
    """Load a page until it says something, as whoever waits for it does; return what it says."""

    async def look() -> str:
        await page.open(address)
        text = await page.text()
        return text if words in text else ""

    return str(await eventually(look))


@pytest.mark.timeout(300)
def test_a_failing_user_is_found_understood_and_mended(tmp_path: Path) -> None:
    """From the overview to the user, the reason, a try in vain, the cause mended, and the user fresh again."""
    find_browser()

    async def story() -> None:
        catalogue = Catalogue("ada")
        async with browsing(tmp_path, catalogue) as (client, page, address):
            await session(client, "ada", "pottery", 6)
            await session(client, "bob", "chess", 6)
            first = await written(client, "ada")
            await written(client, "bob")
            catalogue.is_broken = True
            await session(client, "ada", "chess", 9)
            await failed(client, "ada")

            overview = await reading(page, address, WHY)
            assert "bob" not in overview
            await page.press("ada")
            text = await page.text()
            assert "The newest refresh failed" in text
            assert WHY in text
            assert f"Revision {first:,} stays in force." in text
            await page.press("Refresh now")
            assert f"The refresh failed: {WHY}" in await page.text()

            catalogue.is_broken = False
            await page.press("Refresh now")
            text = await page.text()
            assert "Written: revision" in text
            assert "The newest refresh failed" not in text
            assert "fresh" in await page.value("document.querySelector('.badges').innerText")
            assert (await client.profile("ada")).freshness == Freshness.FRESHNESS_FRESH
            assert "+" in await page.value("document.querySelector('.changes').innerText")
            await reading(page, address, "Nobody among the newest")

            await page.open(f"{address}/user?id=ada")
            await page.press("Roll back to it…")
            assert f"Roll back ada to revision {first}?" in await page.text()
            await page.press(f"Roll back to revision {first}")
            assert f"knows what revision {first} did" in await page.text()

    asyncio.run(story())


@pytest.mark.timeout(300)
def test_a_paused_segment_is_found_and_resumed_by_keyboard_alone(tmp_path: Path) -> None:
    """Without a mouse: past the navigation by the skip link, to the button of the pause, and the user is fresh."""
    find_browser()

    async def press_on(page: Page, words: str) -> None:
        for _ in range(60):
            await page.key(*TAB)
            if await page.value("document.activeElement.innerText.trim()") == words:
                break
        else:
            raise AssertionError(f"no key leads to {words!r}")
        assert await page.value("getComputedStyle(document.activeElement).outlineStyle") != "none"
        await page.key(*ENTER)

    async def story() -> None:
        async with browsing(tmp_path, Catalogue("")) as (client, page, address):
            await session(client, "ada", "pottery", 6)
            first = await written(client, "ada")
            await client.pause_refreshes(["new"])
            await session(client, "ada", "chess", 9)

            await reading(page, address, "paused")
            await press_on(page, "Skip to the content")
            assert await page.value("document.activeElement.id") == "content"
            await page.open(address)
            await press_on(page, "Resume")
            await page.loaded()
            assert "Resumed: the refreshes of new." in await page.text()
            await written(client, "ada", after=first)

    asyncio.run(story())


@pytest.mark.timeout(300)
def test_a_phone_shows_every_page_without_scrolling_sideways(tmp_path: Path) -> None:
    """At 390 pixels nothing is wider than the window, whatever users are called, and each field has a label."""
    find_browser()
    long_id = "x" * 256

    async def story() -> None:
        async with browsing(tmp_path, Catalogue("")) as (client, page, address):
            await session(client, long_id, "pottery", 6)
            await written(client, long_id)
            paths = [
                *("/", "/users", f"/user?id={long_id}", f"/user/erase?id={long_id}", "/cores", "/ranking"),
                *("/simulator", "/configuration", "/nowhere"),
            ]
            await page.show_as(*PHONE, is_phone=True)
            for path in paths:
                await page.open(f"{address}{path}")
                await page.value(BUSY)
                width: Any = await page.value("document.documentElement.scrollWidth")
                assert await page.value(OUT_OF_CARD) == 0, path
                assert width <= PHONE[0], path
                assert await page.value(UNLABELLED) == 0, path
                light = await page.value("getComputedStyle(document.body).backgroundColor")
            await page.show_as(*PHONE, dark=True, is_phone=True)
            assert await page.value("getComputedStyle(document.body).backgroundColor") != light
            page.problems = [problem for problem in page.problems if "404" not in problem]

    asyncio.run(story())
