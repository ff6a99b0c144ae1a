"""Whose changes a watch is about, and where it begins."""

from __future__ import annotations

import struct
from typing import NamedTuple

from foreword import keys
from foreword.errors import FieldError
from foreword.keys import UserKey
from foreword.store.change_reader import Place
from foreword.v1.profile_service_pb2 import WatchProfilesRequest
from sidecar import checks

_PLACE = struct.Struct(">QQ")
_SNAPSHOT = struct.Struct(">QQQ")


class Watched(NamedTuple):
    """Whose changes a watch is about."""

    prefix: bytes
    """What the keys of all of them begin with."""
    users: tuple[UserKey, ...]
    """Only these, in key order; empty: all with the prefix."""

    def __contains__(self, user: object) -> bool:
        """Return whether a user is among them."""
        assert isinstance(user, bytes)
        return user in self.users if self.users else user.startswith(self.prefix)


class Snapshot(NamedTuple):
    """How far the profiles that were there at the beginning have been told of."""

    revision: int
    """The highest of then; what is newer comes as a change."""
    after: bytes
    """The last user key looked at."""


class Position(NamedTuple):
    """How far a watch is."""

    place: Place
    """Changes behind it are still to be told."""
    snapshot: Snapshot | None = None
    """None once it is over."""

    @property
    def token(self) -> bytes:
        """The position as a caller keeps it."""
        if self.snapshot is None:
            return self.place.token
        return _SNAPSHOT.pack(*self.place, self.snapshot.revision) + self.snapshot.after


def watched(request: WatchProfilesRequest) -> Watched:
    """Return whose changes a request asks for.

    Raises:
        FieldError: A name is malformed, or names come with `all_namespaces`.
    """
    if request.all_namespaces:
        if request.user_ids or request.namespace:
            raise FieldError("all_namespaces", "true beside user_ids or namespace", "true alone")
        return Watched(b"", ())
    if request.user_ids:
        checks.check_count("user_ids", len(request.user_ids))
    users = {_user(place, user_id, request.namespace) for place, user_id in enumerate(request.user_ids)}
    return Watched(keys.namespace_prefix(request.namespace), tuple(sorted(users)))


def position_of(token: bytes) -> Position:
    """Return the position that a token holds.

    Raises:
        FieldError: It is no token.
    """
    if len(token) == _PLACE.size:
        return Position(Place(*_PLACE.unpack(token)))
    if not _SNAPSHOT.size <= len(token) <= _SNAPSHOT.size + keys.KEY_BYTES_MAX:
        raise FieldError(
            "resume_token", f"{len(token)} bytes", "a token of an earlier watch, as it was received"
        )
    number, term, revision = _SNAPSHOT.unpack_from(token)
    return Position(Place(number, term), Snapshot(revision, token[_SNAPSHOT.size :]))


def _user(place: int, user_id: str, namespace: str) -> UserKey:
    try:
        return keys.user_key(user_id, namespace)
    except FieldError as exc:
        field = f"user_ids[{place}]" if exc.field == "user_id" else exc.field
        raise FieldError(field, exc.found, exc.allowed) from exc
