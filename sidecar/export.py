"""Everything kept of one user, record by record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from foreword.keys import UserKey
from foreword.store import ActivityReader, ProfileReader
from foreword.store.codec import HEADER_BYTES
from foreword.v1.profile_pb2 import Foreword
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from foreword.v1.user_data_service_pb2 import ExportUserResponse as Record

# Events read in one go, half a millisecond; in between reads are answered and no reader slot is held.
SLICE_EVENTS = 200


async def from_activity(reader: ActivityReader, user: UserKey) -> AsyncIterator[Record]:
    """Yield what activity.lmdb keeps of a user."""
    activity = reader.user(user)
    if activity is not None:
        yield Record(store="activity.users", activity=activity)
    async for record in _events(reader, user):
        yield record
    for event_id in await asyncio.to_thread(lambda: list(reader.applied_ids(user))):
        yield Record(store="activity.applied", applied_event_id=event_id)
    if activity is not None and activity.trigger_seq:
        for _, trigger in reader.triggers(activity.trigger_seq - 1, 1):
            if trigger.user_key == user:
                yield Record(store="activity.triggers", trigger=trigger)
    for erased, erasure in reader.erasures():
        if erased == user:
            yield Record(store="activity.controls", erasure=erasure)


async def from_profiles(reader: ProfileReader, user: UserKey) -> AsyncIterator[Record]:
    """Yield what profiles.lmdb keeps of a user."""
    for record in _current(reader, user):
        yield record
    for _, row in reader.revisions(user):
        yield Record(
            store="profiles.revisions", revision=GetProfileResponse.FromString(row[HEADER_BYTES:]).profile
        )
    # The ledger is kept by time and looked through as a whole.
    for entry in await asyncio.to_thread(lambda: list(reader.ledger_of(user))):
        yield Record(store="profiles.ledger", ledger_entry=entry)


async def _events(reader: ActivityReader, user: UserKey) -> AsyncIterator[Record]:
    after = b""
    while page := reader.events_page(user, after, SLICE_EVENTS):
        for key, event in page:
            yield Record(store="activity.events", event=event)
            after = key
        await asyncio.sleep(0)


def _current(reader: ProfileReader, user: UserKey) -> Iterator[Record]:
    profile, foreword, watermark = reader.profile(user), reader.foreword(user), reader.watermark(user)
    if profile is not None:
        yield Record(store="profiles.profiles", profile=profile.profile)
    if foreword is not None:
        yield Record(store="profiles.forewords", foreword=_text_of(foreword))
    if watermark is not None:
        yield Record(store="profiles.watermarks", watermark=watermark)
        if watermark.due_ms:
            yield Record(store="profiles.due", due_ms=watermark.due_ms)


def _text_of(response: GetForewordResponse) -> Foreword:
    return Foreword(
        text=response.text, token_count=response.token_count, tokenizer=response.tokenizer, cuts=response.cuts
    )
