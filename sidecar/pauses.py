"""Pauses of refreshes: noted on disk, where the scheduler finds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from foreword.clock import Clock
from foreword.errors import FieldError
from foreword.followed_config import FollowedConfig
from foreword.store import ActivityTransaction
from foreword.store.v1.store_pb2 import RefreshPauses
from foreword.v1.operator_service_pb2 import (
    PauseRefreshesRequest,
    PauseRefreshesResponse,
    RefreshPause,
    ResumeRefreshesRequest,
    ResumeRefreshesResponse,
)
from sidecar.activity import Activity

EVERYBODY = ""


class Pauses:
    """Writes and tells whose refreshes are paused."""

    def __init__(self, activity: Activity, live: FollowedConfig, clock: Clock) -> None:
        self._activity = activity
        self._live = live
        self._clock = clock

    def listed(self) -> list[RefreshPause]:
        """Return the pauses in force, the oldest first."""
        reader = self._activity.reader
        return _listed(RefreshPauses() if reader is None else reader.pauses())

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
        """End pauses of segments, or all pauses; answer once that is on disk.

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
