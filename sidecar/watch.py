"""One watch: the profiles that are there, then what changes, in messages of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice

from foreword.keys import ErasureId, UserKey
from foreword.store import ProfileReader, decode_header
from foreword.store.change_reader import Place
from foreword.store.change_responses import change_response, watch_response
from foreword.store.codec import is_in_place
from foreword.store.databases import PROFILES
from foreword.store.v1.store_pb2 import ChangeRow
from foreword.v1.profile_change_pb2 import ChangeKind
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesRequest
from sidecar.errors import ResyncRequiredError
from sidecar.profiles import Profiles
from sidecar.watched import Position, Snapshot, Watched, position_of

# Rows looked at in one go, about a millisecond; in between others are answered.
SLICE_ROWS = 100

_BEGINNING = WatchPhase.WATCH_PHASE_BEGINNING
_SNAPSHOT, _LIVE = WatchPhase.WATCH_PHASE_SNAPSHOT, WatchPhase.WATCH_PHASE_LIVE
_ERASED, _REVALIDATED = ChangeKind.CHANGE_KIND_ERASED, ChangeKind.CHANGE_KIND_REVALIDATED
_PRESENT, _FORGOTTEN = ChangeKind.CHANGE_KIND_PRESENT, ChangeKind.CHANGE_KIND_UNSPECIFIED


class Watch:
    """Reads what its watcher is to be told next. It holds a position and nothing else, however slow the watcher is.

    Args:
        request: Where to begin.
        watched: Whose changes are told.
        profiles: Read at each step anew: the environment may be replaced meanwhile.
        named: Erased users by the ids of their erasures.
        message_bytes_max: Size from which on changes go into a further message.

    Attributes:
        is_behind: Whether there is more to be looked at right now.

    Raises:
        FieldError: The token is none.
        ResyncRequiredError: The place to begin at is not kept.
    """

    def __init__(
        self,
        request: WatchProfilesRequest,
        watched: Watched,
        profiles: Profiles,
        named: Mapping[ErasureId, UserKey],
        *,
        message_bytes_max: Callable[[], int],
    ) -> None:
        self.is_behind = True
        self._watched = watched
        self._profiles = profiles
        self._named = named
        self._message_bytes_max = message_bytes_max
        self._position = self._beginning(request)

    def _beginning(self, request: WatchProfilesRequest) -> Position:
        match request.WhichOneof("start"):
            case "resume_token":
                return position_of(request.resume_token)
            case "after_revision" if request.after_revision:
                reader = self._profiles.reader
                place = None if reader is None else reader.changes.place_after(request.after_revision)
                if place is None:
                    raise _place_unknown()
                return Position(place)
            case "from_now" if request.from_now:
                return Position(self._newest()[0])
        place, revision = self._newest()
        return Position(place, Snapshot(revision, b""))

    def _newest(self) -> tuple[Place, int]:
        reader = self._profiles.reader
        return (Place(0, 0), 0) if reader is None else reader.changes.newest()

    def sign_of_life(self) -> bytes:
        """Return a message without changes."""
        snapshot = self._position.snapshot
        phase = _LIVE if snapshot is None else _SNAPSHOT if snapshot.after else _BEGINNING
        return watch_response(phase, self._position.token)

    def step(self) -> bytes | None:
        """Return the next message; None when what was looked at concerns nobody who is watched.

        Raises:
            ResyncRequiredError: What comes next cannot be told without a gap.
        """
        snapshot = self._position.snapshot
        return self._go_on() if snapshot is None else self._show(self._position.place, snapshot)

    # -- the snapshot -----------------------------------------------------------------------------------------

    def _show(self, place: Place, snapshot: Snapshot) -> bytes | None:
        """Return profiles that are there, in key order."""
        rows = self._rows_beyond(snapshot.after)
        if not rows:
            self._position = Position(place)
            return self.sign_of_life()
        changes: list[bytes] = []
        room, after = self._message_bytes_max(), snapshot.after
        for user, row in rows:
            if room <= 0:
                break
            after = user
            if row is not None and (revision := decode_header(row).revision) <= snapshot.revision:
                changes.append(change_response(_PRESENT, user, revision, row=row))
                room -= len(changes[-1])
        self._position = Position(place, snapshot._replace(after=after))
        return watch_response(_SNAPSHOT, self._position.token, changes) if changes else None

    def _rows_beyond(self, after: bytes) -> list[tuple[UserKey, bytes | None]]:
        """Return the next users with their rows; None for one that is hidden, gone or damaged."""
        if self._watched.users:
            users = list(islice((user for user in self._watched.users if user > after), SLICE_ROWS))
            return list(zip(users, self._profiles.profile_rows(users), strict=True))
        reader = self._profiles.reader
        if reader is None:
            return []
        rows = reader.rows_beyond(after, self._watched.prefix, SLICE_ROWS)
        return [(user, self._seen(user, row)) for user, row in rows]

    def _seen(self, user: UserKey, row: bytes) -> bytes | None:
        if user in self._profiles.hidden:
            return None
        # What is not in place is looked at closely, and noted where it is damaged.
        return row if is_in_place(PROFILES, user, row) else self._profiles.profile_row(user)

    # -- the changes ------------------------------------------------------------------------------------------

    def _go_on(self) -> bytes | None:
        """Return changes behind the position, in order."""
        reader, place = self._profiles.reader, self._position.place
        rows = [] if reader is None else reader.changes.following(place, SLICE_ROWS)
        if rows is None:
            raise _place_unknown()
        changes: list[bytes] = []
        room = self._message_bytes_max()
        for own_place, row in rows:
            if room <= 0:
                break
            place = own_place
            assert reader is not None
            change = self._change(reader, row)
            if change is not None:
                changes.append(change)
                room -= len(change)
        self.is_behind = len(rows) == SLICE_ROWS or room <= 0
        self._position = Position(place)
        return watch_response(_LIVE, self._position.token, changes) if changes else None

    def _change(self, reader: ProfileReader, row: ChangeRow) -> bytes | None:
        if row.kind == _FORGOTTEN:
            return None
        if row.kind == _ERASED:
            return self._erasure(ErasureId(row.erase_id))
        user = UserKey(row.user_key)
        # Whoever is being erased is told of no more; that they were, follows.
        if user not in self._watched or user in self._profiles.hidden:
            return None
        if row.kind != _REVALIDATED:
            profile = reader.revision_row(user, row.revision)
            return change_response(row.kind, user, row.revision, row=profile)
        header = reader.header(user)
        if header is None or header.revision != row.revision:
            # The times are those of a newer revision, which follows.
            return None
        return change_response(row.kind, user, row.revision, header=header)

    def _erasure(self, erase_id: ErasureId) -> bytes | None:
        user = self._named.get(erase_id)
        if user is None:
            raise ResyncRequiredError("somebody was erased since, and their name is gone", cause="erasure")
        return change_response(_ERASED, user, 0) if user in self._watched else None


def _place_unknown() -> ResyncRequiredError:
    return ResyncRequiredError(
        "the store cannot tell what has changed since: it keeps the newest store.changes_max changes, and none of "
        "another store",
        cause="place",
    )
