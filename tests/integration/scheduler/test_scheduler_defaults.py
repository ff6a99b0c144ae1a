"""What users nobody knows are served: counted at night on a clock of its own, blended, and followed while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from waiting import until_async

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.config_file import ConfigFile
from foreword.errors import StoreError
from foreword.local import LocalReader
from foreword.store import NewEvent
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Profile
from foreword.v1.refresh_pb2 import RefreshOutcome
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.daemon import SchedulerDaemon, compute_extractive

TEA = "Tea"


class Users:
    """Users of namespaces, what they do, and what strangers are served."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.store.settings["cold_start"] = {"cohort_users_min": 5}
        self._count = 0

    def act(self, user: str, topic: str, *, namespace: str = "", count: int = 3, locale: str = "") -> None:
        """Record some events of a user, now."""
        rows = []
        for _ in range(count):
            self._count += 1
            event = Event(event_id=f"e{self._count}", user_id=user, namespace=namespace, type="read")
            event.topics.append(topic)
            event.time.FromMilliseconds(self.store.clock.now_ms())
            if locale:
                event.attributes["locale"] = locale
            key = keys.user_key(user, namespace)
            body = event.SerializeToString()
            rows.append(NewEvent(key, event.event_id, self.store.clock.now_ms(), body, True))
        with self.store._acknowledging() as (txn, now_ms):
            txn.record(rows, now_ms)

    def many_act(self, topic: str, *, among: int = 5, prefix: str = "u", **fields: Any) -> list[str]:
        """Let that many users do so; return them."""
        users = [f"{prefix}{number}" for number in range(among)]
        for user in users:
            self.act(user, topic, **fields)
        return users

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[SchedulerDaemon]:
        """Run a scheduler with the real agent."""
        options |= {"compute": compute_extractive, "prompt_version": EXTRACTIVE_VERSION}
        async with self.store.running(**options) as daemon:
            await until_async(lambda: self.store.profiles.trends_night() is not None)
            yield daemon

    async def night(self, daemon: SchedulerDaemon) -> int:
        """Go to the next night, count, and return in how many namespaces the default changed."""
        self.store.clock.advance(DAY_MS)
        return await daemon.trends.run()

    def stranger(self, namespace: str = "") -> Profile:
        """Return what somebody is served whom nobody knows."""
        with LocalReader(self.store.directory, clock=self.store.clock) as reader:
            profile = reader.profile("stranger", namespace=namespace).profile
            assert reader.text("stranger", namespace=namespace) == profile.foreword.text
            return profile

    def topics(self, namespace: str = "") -> list[str]:
        """Return the topics that a stranger is served."""
        return [row.topic for row in self.stranger(namespace).content_preferences.high_affinity_topics]


@pytest.fixture
def users(store: Any) -> Users:
    return Users(store)


def test_a_night_tells_strangers_what_enough_users_do(users: Users) -> None:
    """Not before the first night; then what five carry and not what four do, of this namespace alone."""

    async def story() -> None:
        async with users.running() as daemon:
            users.many_act("rail", among=5)
            users.many_act("wind", among=4, prefix="v")
            users.many_act("sail", among=9, namespace="shop")
            await users.store.attempted(daemon, 18)
            assert await daemon.trends.run() == 0
            assert users.topics() == []
            assert await users.night(daemon) == 2
            assert (users.topics(), users.topics("shop"), users.topics("elsewhere")) == (
                ["rail"],
                ["sail"],
                [],
            )
            text = users.stranger().foreword.text
            assert text.endswith('Many users here turn to "rail".')
            assert text.startswith("General, not about this user")
            assert users.stranger().default_basis.user_count == 5

    asyncio.run(story())


