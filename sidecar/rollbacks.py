"""Asking for a return to an earlier revision, and waiting until the scheduler has written it."""

from __future__ import annotations

from itertools import islice

from foreword import keys
from foreword.clock import Clock
from foreword.errors import FieldError, StoreError
from foreword.keys import UserKey
from foreword.v1.profile_pb2 import Rollback
from foreword.v1.profile_service_pb2 import RollbackProfileRequest, RollbackProfileResponse
from foreword.v1.refresh_pb2 import RefreshReason
from sidecar import checks
from sidecar.activity import Activity
from sidecar.profiles import Profiles
from sidecar.refresh_wait import bounded_seconds, look_until
from sidecar.rpc import Context

# Newest attempts looked through for why a rollback failed: what a busy scheduler writes in seconds.
_ATTEMPTS_MAX = 10_000


async def rollback_profile(
    request: RollbackProfileRequest,
    context: Context,
    *,
    profiles: Profiles,
    activity: Activity,
    clock: Clock,
) -> RollbackProfileResponse:
    """Record the request and, when asked to, wait until the new revision is served.

    Raises:
        FieldError: The revision is not kept, damaged, or in force already.
        StoreError: It could not be recorded.
    """
    user = keys.user_key(request.user_id, request.namespace)
    wait_seconds = checks.wait_seconds(request.wait)
    activity.refuse_draining()
    _check_revision(profiles, user, request.revision)
    now_ms = clock.now_ms()
    await activity.write(
        lambda txn: txn.request(user, rollback_ms=now_ms, rollback_revision=request.revision)
    )
    response = RollbackProfileResponse()
    response.requested_at.FromMilliseconds(now_ms)
    await look_until(
        lambda: _has_ended(response, profiles, activity, user, request.revision),
        bounded_seconds(wait_seconds, context),
        activity,
    )
    return response


def _check_revision(profiles: Profiles, user: UserKey, revision: int) -> None:
    reader = profiles.reader
    is_known = reader is not None and user not in profiles.hidden
    header = reader.header(user) if reader is not None and is_known else None
    kept = reader.revision_numbers(user) if reader is not None and is_known else []
    in_force = header.revision if header is not None else 0
    earlier = ", ".join(str(number) for number in kept if number != in_force)
    allowed = f"{earlier or 'none: no other revision is kept'}; {in_force} is in force"
    if not in_force:
        raise FieldError("revision", str(revision), "none: nothing is known of the user")
    if revision not in kept or revision == in_force:
        raise FieldError("revision", str(revision), allowed)
    if reader is None or reader.kept_profile(user, revision) is None:
        raise FieldError("revision", f"{revision}, whose row is damaged", allowed)


def _has_ended(
    response: RollbackProfileResponse,
    profiles: Profiles,
    activity: Activity,
    user: UserKey,
    revision: int,
) -> bool:
    """Return whether the rollback was carried out or failed, and put what is in force into the response."""
    try:
        is_taken = _is_taken(activity, user)
        served = profiles.reader.profile(user) if profiles.reader is not None else None
    except StoreError:
        # The request is on disk; that its end cannot be seen does not undo it.
        return False
    if served is None:
        return False
    response.revision = served.profile.revision
    done: Rollback = served.profile.rollback
    if (done.requested_at, done.revision) == (response.requested_at, revision):
        response.completed = True
    elif is_taken:
        response.error = _why_not(profiles, user, response.requested_at.ToMilliseconds())
    return response.completed or bool(response.error)


def _is_taken(activity: Activity, user: UserKey) -> bool:
    """Return whether the scheduler has taken all that was asked of the user. Read before the profile is."""
    known = activity.user(user)
    return known is not None and known.trigger_seq <= activity.taken_trigger()


def _why_not(profiles: Profiles, user: UserKey, requested_ms: int) -> str:
    attempts = profiles.reader.every_attempt() if profiles.reader is not None else iter(())
    for entry in islice(attempts, _ATTEMPTS_MAX):
        is_rollback = entry.reason == RefreshReason.REFRESH_REASON_ROLLBACK
        if is_rollback and entry.user_key == user and entry.triggered_ms == requested_ms and entry.error:
            return entry.error
    return "a later rollback of the user took its place"
