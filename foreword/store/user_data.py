"""Everything kept of one user, one record for every row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from foreword.errors import StoreMissingError
from foreword.keys import UserKey
from foreword.store.activity_reader import ActivityReader
from foreword.store.archive import Archive
from foreword.store.codec import HEADER_BYTES
from foreword.store.pauses import paused_users
from foreword.store.profile_reader import ProfileReader
from foreword.store.ranking_block import exported
from foreword.v1.profile_pb2 import Foreword
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from foreword.v1.user_data_service_pb2 import ExportUserResponse

R = TypeVar("R", ActivityReader, ProfileReader)


def export_user(
    directory: Path, user: UserKey, archive_directory: Path | None = None
) -> Iterator[ExportUserResponse]:
    """Yield every record kept of a user key; an environment that does not exist holds none.

    Args:
        directory: The store's folder.
        user: User key.
        archive_directory: Folder of the archive; `archive` in the store's by default.

    Raises:
        MissingExtraError: There is an archive, and the extra `archive` is not installed.
        StoreMissingError: Neither environment exists.
        StoreCorruptError: A row fails its checksum.
    """
    with ExitStack() as stack:
        activity = _opened(ActivityReader, directory, stack)
        profiles = _opened(ProfileReader, directory, stack)
        if activity is None and profiles is None:
            raise StoreMissingError(f"no store at {directory}", hint="check store.directory")
        archive = None
        if activity is not None:
            archive = Archive(
                archive_directory or directory / "archive",
                activity.environment_id,
                is_needed=activity.archived_count() > 0,
            )
        yield from export_from(activity, profiles, user, archive)


def export_from(
    activity: ActivityReader | None,
    profiles: ProfileReader | None,
    user: UserKey,
    archive: Archive | None = None,
) -> Iterator[ExportUserResponse]:
    """Yield every record of a user key from readers that are already open, each in a view of its own.

    A slow taker holds no view open in between, so that the files do not grow for it; what changes meanwhile may be
    seen in part.

    Raises:
        StoreCorruptError: A row fails its checksum.
    """
    if activity is not None:
        yield from _activity(activity, archive, user)
    if profiles is not None:
        yield from _profiles(profiles, user)


def _opened(kind: type[R], directory: Path, stack: ExitStack) -> R | None:
    try:
        reader = kind(directory)
    except StoreMissingError:
        return None
    stack.callback(reader.close)
    return reader


def _activity(
    activity: ActivityReader, archive: Archive | None, user: UserKey
) -> Iterator[ExportUserResponse]:
    known = activity.user(user)
    erasures = [erasure for key, erasure in activity.erasures() if key == user]
    if known is not None:
        yield ExportUserResponse(store="activity.users", activity=known)
        yield from _trigger(activity, user, known.trigger_seq)
    yield from _events(activity, archive, user)
    for band in activity.bands(user):
        yield ExportUserResponse(store="activity.bands", event_band=band)
    block = activity.ranking_block(user)
    if block is not None:
        yield ExportUserResponse(store="activity.ranking_blocks", ranking_block=exported(block))
    for decision in activity.ranking_decisions(user):
        yield ExportUserResponse(store="activity.ranking_decisions", ranking_decision=decision)
    paused_ms = paused_users(activity.pauses()).get(user)
    if paused_ms is not None:
        yield ExportUserResponse(store="activity.meta", paused_ms=paused_ms)
    for event_id in activity.applied_ids(user):
        yield ExportUserResponse(store="activity.applied", applied_event_id=event_id)
    for erasure in erasures:
        yield ExportUserResponse(store="activity.controls", erasure=erasure)
        yield from _trigger(activity, user, erasure.trigger_seq)


def _events(activity: ActivityReader, archive: Archive | None, user: UserKey) -> Iterator[ExportUserResponse]:
    """Yield all events of a user, each once: in the order in which one moves on, so that none is missed on its way."""
    known: set[str] = set()
    places = (
        ("activity.events", activity.every_event(user)),
        ("activity.to_archive", activity.waiting_of(user)),
        ("archive", archive.events(user) if archive is not None else ()),
    )
    for store, events in places:
        for event in events:
            if event.event_id not in known:
                known.add(event.event_id)
                yield ExportUserResponse(store=store, event=event)


def _trigger(activity: ActivityReader, user: UserKey, place: int) -> Iterator[ExportUserResponse]:
    if place:
        for _, trigger in activity.triggers(place - 1, 1):
            # Taken meanwhile, its place in the log is empty and the next one is another user's.
            if trigger.user_key == user:
                yield ExportUserResponse(store="activity.triggers", trigger=trigger)


def _profiles(profiles: ProfileReader, user: UserKey) -> Iterator[ExportUserResponse]:
    current, text, state = profiles.profile(user), profiles.foreword(user), profiles.refresh_state(user)
    if current is not None:
        yield ExportUserResponse(store="profiles.profiles", profile=current.profile)
    if text is not None:
        yield ExportUserResponse(store="profiles.forewords", foreword=_foreword(text))
    for _, row in profiles.revisions(user):
        kept = GetProfileResponse.FromString(row[HEADER_BYTES:]).profile
        yield ExportUserResponse(store="profiles.revisions", revision=kept)
    if state is not None:
        yield ExportUserResponse(store="profiles.watermarks", refresh_state=state)
        if state.due_ms:
            yield ExportUserResponse(store="profiles.due", due_ms=state.due_ms)
    yield from _model_work(profiles, user)
    for entry in profiles.ledger_of(user):
        yield ExportUserResponse(store="profiles.ledger", ledger_entry=entry)


def _model_work(profiles: ProfileReader, user: UserKey) -> Iterator[ExportUserResponse]:
    state = profiles.model.state(user)
    if state is not None:
        yield ExportUserResponse(store="profiles.model_states", model_state=state)
        item = profiles.model.item(state.batch, state.batch_item) if state.batch else None
        if item is not None and item.user_key == user:
            yield ExportUserResponse(store="profiles.model_items", model_item=item)
    for call in profiles.model.calls_of(user):
        yield ExportUserResponse(store="profiles.model_calls", model_call=call)


def _foreword(text: GetForewordResponse) -> Foreword:
    return Foreword(
        text=text.text,
        token_count=text.token_count,
        tokenizer=text.tokenizer,
        cuts=text.cuts,
        parts=text.parts,
    )