def test_a_night_comes_once_and_counts_what_is_new(users: Users) -> None:
    """An hour after refreshes are due; the same counts write nothing, and a second look in one night counts nothing."""
    users.store.settings["scheduler"]["night"] = "03:00-04:00"

    async def story() -> None:
        async with users.running() as daemon:
            users.many_act("rail")
            await users.store.attempted(daemon, 5)
            assert await users.night(daemon) == 1
            before = users.stranger().SerializeToString()
            assert await daemon.trends.run() == 0
            assert await users.night(daemon) == 0
            assert users.stranger().SerializeToString() == before
            users.many_act("wind", among=6, prefix="v")
            await users.store.attempted(daemon, 11)
            since_four_ms = (users.store.clock.now_ms() - 4 * HOUR_MS) % DAY_MS
            users.store.clock.advance(DAY_MS - since_four_ms - 1)
            assert await daemon.trends.run() == 0
            users.store.clock.advance(1)
            assert await daemon.trends.run() == 1
            assert users.topics() == ["wind", "rail"]

    asyncio.run(story())


def test_nights_slept_through_are_made_up_for_once(users: Users) -> None:
    """A scheduler that comes back after a week counts at its start; one whose clock ran ahead counts again."""

    async def story() -> None:
        async with users.running() as daemon:
            users.many_act("rail")
            await users.store.attempted(daemon, 5)
        users.store.clock.advance(7 * DAY_MS)
        async with users.running() as daemon:
            await users.store.until(lambda: users.topics() == ["rail"])
            users.store.clock.advance(400 * DAY_MS)
            await daemon.trends.run()
            users.store.clock.advance(-399 * DAY_MS)
            new = users.many_act("wind", among=6, prefix="v")
            # By who was written, not by how many attempts: those of the leap of the clock are attempts as well.
            await users.store.until(lambda: all(users.store.text(user) for user in new))
            assert await daemon.trends.run() == 1
            assert users.topics()[0] == "wind"

    asyncio.run(story())


def test_an_erased_user_is_in_no_later_count(users: Users) -> None:
    """Of five users one is erased: the topic stays until the night, and then is no more than four users'."""

    async def story() -> None:
        async with users.running() as daemon:
            erased, *_ = users.many_act("rail")
            users.many_act("tea", among=6, prefix="v")
            await users.store.attempted(daemon, 11)
            await users.night(daemon)
            users.store.erase(erased)
            await users.store.until(lambda: users.store.text(erased) is None)
            assert users.topics() == ["tea", "rail"]
            await users.night(daemon)
            assert users.topics() == ["tea"]

    asyncio.run(story())


def test_a_namespace_whose_users_are_gone_has_nothing_left(users: Users) -> None:
    """Its trend and its default go with the next night."""

    async def story() -> None:
        async with users.running() as daemon:
            gone = users.many_act("rail")
            await users.store.attempted(daemon, 5)
            await users.night(daemon)
            for user in gone:
                users.store.erase(user)
            await users.store.until(lambda: not any(users.store.text(user) for user in gone))
            await users.night(daemon)
            assert users.topics() == []
            assert users.store.profiles.default_namespaces() == set()

    asyncio.run(story())


