"""Erasing a user from the files themselves, while no daemon has them."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import NamedTuple

from foreword.cli.settings import Settings
from foreword.clock import SystemClock
from foreword.config import Config
from foreword.errors import ForewordError, StoreError, StoreLockedError, StoreMissingError
from foreword.keys import UserKey, user_key
from foreword.store import ActivityReader, ActivityWriter, ProfileReader, ProfileWriter
from foreword.store.archive import Archive
from foreword.store.leftovers import erase_leftovers
from foreword.store.snapshot import present
from foreword.store.synonym_rows import read_synonyms
from foreword.store.upkeep import CompactResult, Progress, compact_store
from foreword.store.v1.store_pb2 import ErasureReceipt
from foreword.v1.erasure_pb2 import StoreCount


class Purged(NamedTuple):
    """What a purge removed, and what the files came to."""

    counts: list[StoreCount]
    compacted: list[CompactResult]


def purge_user(settings: Settings, user: str, progress: Progress) -> Purged:
    """Remove a user and write both environments anew, so that no byte of theirs stays in them.

    Raises:
        StoreMissingError: There is no store.
        ForewordError: A daemon runs, and nothing was removed; or the files could not be written anew.
    """
    config = settings.config
    directory = config.store.directory
    if not present(directory):
        raise StoreMissingError(f"no store at {directory}", hint="check store.directory")
    counts = _erase(config, user_key(user, settings.namespace))
    counts.append(erase_leftovers(directory, user))
    try:
        return Purged(
            counts, [compact_store(directory, path.name, progress=progress) for path in present(directory)]
        )
    except StoreError as exc:
        raise ForewordError(
            f"{user!r} is erased, but the files could not be written anew and may still hold bytes: {exc.message}",
            hint="mend that, then run `foreword store compact`",
        ) from exc


def _erase(config: Config, user: UserKey) -> list[StoreCount]:
    """Do both daemons' parts of an erasure, in their order: cut short, it is pending, and they finish it."""
    from scheduler.erasure import erase_profile
    from scheduler.populations import Populations

    now_ms = SystemClock().now_ms()
    with ExitStack() as stack:
        activity, profiles = _take_both(config, stack)
        reader = stack.enter_context(closing(ProfileReader(config.store.directory)))
        decided = stack.enter_context(closing(ActivityReader(config.store.directory)))
        archive = Archive(
            config.archive_directory(), decided.environment_id, is_needed=decided.archived_count() > 0
        )
        archive.refuse_unreadable()
        with activity.begin() as transaction:
            erase_id, counts = transaction.erase(user, now_ms)
        counts.append(StoreCount(store="archive", rows=archive.erase(user)))
        populations = Populations(
            reader,
            lambda: config.window.half_life_days,
            lambda namespace: read_synonyms(decided, reader, namespace),
        )
        with profiles.begin() as txn:
            removed = erase_profile(txn, populations, user)
            txn.put_receipt(erase_id, ErasureReceipt(erased_ms=now_ms, counts=removed))
        with activity.begin() as transaction:
            transaction.finish_erasure(user)
        return counts + removed


def _take_both(config: Config, stack: ExitStack) -> tuple[ActivityWriter, ProfileWriter]:
    store = config.store
    try:
        activity = ActivityWriter(
            store.directory, map_size_bytes=store.activity_map_size_bytes, readers_max=store.readers_max
        )
        stack.callback(activity.close)
        profiles = ProfileWriter(
            store.directory, map_size_bytes=store.profiles_map_size_bytes, readers_max=store.readers_max
        )
        stack.callback(profiles.close)
    except StoreLockedError as exc:
        raise ForewordError(
            f"nothing was erased: --purge writes the store's files anew, but {exc.message}",
            hint="stop both daemons first; without --purge, `foreword erase` works beside them",
        ) from exc
    return activity, profiles
