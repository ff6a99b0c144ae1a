"""Retention: what one user takes in the store as the years go by, with retention, as it was before, and without."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from contextlib import ExitStack, closing
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import NamedTuple

from benchmarks.population import NOW_MS, made_events
from benchmarks.table import Table, ratio
from foreword.admission import admit
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.keys import user_key
from foreword.problems import Problems
from foreword.store import ActivityReader, ProfileWriter
from foreword.store import databases as db
from foreword.store.archive import archive_stats
from foreword.store.upkeep import store_stats
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.activity import Activity
from sidecar.archiving import Archiving
from sidecar.maintenance import Maintenance
from sidecar.profiles import Profiles
from sidecar.server import AT_START

EVENTS_PER_DAY = 20
SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
# The sidecar is run once in so many days, after their events came.
STEP_DAYS = 5
MAP_BYTES = 1 << 30


class Figures(NamedTuple):
    """What a user takes after so many events."""

    pages: int
    """Bytes of the pages of activity.lmdb that hold rows."""
    rows: int
    """Rows of all its databases."""
    bands: int
    """Of them rows of counts."""
    band_bytes: int
    """Their keys and values."""
    archive: int
    """Bytes of the archive's files."""


def run() -> Table:
    """Have one user send events for years, three times over, and look at the store on the way."""
    logging.getLogger("sidecar").setLevel(logging.ERROR)
    table = Table(
        "retention",
        "Bytes of a user in activity.lmdb by the events sent over the years",
        "python -m benchmarks retention",
        (
            "events",
            "days",
            "nothing goes",
            "events go, ids stay",
            "events and ids go",
            "of nothing goes",
            "of ids stay",
            "bands",
            "bytes of bands",
            "archive, a file a day",
        ),
    )
    ways: tuple[dict[str, object] | None, ...] = (None, {"ids_days": 0}, {"archive": "on"})
    everything, ids_stay, both_go = (measured(settings) for settings in ways)
    for size, *all_three in zip(SIZES, everything, ids_stay, both_go, strict=True):
        whole, former, now = all_three
        table.add(
            f"{size:,}",
            f"{size // EVENTS_PER_DAY:,}",
            *(f"{each.pages:,}" for each in all_three),
            ratio(now.pages, whole.pages),
            ratio(now.pages, former.pages),
            str(now.bands),
            f"{now.band_bytes:,}",
            f"{now.archive:,}",
        )
    table.notes += _notes(both_go)
    return table


def _notes(both_go: list[Figures]) -> list[str]:
    """Say by how much each doubling of the events adds to what stays for good."""
    late = [index for index, size in enumerate(SIZES) if size >= 10_000]
    steps = [
        (both_go[after].band_bytes - both_go[before].band_bytes) / log2(SIZES[after] / SIZES[before])
        for before, after in pairwise(late)
    ]
    rest = [each.pages for index, each in enumerate(both_go) if index in late]
    return [
        f"One user with {EVENTS_PER_DAY} events a day, two of 200 topics each, on a virtual clock; the sidecar's own "
        f"maintenance, run once in {STEP_DAYS} days, each event consumed by then. Pages that hold rows, of all "
        "databases, without free ones. Retention of 90 days, ids of 180: both defaults.",
        "Each doubling of the events beyond 10,000 adds to the bands "
        f"{', '.join(f'{step:,.0f}' for step in steps)} bytes: never more than the one before, so the growth is "
        f"logarithmic. From 10,000 to 100,000 events the whole goes from {rest[0]:,} to {rest[-1]:,} bytes.",
        "*Events go, ids stay* is what Foreword did before, and does with `store.ids_days = 0`.",
    ]


def measured(settings: dict[str, object] | None) -> list[Figures]:
    """Return what the user takes at each size; with None nothing is ever removed."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_years(Path(folder) / "store", settings))


async def _years(directory: Path, settings: dict[str, object] | None) -> list[Figures]:
    sizes = {"profiles_map_size_bytes": MAP_BYTES, "activity_map_size_bytes": MAP_BYTES}
    config = Config.model_validate({"store": {"directory": str(directory), **sizes, **(settings or {})}})
    clock = ManualClock(NOW_MS)
    found: list[Figures] = []
    with ExitStack() as stack:
        writer = stack.enter_context(closing(ProfileWriter(directory, map_size_bytes=MAP_BYTES)))
        problems = Problems(clock, logging.getLogger("sidecar"))
        live = FollowedConfig(config, None, problems, component="sidecar.config", at_start=AT_START)
        profiles = Profiles(directory, readers_max=64, problems=problems)
        stack.callback(profiles.close)
        activity = Activity(config, live, problems, profiles)
        maintenance = Maintenance(activity, profiles, Archiving(activity, live, problems), live, clock)
        for sent in range(0, SIZES[-1], STEP_DAYS * EVENTS_PER_DAY):
            await _record(activity, writer, clock, sent)
            if settings is not None:
                # One folds, another archives.
                await maintenance.run()
                await maintenance.run()
            if sent + STEP_DAYS * EVENTS_PER_DAY in SIZES:
                found.append(_figures(config))
        await activity.close()
        if problems.listed():
            raise RuntimeError(problems.listed()[0].message)
    return found


async def _record(activity: Activity, writer: ProfileWriter, clock: ManualClock, sent: int) -> None:
    """Record the events of the next days as they come, and have them consumed."""
    count = STEP_DAYS * EVENTS_PER_DAY
    events = made_events(count, 1, first=sent, seed=sent)
    for number, event in enumerate(events):
        event.time.FromMilliseconds(clock.now_ms() + number * DAY_MS // EVENTS_PER_DAY)
    clock.advance(STEP_DAYS * DAY_MS)
    kept = admit(events, clock.now_ms()).kept
    await activity.write(lambda txn: txn.record(kept, clock.now_ms()))
    with writer.begin() as txn:
        txn.schedule(user_key(events[0].user_id), RefreshState(consumed_seq=sent + count))


def _figures(config: Config) -> Figures:
    stats = next(each for each in store_stats(config.store.directory) if each.name == "activity.lmdb")
    with closing(ActivityReader(config.store.directory)) as reader:
        bands = [len(key) + len(row) for key, row in reader.range(db.BANDS)]
    archive = archive_stats(config.archive_directory())
    return Figures(
        pages=sum(each.bytes for each in stats.databases),
        rows=sum(each.entries for each in stats.databases),
        bands=len(bands),
        band_bytes=sum(bands),
        archive=archive.bytes if archive is not None else 0,
    )
