"""Of so many refreshes one is compared with a refresh from the events alone."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.daemon import compute_extractive


async def _refresh_often(store: Any, times: int, **options: Any) -> None:
    async with store.running(**options) as daemon:
        for number in range(times):
            store.record("ann", count=3)
            store.request("ann", manual=True)
            await store.attempted(daemon, number + 1)
            store.clock.advance(1000)


def test_each_so_many_refreshes_are_compared_and_agree(store: Any) -> None:
    """Of six refreshes with one in two compared, three are, and what code writes is what a full refresh writes."""
    store.settings["scheduler"]["compare_each"] = 2
    options = {"compute": compute_extractive, "prompt_version": EXTRACTIVE_VERSION}
    asyncio.run(_refresh_often(store, 6, **options))
    assert [entry.is_compared for entry in store.ledger()] == [False, True] * 3
    assert {entry.difference for entry in store.ledger()} == {""}
    totals = store.profiles.ledger_totals()
    assert (totals.compared, totals.differed) == (3, 0)
    assert store.profiles.population("").topics[0].event_count == 18


def test_a_difference_is_counted_and_logged_without_words(
    store: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Ledger, totals and log say how many things differ; what they are would outlive an erasure there."""
    store.settings["scheduler"]["compare_each"] = 1
    caplog.set_level(logging.INFO, "scheduler")

    async def differing(given: Any, config: Any) -> Any:
        result = await store.agent(given, config)
        if given.history is not None:
            result.profile.foreword.text = "ann did something else."
        return result

    asyncio.run(_refresh_often(store, 2, compute=differing))
    assert [entry.difference for entry in store.ledger()] == ["", "text 2"]
    assert store.profiles.ledger_totals().differed == 1
    assert store.text("ann") == "ann did 6 things."
    assert "a full refresh of user 'ann' in namespace '' would differ: text 2" in caplog.text


def test_nothing_is_compared_where_nobody_asks(store: Any) -> None:
    """With 0 no refresh is computed twice."""
    store.settings["scheduler"]["compare_each"] = 0
    asyncio.run(_refresh_often(store, 3))
    assert len(store.agent.calls) == 3


def test_a_user_with_too_many_events_is_skipped_and_counted(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond what a comparison reads none is made; ledger and totals say so, and it is due again in its turn."""
    store.settings["scheduler"]["compare_each"] = 2
    monkeypatch.setattr("scheduler.attempt.COMPARED_EVENTS_MAX", 10)
    asyncio.run(_refresh_often(store, 6))
    assert [entry.is_compared for entry in store.ledger()] == [False, True, False, False, False, False]
    assert [entry.is_comparison_skipped for entry in store.ledger()] == [False] * 3 + [True, False, True]
    totals = store.profiles.ledger_totals()
    assert (totals.compared, totals.differed, totals.comparisons_skipped) == (1, 0, 2)
