"""The kept revisions of one user, each with what changed in it."""

from __future__ import annotations

from foreword.changes import changes
from foreword.keys import UserKey
from foreword.v1.profile_service_pb2 import ListRevisionsResponse
from sidecar.profiles import Profiles


def list_revisions(profiles: Profiles, user: UserKey) -> ListRevisionsResponse:
    """Return the revisions, the newest first; none of a user who is unknown, or whose erasure is pending.

    One that is damaged is named: it hides neither the others nor itself.
    """
    reader = profiles.reader
    kept = reader.kept_profiles(user) if reader is not None and user not in profiles.hidden else []
    sound = [profile for _, profile in kept if profile is not None]
    response = ListRevisionsResponse(
        damaged_revisions=[revision for revision, profile in reversed(kept) if profile is None]
    )
    for place in range(len(sound) - 1, -1, -1):
        told = changes(sound[place - 1], sound[place]) if place else ()
        response.revisions.add(profile=sound[place], changes=[change.sentence for change in told])
    return response
