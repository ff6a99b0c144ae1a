"""What a call that fails is answered with: as if nothing were known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foreword.client.failures import error_reason
from foreword.errors import FieldError, ForewordError
from foreword.v1.activity_service_pb2 import RecordEventsResponse, RefusedEvent
from foreword.v1.core_pb2 import Core
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import GetStatusResponse, RefreshUserResponse, StatusProblem
from foreword.v1.profile_service_pb2 import (
    BatchGetProfilesResponse,
    GetForewordResponse,
    GetProfileResponse,
    RollbackProfileResponse,
)
from foreword.v1.user_data_service_pb2 import EraseUserResponse


def no_foreword(_error: ForewordError) -> GetForewordResponse:
    """Return no text, with the freshness that no sidecar sends. So in every answer below."""
    return GetForewordResponse()


def no_profile(arguments: Mapping[str, Any]) -> GetProfileResponse:
    """Return the default profile of the user that was asked for."""
    # Only a failing call needs it, and with it come the tables by which tokens are counted.
    from foreword.defaults import default_profile

    return GetProfileResponse(
        profile=default_profile(_sendable(arguments["user_id"]), _sendable(arguments["namespace"]))
    )


def no_profiles(user_ids: Sequence[Any], namespace: Any) -> BatchGetProfilesResponse:
    """Return the default profile of each user that was asked for."""
    return BatchGetProfilesResponse(
        results=[no_profile({"user_id": user_id, "namespace": namespace}) for user_id in user_ids]
    )


def not_refreshed(error: ForewordError) -> RefreshUserResponse:
    """Return that no refresh ended, and why."""
    return RefreshUserResponse(error=str(error))


def not_rolled_back(error: ForewordError) -> RollbackProfileResponse:
    """Return that nothing was rolled back, and why."""
    return RollbackProfileResponse(error=str(error))


def no_status(error: ForewordError) -> GetStatusResponse:
    """Return that the sidecar could not be asked, as a problem of the client's."""
    return GetStatusResponse(problems=[StatusProblem(component="client", message=str(error))])


def not_erased(error: ForewordError) -> EraseUserResponse:
    """Return that everything is still to be done, and why."""
    return EraseUserResponse(complete=False, pending=str(error))


def none_recorded(events: Sequence[Event], error: ForewordError) -> RecordEventsResponse:
    """Return that each event of a call was refused, and why."""
    reason = error_reason(error)
    return RecordEventsResponse(
        refused=[
            RefusedEvent(index=index, event_id=event.event_id, message=str(error), reason=reason)
            for index, event in enumerate(events)
        ]
    )


def core_of(written: Core | str, question: Any) -> Core:
    """Return what an application wrote as a core that is stored nowhere; Markdown stays in one piece.

    It is split where it is stored, and a split of the client's own would differ from that one.

    Raises:
        FieldError: It is neither Markdown nor a core.
    """
    if isinstance(written, Core):
        return written
    if not isinstance(written, str):
        raise FieldError(
            "generate", f"a value of the type {type(written).__name__}", "Markdown text, or a Core"
        )
    return Core(question=_sendable(question), lead_standard=_sendable(written))


def plain_text(core: Core) -> str:
    """Return all that a core says in its usual depth, the same for everybody."""
    sections = (
        part
        for section in core.sections
        for part in (section.title, section.standard or section.overview or section.deep)
    )
    parts = (core.lead_standard or core.lead_short, *sections, *(caveat.text for caveat in core.caveats))
    return "\n\n".join(filter(None, parts))


def _sendable(name: Any) -> str:
    """Return a name as a message takes it: a lone surrogate, which made the call fail, must not fail the answer."""
    return str(name).encode("utf-8", "replace").decode()
