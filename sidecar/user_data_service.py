"""UserDataService: gives users what is kept of them, and removes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

from foreword import keys
from foreword.store.leftovers import erase_leftovers
from foreword.store.user_data import export_from
from foreword.v1.user_data_service_pb2 import (
    EraseUserRequest,
    EraseUserResponse,
    ExportUserRequest,
    ExportUserResponse,
)
from sidecar import access, checks
from sidecar.activity import Activity
from sidecar.answering import Answering
from sidecar.archiving import Archiving
from sidecar.erasures import Erasures
from sidecar.profiles import Profiles
from sidecar.ranking import Ranking
from sidecar.refresh_wait import bounded_seconds
from sidecar.rpc import Context, Handler, streaming, unary

NAME = "foreword.v1.UserDataService"

# Waited for the scheduler when the caller names no time.
WAIT_SECONDS = 10.0
# Records taken in one go, half a millisecond of work.
SLICE_RECORDS = 200
PENDING = (
    "the scheduler has still to remove the profile, its revisions and ledger entries; it does when it next runs, and "
    "until then the user is served as unknown"
)
ARCHIVE_PENDING = (
    "files of the archive may still hold the user; they are being written anew, and where that fails `foreword status` "
    "says why and it is tried again"
)


class UserDataService:
    """Exports and erases.

    Args:
        directory: The store's folder, where imports leave what they refused.
        profiles: Read for exports.
        activity: Read for exports.
        erasures: Those under way.
        answering: What was asked before there was an answer, and what was met, is held by asker.
        archiving: Where events past retention may be.
        ranking: Has decisions that are not written yet.
    """

    def __init__(
        self,
        directory: Path,
        profiles: Profiles,
        activity: Activity,
        erasures: Erasures,
        *,
        answering: Answering,
        archiving: Archiving,
        ranking: Ranking,
    ) -> None:
        self._directory = directory
        self._profiles = profiles
        self._activity = activity
        self._erasures = erasures
        self._answering = answering
        self._archiving = archiving
        self._ranking = ranking

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {
            "ExportUser": streaming(ExportUserRequest, self.export_user),
            "EraseUser": unary(EraseUserRequest, self.erase_user),
        }

    async def export_user(
        self, request: ExportUserRequest, _context: Context
    ) -> AsyncIterator[ExportUserResponse]:
        """Yield every record kept of a user; none for a user nobody knows."""
        user = keys.user_key(request.user_id, request.namespace)
        archive = self._archiving.archive()
        records = export_from(self._activity.reader, self._profiles.reader, user, archive)
        # In a thread: the ledger is looked through as a whole, and meanwhile reads are answered.
        while part := await asyncio.to_thread(lambda: list(islice(records, SLICE_RECORDS))):
            for record in part:
                yield record

    async def erase_user(self, request: EraseUserRequest, context: Context) -> EraseUserResponse:
        """Remove a user and wait for the scheduler's part of it."""
        user = keys.user_key(request.user_id, request.namespace)
        wait_seconds = checks.wait_seconds(request.wait) or WAIT_SECONDS
        self._activity.refuse_draining()
        # Before the wait for the scheduler, at whose end the caller may be gone.
        refused = await asyncio.to_thread(erase_leftovers, self._directory, request.user_id)
        asked = await asyncio.to_thread(self._answering.forget, request.user_id, request.namespace)
        # Before the rows go: a decision that still waits would be written after them.
        self._ranking.flush()
        erased = await self._erasures.erase(user, bounded_seconds(wait_seconds, context))
        return EraseUserResponse(
            complete=erased.complete,
            # Refused rows belong to no namespace: how many there were says something of every one.
            counts=[*erased.counts, *([refused] if access.sees_all() else []), *asked],
            pending="" if erased.complete else ARCHIVE_PENDING if erased.is_archive_pending else PENDING,
        )
