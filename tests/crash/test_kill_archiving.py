"""SIGKILL at every named point of retention: no event is lost, none stands twice, and an erased user is in no file."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from crash.failpoint_deaths import points_until_death
from waiting import until_async

from foreword import keys
from foreword.admission import admit
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityReader, ActivityWriter, ProfileWriter
from foreword.store import databases as db
from foreword.store.check import inspect_store
from foreword.store.user_data import export_user
from foreword.v1.event_pb2 import Event
from foreword.v1.refresh_pb2 import RefreshState
from sidecar import server
from sidecar.activity import Activity
from sidecar.archiving import Archiving
from sidecar.erasures import Erasures
from sidecar.maintenance import Maintenance
from sidecar.open_triggers import OpenTriggers
from sidecar.profiles import Profiles

# The points at which these tests kill.
FOLDING = {"EVENTS_FOLDED", "ARCHIVE_WRITTEN", "ARCHIVE_STANDS", "ARCHIVE_TAKEN"}
ERASING = {"ARCHIVE_WRITTEN", "ARCHIVE_ERASED"}

MAP_BYTES = 1 << 26
NOW_MS = 19_700 * DAY_MS
USERS = ("ann", "bob", "cid")
EVENTS_PER_USER = 12
SMALL_SLICES = {
    "sidecar.maintenance.SLICE_ROWS": 7,
    "sidecar.archiving._EVENTS_MAX": 5,
    "sidecar.archiving._SLICE_ROWS": 2,
    "foreword.store.archive.archive._FILE_ROWS_MAX": 8,
}

Work = Callable[[Maintenance, Erasures], Awaitable[object]]


def config_of(directory: Path) -> Config:
    sizes = {"profiles_map_size_bytes": MAP_BYTES, "activity_map_size_bytes": MAP_BYTES}
    return Config.model_validate({"store": {"directory": str(directory), "archive": "on", **sizes}})


def fill(directory: Path) -> None:
    """Make a store whose users' events, on three days, are consumed and past retention."""
    events = []
    for user in USERS:
        for number in range(EVENTS_PER_USER):
            made = Event(
                event_id=f"{user}{number}", user_id=user, type="view", topics=["go"], text=f"by {user}"
            )
            made.time.FromMilliseconds(NOW_MS - (100 + number % 3) * DAY_MS)
            events.append(made)
    with closing(ActivityWriter(directory, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as txn:
        txn.record(admit(events, NOW_MS).kept, NOW_MS)
    with closing(ProfileWriter(directory, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as txn:
        for place, user in enumerate(USERS, 1):
            txn.schedule(keys.user_key(user), RefreshState(consumed_seq=place * EVENTS_PER_USER))


def in_sidecar(directory: Path, work: Work) -> None:
    """Run `work(maintenance, erasures)` on the sidecar's own parts, without its sockets."""

    async def run() -> None:
        config, clock = config_of(directory), ManualClock(NOW_MS)
        problems = Problems(clock, server.logger)
        live = FollowedConfig(config, None, problems, component="sidecar.config", at_start=server.AT_START)
        profiles = Profiles(directory, readers_max=64, problems=problems)
        activity = Activity(config, live, problems, profiles)
        archiving = Archiving(activity, live, problems)
        maintenance = Maintenance(activity, profiles, archiving, live, clock)
        triggers = OpenTriggers(activity, live, clock)
        erasures = Erasures(activity, profiles, triggers, archiving=archiving, problems=problems, clock=clock)
        try:
            await work(maintenance, erasures)
        finally:
            await activity.close()
            profiles.close()
        assert not problems.listed(), problems.listed()

    asyncio.run(run())


async def settle(maintenance: Maintenance, erasures: Erasures) -> None:
    """Two rounds: one folds, the next finds nothing more and archives. Erasures under way go on."""
    await erasures.finish_all()
    await until_async(lambda: not erasures._archived, "the archive to be without erased users")
    await maintenance.run()
    await maintenance.run()


async def erase_ann(_maintenance: Maintenance, erasures: Erasures) -> None:
    await erasures.erase(keys.user_key("ann"), 0.0)
    await until_async(lambda: not erasures._archived, "the archive to be without the user")


def in_small_slices(directory: Path, work: Work) -> None:
    """Run `work` in a sidecar with portions of a few rows, so that there are many points between them."""
    with pytest.MonkeyPatch.context() as patches:
        for name, rows in SMALL_SLICES.items():
            patches.setattr(name, rows)
        in_sidecar(directory, work)


def killed_at(number: int, directory: Path, work: Work) -> tuple[str, bool]:
    """Do `work` in a process that kills itself at the N-th point; return the last point, and whether it ended."""
    passed, has_ended = points_until_death(partial(in_small_slices, directory, work), number)
    return passed[-1] if passed else "", has_ended


def in_files(directory: Path) -> list[str]:
    """Return the ids of the events in all files, as any tool reads them."""
    return [
        event_id
        for file in sorted((directory / "archive").rglob("*.parquet"))
        for event_id in pq.read_table(file).column("event_id").to_pylist()
    ]


def exported(directory: Path, user: str) -> list[str]:
    records = export_user(directory, keys.user_key(user))
    return sorted(record.event.event_id for record in records if record.HasField("event"))


def counted(directory: Path) -> int:
    """Return how many events are in bands or still among the events."""
    with closing(ActivityReader(directory)) as reader:
        bands = [band for user in USERS for band in reader.bands(keys.user_key(user))]
        return sum(band.event_count for band in bands) + reader.count(db.EVENTS)


def expected(user: str) -> list[str]:
    return sorted(f"{user}{number}" for number in range(EVENTS_PER_USER))


def check_whole(directory: Path, where: str, users: tuple[str, ...] = USERS) -> None:
    """No event is lost, counted twice, or seen twice, by our readers or by others."""
    for user in users:
        assert exported(directory, user) == expected(user), where
    assert counted(directory) == EVENTS_PER_USER * len(users), where
    assert max(Counter(in_files(directory)).values(), default=1) == 1, where
    assert list(inspect_store(directory, archive_directory=directory / "archive")) == [], where


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_kill_at_any_point_of_archiving_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed at its first point, its second, … retention leaves all events once, and is done by the next start."""
    pristine, store = tmp_path / "pristine", tmp_path / "store"
    fill(pristine)
    points = set()
    for number in count(1):
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(pristine, store)
        point, has_ended = killed_at(number, store, settle)
        points.add(point)
        check_whole(store, f"killed at point {number}, {point}")
        # Killed again while it makes good, and then to the end.
        killed_at(2, store, settle)
        check_whole(store, f"killed at point {number}, {point}, and again")
        assert killed_at(0, store, settle)[1]
        check_whole(store, f"after point {number}, {point}")
        assert sorted(in_files(store)) == sorted(event for user in USERS for event in expected(user))
        if has_ended:
            break
    assert points >= FOLDING


def test_a_kill_at_any_point_of_an_erasure_leaves_it_to_the_next_start(tmp_path: Path) -> None:
    """Killed while files are written anew, an erasure is finished by the next start; others lose nothing."""
    pristine, store = tmp_path / "pristine", tmp_path / "store"
    fill(pristine)
    assert killed_at(0, pristine, settle)[1]
    points = set()
    for number in count(1):
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(pristine, store)
        point, has_ended = killed_at(number, store, erase_ann)
        points.add(point)
        assert killed_at(0, store, settle)[1]
        assert exported(store, "ann") == []
        check_whole(store, f"killed at point {number}, {point}", ("bob", "cid"))
        assert not any(b"by ann" in path.read_bytes() for path in (store / "archive").rglob("*events*"))
        if has_ended:
            break
    assert points >= ERASING


def test_a_user_erased_between_a_file_and_its_rows_is_in_no_file(tmp_path: Path) -> None:
    """Killed when a file stands whose events still wait, then erased: the user is taken out of that file too."""
    fill(tmp_path)
    points = (killed_at(number, tmp_path, settle)[0] for number in range(1, 30))
    assert next((point for point in points if point == "ARCHIVE_STANDS"), None)
    assert any(event_id.startswith("ann") for event_id in in_files(tmp_path))
    in_small_slices(tmp_path, erase_ann)
    in_small_slices(tmp_path, settle)
    assert not any(event_id.startswith("ann") for event_id in in_files(tmp_path))
    check_whole(tmp_path, "erased between file and rows", ("bob", "cid"))
