"""Pages of users by the state of their profiles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from foreword import keys
from foreword.config_segments import Segments
from foreword.errors import FieldError
from foreword.keys import UserKey
from foreword.store import ProfileReader
from foreword.store.profile_reader import ScheduledUser
from foreword.text_size import check_text
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.model_work_pb2 import ModelState
from foreword.v1.operator_service_pb2 import ListUsersRequest, ListUsersResponse, UserStatus
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome
from sidecar.pages import no_token, page_size, page_token, read_place
from sidecar.profiles import Profiles

# Users looked at for one page; a filter that few pass is answered with those found so far, and where to go on.
LOOKED_AT_MAX = 10_000
# Users looked at in one go, about a millisecond; in between reads are answered.
SLICE_USERS = 200
# Likewise, where only those are wanted whose newest refresh failed.
SLICE_FAILING = 1000


async def list_users(
    request: ListUsersRequest,
    profiles: Profiles,
    segments: Segments,
    now_ms: int,
    paused_ms: Mapping[UserKey, int],
) -> ListUsersResponse:
    """Return one page.

    Args:
        request: Who is wanted.
        profiles: Where they are looked for.
        segments: Those of the configuration.
        now_ms: The time.
        paused_ms: When the pauses of single users began.

    Raises:
        FieldError: A field is out of range, or the token is none of a request with the same filters.
    """
    size, wanted = page_size(request.page_size), _Wanted(request, segments, now_ms)
    check_text("user_id_prefix", request.user_id_prefix, keys.USER_ID_BYTES_MAX)
    prefix = keys.namespace_prefix(request.namespace) if request.HasField("namespace") else b""
    after = _read_place(request)
    page = ListUsersResponse()
    is_failing = request.failed and not request.user_id_prefix
    for _ in range(LOOKED_AT_MAX // (SLICE_FAILING if is_failing else SLICE_USERS)):
        reader = profiles.reader
        rows, end = _slice(reader, request, after, prefix)
        for row in rows:
            after = row.user
            # One whose erasure is pending is unknown already.
            status = wanted.status(row) if row.user not in profiles.hidden else None
            if status is not None and reader is not None:
                _add_model(status, reader.model.state(row.user))
                if row.user in paused_ms:
                    status.paused_since.FromMilliseconds(paused_ms[row.user])
                page.users.append(status)
            if len(page.users) == size:
                page.next_page_token = page_token(request, after)
                return page
        if not end:
            return page
        after = end
        await asyncio.sleep(0)
    page.next_page_token = page_token(request, after)
    return page


def _slice(
    reader: ProfileReader | None, request: ListUsersRequest, after: bytes, prefix: bytes
) -> tuple[list[ScheduledUser], bytes]:
    """Return the next users who may be wanted, and the key that was looked at last; empty at the end."""
    if reader is None:
        return [], b""
    if request.user_id_prefix:
        return reader.users_like(request.user_id_prefix.encode(), after, SLICE_USERS, prefix=prefix)
    if request.failed:
        return reader.failing_users(after, SLICE_FAILING, prefix=prefix)
    rows = reader.users(after, SLICE_USERS, prefix=prefix)
    return rows, rows[-1].user if len(rows) == SLICE_USERS else b""


class _Wanted:
    """Which users are asked for."""

    def __init__(self, request: ListUsersRequest, segments: Segments, now_ms: int) -> None:
        numbers = [(one.name, one.number) for one in segments.tried()]
        self._segments = _known("segments", request.segments, [*Segment.items(), *numbers])
        self._segments |= _named("segment_names", request.segment_names, dict(numbers))
        self._name_of = segments.name_of
        self._freshness = _known("freshness", request.freshness, Freshness.items())
        self._failed = request.failed
        self._now_ms = now_ms

    def status(self, row: ScheduledUser) -> UserStatus | None:
        """Return what is said of a user, or None for one who is not asked for."""
        header, state = row.header, row.state
        # As GetStatus counts them: the segment the profile was computed for.
        segment = state.segment if header is None else header.segment
        freshness = Freshness.FRESHNESS_DEFAULT if header is None else header.freshness(self._now_ms)
        if self._segments and segment not in self._segments:
            return None
        if self._freshness and freshness not in self._freshness:
            return None
        if self._failed and state.outcome != RefreshOutcome.REFRESH_OUTCOME_FAILED:
            return None
        user_id, namespace = keys.split_user_key(row.user)
        status = UserStatus(
            user_id=user_id,
            namespace=namespace,
            segment=cast(Segment, segment),
            segment_name=self._name_of(segment),
            is_held=state.is_held,
            freshness=freshness,
            revision=state.revision,
            outcome=state.outcome,
            failures=state.failures,
            error=state.error,
        )
        if header is not None:
            status.computed_at.FromMilliseconds(header.computed_at_ms)
        if state.due_ms:
            status.due_at.FromMilliseconds(state.due_ms)
        if state.attempted_ms:
            status.attempted_at.FromMilliseconds(state.attempted_ms)
        return status


def _add_model(status: UserStatus, state: ModelState | None) -> None:
    """Add what a model was asked about the user; nothing for somebody about whom none ever was."""
    if state is None:
        return
    status.model_revision, status.model_outcome = state.revision, state.outcome
    status.model_wait, status.model_error = state.wait, state.error
    if state.asked_ms:
        status.model_asked_at.FromMilliseconds(state.asked_ms)
    if state.due_ms:
        status.model_due_at.FromMilliseconds(state.due_ms)


def _known(field: str, found: Sequence[int], items: Sequence[tuple[str, int]]) -> set[int]:
    for place, number in enumerate(found):
        if number not in dict(items).values():
            names = ", ".join(f"{name} ({value})" for name, value in items)
            raise FieldError(f"{field}[{place}]", str(number), names)
    return set(found)


def _named(field: str, found: Sequence[str], numbers: Mapping[str, int]) -> set[int]:
    for place, name in enumerate(found):
        if name not in numbers:
            raise FieldError(f"{field}[{place}]", repr(name), ", ".join(numbers))
    return {numbers[name] for name in found}


def _read_place(request: ListUsersRequest) -> bytes:
    """Return the key of the last user looked at; empty for the first page."""
    place = read_place(request)
    try:
        keys.split_user_key(place or keys.user_key("any"))
    except ValueError as exc:
        raise no_token() from exc
    return place