def test_a_count_that_broke_off_goes_on_where_it_was(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    """Namespaces counted before the failure are not counted again, and the night is not over without the others."""

    async def story() -> None:
        async with users.running() as daemon:
            for namespace in ("a", "b", "c"):
                users.many_act("rail", namespace=namespace)
            await users.store.attempted(daemon, 15)
            counted: list[str] = []
            count = daemon.trends.count

            async def broken(namespace: str, night: int) -> bool:
                counted.append(namespace)
                if counted == ["a", "b"]:
                    raise StoreError("the disk is full")
                return await count(namespace, night)

            monkeypatch.setattr(daemon.trends, "count", broken)
            with pytest.raises(StoreError):
                await users.night(daemon)
            assert await daemon.trends.run() == 2
            assert counted == ["a", "b", "b", "c"]
            assert await daemon.trends.run() == 0

    asyncio.run(story())


def test_an_editorial_is_followed_and_a_bad_one_refused(users: Users, tmp_path: Path) -> None:
    """It is served within seconds of a change, in its namespace; a bad file changes nothing, and is told of."""
    editorial, path = tmp_path / "editorial.toml", tmp_path / "foreword.toml"
    editorial.write_text('topics = ["Tea"]\n[namespaces.radio]\ntopics = ["Jazz"]\n')
    settings = users.store.settings
    path.write_text(
        f'[store]\ndirectory = "{users.store.directory}"\nprofiles_map_size_bytes = 67108864\n'
        f'activity_map_size_bytes = 67108864\n[cold_start]\neditorial = "{editorial}"\n'
        "[scheduler]\ntrigger_poll_ms = 5\n[session]\nsettle_seconds = 0\n"
    )
    settings["cold_start"] = {"editorial": str(editorial)}

    async def story() -> None:
        async with users.running(config_file=ConfigFile(path, is_named=True)) as daemon:
            await users.store.until(lambda: users.topics("radio") == ["Jazz"])
            assert users.topics() == users.topics("nobody knows") == [TEA]
            editorial.write_text('topics = ["Rail"]\n')
            await users.store.until(lambda: users.topics("radio") == ["Rail"])
            assert users.topics() == ["Rail"]
            editorial.write_text('topics = ["Rail"]\ntone = "rude"\n')
            await users.store.until(lambda: bool(daemon.health.listed()))
            (problem,) = daemon.health.listed()
            assert f"{editorial}:2: tone" in problem.message
            assert "direct, friendly, formal, neutral" in problem.message
            assert users.topics() == ["Rail"]
            editorial.write_text("")
            await users.store.until(lambda: users.topics() == [])
            assert daemon.health.listed() == []

    asyncio.run(story())


def test_a_raised_limit_holds_for_what_was_counted(users: Users) -> None:
    """Strangers lose a topic when more users are asked for, without waiting for the night."""

    async def story() -> None:
        async with users.running() as daemon:
            users.many_act("rail", among=6)
            await users.store.attempted(daemon, 6)
            await users.night(daemon)
            assert users.topics() == ["rail"]
            settings = daemon.live.current.cold_start.model_copy(update={"trend_users_min": 7})
            daemon.live.current = daemon.live.current.model_copy(update={"cold_start": settings})
            assert await daemon.defaults.publish() == 1
            assert users.topics() == []

    asyncio.run(story())


def test_one_with_too_few_events_gets_that_of_their_cohort_and_follows_it(users: Users) -> None:
    """Stored in their name; when something else trends, the next read brings it as another revision, and only that."""

    async def story() -> None:
        async with users.running() as daemon:
            users.many_act("rail", among=6, locale="de", prefix="d")
            users.many_act("tea", among=9, locale="fr", prefix="f")
            await users.store.attempted(daemon, 15)
            await users.night(daemon)
            users.act("ann", "own", count=1, locale="DE")
            await users.store.until(lambda: users.store.text("ann") is not None)
            assert 'turn to "rail"' in users.store.text("ann")
            profile = users.store.profiles.profile(keys.user_key("ann")).profile
            assert (profile.default_basis.cohort, profile.is_default) == ("de", True)
            assert users.topics() == ["tea", "rail"]
            revision = users.store.refresh_state("ann").revision
            users.store.request("ann", on_open=True)
            await users.store.attempted(daemon, 17)
            assert users.store.refresh_state("ann").revision == revision
            users.many_act("sail", among=7, locale="de", prefix="s")
            await users.store.attempted(daemon, 24)
            await users.night(daemon)
            users.store.request("ann", on_open=True)
            await users.store.until(lambda: "sail" in users.store.text("ann"))
            assert users.store.refresh_state("ann").revision > revision
            assert users.store.ledger()[-1].outcome == RefreshOutcome.REFRESH_OUTCOME_DEFAULT
            users.act("ann", "own", count=2, locale="DE")
            await users.store.until(lambda: "General" not in users.store.text("ann"))
            assert "sail" not in users.store.text("ann")

    asyncio.run(story())
