"""The kept revisions of one user, each with what changed in it."""

from __future__ import annotations

from foreword.changes import changes
from foreword.keys import UserKey
from foreword.store.codec import HEADER_BYTES
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import GetProfileResponse, ListRevisionsResponse
from sidecar.profiles import Profiles


def list_revisions(profiles: Profiles, user: UserKey) -> ListRevisionsResponse:
    """Return the revisions, the newest first; none of a user who is unknown, or whose erasure is pending.

    Raises:
        StoreCorruptError: One of them is damaged.
    """
    found = kept_profiles(profiles, user)
    response = ListRevisionsResponse()
    for place in range(len(found) - 1, -1, -1):
        told = changes(found[place - 1], found[place]) if place else ()
        response.revisions.add(profile=found[place], changes=[change.sentence for change in told])
    return response


def kept_profiles(profiles: Profiles, user: UserKey) -> list[Profile]:
    """Return the kept revisions, the oldest first; raises as above."""
    reader = profiles.reader
    if reader is None or user in profiles.hidden:
        return []
    return [GetProfileResponse.FromString(row[HEADER_BYTES:]).profile for _, row in reader.revisions(user)]
