"""Topics that mean the same, from a call to the sidecar through refreshes to what is served."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

from both_daemons import WAIT_SECONDS, both_daemons

from foreword.client import AsyncForeword
from foreword.store import ProfileReader


def read(user: str, topic: str, count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return events of a user who reads about a topic, in one session."""
    return [
        {"user_id": user, "event_id": f"{user}-{topic}-{number}", "type": "read", "session_id": "s"}
        | {"topics": [topic], **fields}
        for number in range(count)
    ]


async def topics_of(client: AsyncForeword, user: str) -> dict[str, int]:
    await client.refresh(user, wait_seconds=WAIT_SECONDS)
    profile = (await client.profile(user)).profile
    return {row.value: row.event_count for row in profile.memory.topics}


def test_a_merge_shows_in_the_next_refresh_and_a_split_takes_it_back(tmp_path: Path) -> None:
    """Without a new event: evidence adds up under one name, population and text follow, and a split undoes all."""

    async def story() -> None:
        async with both_daemons(tmp_path / "store") as client:
            await client.record(
                [*read("ann", "k8s", 4), *read("ann", "kubernetes", 2), *read("ann", "jazz", 5)]
            )
            assert await topics_of(client, "ann") == {"k8s": 4, "kubernetes": 2, "jazz": 5}
            assert 'about "jazz"' in await client.text("ann")
            await client.merge_topics("Kubernetes", ["k8s"])
            assert await topics_of(client, "ann") == {"Kubernetes": 6, "jazz": 5}
            assert 'about "Kubernetes"' in await client.text("ann")
            subjects = {row.subject for row in (await client.profile("ann")).profile.self_model.beliefs}
            assert "Kubernetes" in subjects
            await client.record(read("ann", "k8s", 1, type="click"))
            assert (await topics_of(client, "ann"))["Kubernetes"] == 6
            await client.split_topic("k8s")
            assert await topics_of(client, "ann") == {"k8s": 4, "kubernetes": 2, "jazz": 5}
            shares = {entry.topic: round(entry.share, 2) for entry in (await client.topics()).topics}
            assert shares == {"jazz": 0.45, "k8s": 0.36, "kubernetes": 0.18}

    asyncio.run(story())


def test_a_no_to_one_holds_for_all_that_is_one_topic(tmp_path: Path) -> None:
    """After the merge neither name is in the text, whichever the user said no to; so in the session's line."""

    async def story() -> None:
        async with both_daemons(tmp_path / "store") as client:
            await client.record([*read("bob", "kubernetes", 5), *read("bob", "jazz", 5)])
            await client.record(read("bob", "k8s", 1, type="mute", session_id="t", event_id="mute"))
            await client.refresh("bob", wait_seconds=WAIT_SECONDS)
            assert "kubernetes" in await client.text("bob")
            await client.merge_topics("kubernetes", ["k8s"])
            overlaid = await client.text("bob", session_id="t")
            assert overlaid.endswith('skip "kubernetes".')
            await client.refresh("bob", wait_seconds=WAIT_SECONDS)
            profile = (await client.profile("bob")).profile
            assert [row.topic for row in profile.content_preferences.high_affinity_topics] == ["jazz"]

    asyncio.run(story())


def test_events_that_carried_both_count_once_when_counted_anew(tmp_path: Path) -> None:
    """Counts of before the merge add up; from the events alone they are exact, and so is a deletion."""
    both = {"topics": ["k8s", "kubernetes"]}

    async def story() -> None:
        async with both_daemons(tmp_path / "store") as client:
            await client.record([*read("flo", "k8s", 3, **both), *read("flo", "jazz", 9)])
            await client.record(read("flo", "k8s", 2, event_id="one", **{"type": "click"})[:1])
            assert await topics_of(client, "flo") == {"k8s": 4, "kubernetes": 3, "jazz": 9}
            await client.merge_topics("kubernetes", ["k8s"])
            assert await topics_of(client, "flo") == {"kubernetes": 7, "jazz": 9}
            await client.refresh("flo", wait_seconds=WAIT_SECONDS, full=True)
            assert {
                row.value: row.event_count for row in (await client.profile("flo")).profile.memory.topics
            } == {
                "kubernetes": 4,
                "jazz": 9,
            }
            await client.record(read("flo", "k8s", 1, event_id="two"))
            assert (await topics_of(client, "flo"))["kubernetes"] == 5
            await client.delete_events("flo", ["two", "one"])
            assert (await topics_of(client, "flo"))["kubernetes"] == 3

    asyncio.run(story())


def test_other_namespaces_are_not_concerned(tmp_path: Path) -> None:
    """A tenant's merge changes nothing of another's users, not even that they are refreshed anew."""

    async def story() -> None:
        async with both_daemons(tmp_path / "store") as client:
            await client.record([*read("cyd", "k8s", 4), *read("cyd", "kubernetes", 2)])
            before = (await client.refresh("cyd", wait_seconds=WAIT_SECONDS)).revision
            await client.merge_topics("kubernetes", ["k8s"], namespace="acme")
            assert (await client.refresh("cyd", wait_seconds=WAIT_SECONDS)).revision == before
            await client.merge_topics("kubernetes", ["k8s"])
            assert (await client.refresh("cyd", wait_seconds=WAIT_SECONDS)).revision > before

    asyncio.run(story())


def test_an_erased_user_leaves_a_merged_population(tmp_path: Path) -> None:
    """What an erased user added to a topic that others count as goes with them, by each of its names."""
    store = tmp_path / "store"

    async def story() -> None:
        async with both_daemons(store) as client:
            await client.merge_topics("kubernetes", ["k8s"])
            for user, topic in (("dan", "k8s"), ("eve", "kubernetes")):
                await client.record(read(user, topic, 4))
                await client.refresh(user, wait_seconds=WAIT_SECONDS)
            await client.erase("dan", wait_seconds=WAIT_SECONDS)
            with closing(ProfileReader(store)) as reader:
                (row,) = reader.population("").topics
            assert (row.value, row.event_count, list(row.spellings)) == ("kubernetes", 4, [])

    asyncio.run(story())
