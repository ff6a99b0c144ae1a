"""What a stranger's read costs now that each namespace has a default of its own, and what a night's count costs."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.population import NOW_MS, user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.defaults import default_profile
from foreword.editorial import EditorialProfile
from foreword.followed_config import FollowedConfig
from foreword.latency import call_times_us, percentile
from foreword.local import LocalReader
from foreword.problems import Problems
from foreword.store import ProfileReader, ProfileTransaction, ProfileWriter
from foreword.store.responses import DefaultResponses
from foreword.store.v1.store_pb2 import Population, Trend, Trends, TrendTopic
from foreword.synonyms import NO_SYNONYMS
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_pb2 import FadedCount, Profile, Segment
from foreword.v1.profile_service_pb2 import GetProfileResponse
from scheduler.agent.general import general_profile
from scheduler.defaults import Defaults
from scheduler.trends import USERS_MAX, TrendCounter

READS = 100_000
WARM_UP = 20_000
USERS = 100_000
NAMESPACES = 1000
TOPICS_OF_USER = 30
_EDITORIAL = EditorialProfile(("Getting started", "News"), ("Everything here is made up.",), tone="friendly")


def run(reads: int = READS, users: int = USERS) -> Table:
    """Measure reads of strangers as they were and as they are, and counts of one night."""
    table = Table(
        "defaults",
        "Strangers: a read, and a night's count",
        "python -m benchmarks defaults",
        ("what", "p50 µs", "p99 µs", "to the former"),
    )
    with tempfile.TemporaryDirectory() as folder:
        _reads(table, Path(folder), reads)
    with tempfile.TemporaryDirectory() as folder:
        _night(table, Path(folder), users)
    table.notes.append(
        "Former: one default for all, parsed once, copied and serialized for each answer. Now: stored bytes of the "
        f"namespace, with names appended. Of {reads:,} reads in process, one at a time, other users each time."
    )
    return table


def _reads(table: Table, folder: Path, reads: int) -> None:
    write_profiles(folder, 1000)
    profile = _default()
    with closing(ProfileWriter(folder, map_size_bytes=64 << 30)) as writer, writer.begin() as txn:
        txn.put_namespace_defaults("shop", profile, profile.foreword)
    strangers = [f"stranger-{number:06d}" for number in range(reads)]
    known = [user_id(number % 1000) for number in range(reads)]
    with LocalReader(folder, clock=ManualClock(NOW_MS)) as reader, closing(ProfileReader(folder)) as rows:
        unheld = DefaultResponses()

        def looked_up(user: str) -> bytes:
            unheld.follow(None)
            return unheld.profile_response(user, "shop", rows)

        sides: list[tuple[str, Callable[[str], bytes], list[str]]] = [
            ("answer, former, the built-in default", _former(default_profile()), strangers),
            ("answer, former, had it been the namespace's", _former(profile), strangers),
            ("answer, now, the namespace's, held", _held(rows), strangers),
            ("answer, now, the namespace's, looked up and parsed each time", looked_up, strangers),
            ("whole read of a stranger, no default of its own", reader.profile_response, strangers),
            (
                "whole read of a stranger, the namespace's",
                lambda user: reader.profile_response(user, "shop"),
                strangers,
            ),
            (
                "whole read of a foreword, the namespace's",
                lambda user: reader.foreword_response(user, "shop"),
                strangers,
            ),
            ("whole read of a known user", reader.profile_response, known),
        ]
        former = 0.0
        for name, read, asked in sides:
            call_times_us(read, asked[:WARM_UP])
            times = call_times_us(read, asked)
            p50 = percentile(times, 0.5)
            former = former or p50
            is_answer = name.startswith("answer")
            table.add(
                name, f"{p50:.2f}", f"{percentile(times, 0.99):.2f}", ratio(p50, former) if is_answer else ""
            )


def _default() -> Profile:
    words = Config().foreword.words
    rows = [TrendTopic(topic=f"topic {place}", score=0.1, user_count=40) for place in range(5)]
    return general_profile(
        _EDITORIAL,
        Trend(user_count=1000, topics=rows),
        words.names(),
        words=words.domain_words(),
        topics_max=5,
        users_min=5,
        tokens_max=200,
    )


def _former(profile: Profile) -> Callable[[str], bytes]:
    """Return how an answer was made before: the parsed default copied, with names filled in."""
    held = GetProfileResponse(profile=profile)

    def answer(user: str) -> bytes:
        response = GetProfileResponse()
        response.CopyFrom(held)
        response.profile.user_id = user
        response.profile.namespace = "shop"
        response.freshness = Freshness.FRESHNESS_DEFAULT
        return response.SerializeToString()

    return answer


def _held(rows: ProfileReader) -> Callable[[str], bytes]:
    defaults = DefaultResponses()
    return lambda user: defaults.profile_response(user, "shop", rows)


def _night(table: Table, folder: Path, users: int) -> None:
    """Count one namespace of many users, and write the defaults of many namespaces."""
    clock = ManualClock(NOW_MS)
    with (
        closing(ProfileWriter(folder, map_size_bytes=64 << 30)) as writer,
        closing(ProfileReader(folder)) as profiles,
    ):
        _write_users(writer, users)
        problems = Problems(clock, logging.getLogger("benchmark"))
        live = FollowedConfig(Config(), None, problems, component="benchmark", at_start={})
        defaults = Defaults(writer, profiles, live)
        counter = TrendCounter(writer, profiles, defaults, lambda _: NO_SYNONYMS, clock=clock, live=live)
        began = time.perf_counter()
        asyncio.run(counter.count("", 1))
        seconds = time.perf_counter() - began
        table.notes.append(
            f"A night's count of a namespace of {users:,} users, of whom {min(users, USERS_MAX):,} are read, "
            f"{TOPICS_OF_USER} topics each: {seconds:.1f} s, in slices of milliseconds."
        )
        trends = profiles.trends("")
        with writer.begin() as txn:
            for number in range(NAMESPACES):
                txn.put_trends(f"n{number}", Trends(night=1, trends=trends.trends))
        live.current = live.current.model_copy()
        began = time.perf_counter()
        changed = asyncio.run(defaults.publish())
        seconds = time.perf_counter() - began
        table.notes.append(
            f"Writing {changed:,} namespaces' defaults after an edit: {seconds:.1f} s, likewise."
        )


def _write_users(writer: ProfileWriter, users: int) -> None:
    for start in range(0, users, 5000):
        with writer.begin() as txn:
            for number in range(start, min(start + 5000, users)):
                _write_user(txn, number)
            rows = [FadedCount(value=f"topic {place}", weight=1, event_count=9) for place in range(500)]
            txn.put_population("", Population(user_count=users, total_weight=1, topics=rows))


def _write_user(txn: ProfileTransaction, number: int) -> None:
    profile = Profile(user_id=user_id(number), segment=Segment.SEGMENT_NEW)
    memory = profile.memory
    memory.last_day = NOW_MS // DAY_MS
    for place in range(TOPICS_OF_USER):
        row = memory.topics.add(
            value=f"topic {(number * 7 + place * place) % 500}", weight=1 + place, event_count=3
        )
        row.last_day, row.short_day_sum = memory.last_day, 1.0 + place
    txn.put_profile(
        keys.user_key(profile.user_id),
        profile,
        profile.foreword,
        computed_at_ms=NOW_MS,
        stale_after_ms=2 * NOW_MS,
        expired_after_ms=2 * NOW_MS,
        refresh_on_open=False,
    )
