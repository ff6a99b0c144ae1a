"""Pauses of refreshes: noted on disk, where the scheduler finds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from foreword import keys
from foreword.clock import Clock
from foreword.errors import FieldError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.naming import quoted
from foreword.store import ActivityTransaction
from foreword.store.pauses import paused_users
from foreword.store.v1.store_pb2 import RefreshPauses
from foreword.v1.operator_service_pb2 import (
    PauseRefreshesRequest,
    PauseRefreshesResponse,
    PauseUserRequest,
    PauseUserResponse,
    RefreshPause,
    ResumeRefreshesRequest,
    ResumeRefreshesResponse,
    ResumeUserRequest,
    ResumeUserResponse,
)
from sidecar.activity import Activity

EVERYBODY = ""
# Each is named in every status, and stepped over wherever users are asked about; more of them are a segment.
USERS_MAX = 1000


class Pauses:
    """Writes and tells whose refreshes are paused."""

    def __init__(self, activity: Activity, live: FollowedConfig, clock: Clock) -> None:
        self._activity = activity
        self._live = live
        self._clock = clock

    def listed(self) -> list[RefreshPause]:
        """Return the pauses of segments and of all in force, the oldest first."""
        return _listed(self._stored())

    def of_users(self) -> list[RefreshPause]:
        """Return the pauses of single users in force, the oldest first."""
        since_ms = sorted(self.user_since_ms().items(), key=lambda item: item[1])
        return [_of_user(user, began_ms) for user, began_ms in since_ms]

    def user_since_ms(self) -> dict[UserKey, int]:
        """Return when the pauses of single users began, in ms since 1970, by user key."""
        return paused_users(self._stored())

    def _stored(self) -> RefreshPauses:
        reader = self._activity.reader
        return RefreshPauses() if reader is None else reader.pauses()

    async def pause(self, request: PauseRefreshesRequest) -> PauseRefreshesResponse:
        """Pause segments, or all; answer once that is on disk.

        Raises:
            FieldError: There is no such segment.
        """
        names = [tried.name for tried in self._live.current.segments.tried()]
        _refuse_unknown(request.segment_names, names)
        now_ms = self._clock.now_ms()

        def job(transaction: ActivityTransaction) -> RefreshPauses:
            pauses = transaction.pauses()
            for name in request.segment_names or (EVERYBODY,):
                # A pause that is in force counts from its beginning.
                if name not in pauses.since_ms:
                    pauses.since_ms[name] = now_ms
            transaction.put_pauses(pauses)
            return pauses

        return PauseRefreshesResponse(pauses=_listed(await self._activity.write(job)))

    async def resume(self, request: ResumeRefreshesRequest) -> ResumeRefreshesResponse:
        """End pauses of segments, or all but those of single users; answer once that is on disk.

        Raises:
            FieldError: A segment is not paused.
        """

        def job(transaction: ActivityTransaction) -> RefreshPauses:
            pauses = transaction.pauses()
            # A segment that is gone from the configuration may be resumed, too.
            _refuse_unknown(request.segment_names, sorted(filter(None, pauses.since_ms)))
            for name in list(request.segment_names or pauses.since_ms):
                del pauses.since_ms[name]
            transaction.put_pauses(pauses)
            return pauses

        return ResumeRefreshesResponse(pauses=_listed(await self._activity.write(job)))

    async def pause_user(self, request: PauseUserRequest) -> PauseUserResponse:
        """Pause one user; answer once that is on disk.

        Raises:
            FieldError: The user's name is none, no event of them was recorded, or too many users are paused.
        """
        user, now_ms = keys.user_key(request.user_id, request.namespace), self._clock.now_ms()

        def job(transaction: ActivityTransaction) -> int:
            pauses = transaction.pauses()
            since_ms = paused_users(pauses).get(user)
            if since_ms is not None:
                return since_ms
            if not transaction.newest_event(user):
                # A name that was mistyped would stand there for good, and hold nobody back.
                allowed = "a user of whom an event was recorded"
                raise FieldError("user_id", quoted(request.user_id), allowed)
            if len(pauses.users) >= USERS_MAX:
                found = f"{quoted(request.user_id)}, and {len(pauses.users):,} users who are paused by name"
                reason = "for each is named in every status: resume some, or pause their segment"
                raise FieldError("user_id", found, f"at most {USERS_MAX:,}, {reason}")
            pauses.users.add(user_key=user, since_ms=now_ms)
            transaction.put_pauses(pauses)
            return now_ms

        return PauseUserResponse(pause=_of_user(user, await self._activity.write(job)))

    async def resume_user(self, request: ResumeUserRequest) -> ResumeUserResponse:
        """End the pause of one user; answer once that is on disk.

        Raises:
            FieldError: The user's name is none, or they are not paused by it.
        """
        user = keys.user_key(request.user_id, request.namespace)
        since_ms = await self._activity.write(lambda transaction: transaction.end_pause(user))
        if not since_ms:
            allowed = "a user who is paused by name; a segment is resumed with ResumeRefreshes"
            raise FieldError("user_id", quoted(request.user_id), allowed)
        return ResumeUserResponse(pause=_of_user(user, since_ms))


def _refuse_unknown(asked: Iterable[str], known: Sequence[str]) -> None:
    for place, name in enumerate(asked):
        if name not in known:
            allowed = ", ".join(known) or "none; no segment is paused by name"
            raise FieldError(f"segment_names[{place}]", repr(name), allowed)


def _listed(pauses: RefreshPauses) -> list[RefreshPause]:
    found = []
    for name, since_ms in sorted(pauses.since_ms.items(), key=lambda item: (item[1], item[0])):
        pause = RefreshPause(segment_name=name)
        pause.since.FromMilliseconds(since_ms)
        found.append(pause)
    return found


def _of_user(user: UserKey, since_ms: int) -> RefreshPause:
    user_id, namespace = keys.split_user_key(user)
    pause = RefreshPause(user_id=user_id, namespace=namespace)
    pause.since.FromMilliseconds(since_ms)
    return pause
