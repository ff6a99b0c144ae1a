"""One user: what is known, on what it rests, how it came about, and when it is looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.changes import Change, changes
from foreword.cli.connection import written_by
from foreword.cli.explain import ABSENCES
from foreword.cli.ui.naming import Named, named
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import Sidecar, attempt
from foreword.cli.ui.store import Store
from foreword.cli.ui.words import enum_text
from foreword.errors import FieldError, ForewordError, ServiceError
from foreword.naming import quoted
from foreword.v1.event_pb2 import Event
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.operator_service_pb2 import ExplainBeliefResponse, ExplainedBelief, UserStatus
from foreword.v1.profile_pb2 import BeliefKind, BeliefSource, Profile
from foreword.v1.profile_service_pb2 import ListRevisionsResponse
from foreword.v1.refresh_pb2 import RefreshOutcome

# As many as one looks through; the command line has them all.
_EVENTS_SHOWN = 30
_DECISIONS_SHOWN = 10
_BELIEFS_SHOWN = 60
# Records of an export that are passed on the way to the newest events, where no store is here to read them from.
_EXPORTED_MAX = 5000
_REVISION_DIGITS_MAX = 18


class Revision(NamedTuple):
    """A revision in the timeline."""

    revision: int
    computed_at: Timestamp
    by: str
    changes: list[Change]
    is_oldest: bool


class Belief(NamedTuple):
    """Something believed, with the words for what it is."""

    row: ExplainedBelief
    kind: str
    source: str
    absences: list[str]


class UserPages:
    """The pages of one user.

    Args:
        sidecar: Where they are asked for.
        store: What no call gives is read there.
        render: Makes pages.
    """

    def __init__(self, sidecar: Sidecar, store: Store, render: Renderer) -> None:
        self._sidecar = sidecar
        self._store = store
        self._render = render

    def routes(self) -> list[Route]:
        """Return where they are."""
        return [Route("/user", self.show), Route("/user/diff", self.diff)]

    # -- the user ---------------------------------------------------------------------------------------------

    def show(self, request: Request) -> Response:
        """Return the page of a user."""
        user, errors = named(request), list[ForewordError]()
        # Not read as an application reads: that counts as one more read, and has dormant users refreshed.
        revisions = attempt(lambda: self._revisions(user), errors)
        is_answered = not any(map(_is_of_reach, errors))
        standing = attempt(lambda: self._standing(user), errors) if is_answered else None
        beliefs = attempt(lambda: self._explained(user), errors) if is_answered else None
        profile, freshness = Profile(), Freshness.FRESHNESS_DEFAULT
        if revisions is not None and revisions.revisions:
            profile = revisions.revisions[0].profile
        if standing is not None:
            freshness = standing.freshness
        kept = None if is_answered else attempt(lambda: self._store.profile(user.user_id, user.namespace), [])
        if kept is not None:
            profile, freshness = kept.profile, kept.freshness
        return self._render.page(
            request,
            "user",
            user=user,
            is_answered=is_answered,
            is_known=is_answered or kept is not None,
            freshness=enum_text(Freshness.Name(freshness), "FRESHNESS_"),
            profile=profile,
            by=written_by(profile) if profile.revision else "",
            standing=standing or self._unscheduled(user),
            is_failing=standing is not None and standing.outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED,
            revisions=list(_timeline(revisions)) if revisions is not None else [],
            damaged=list(revisions.damaged_revisions) if revisions is not None else [],
            beliefs=[_belief(row) for row in beliefs.beliefs[:_BELIEFS_SHOWN]] if beliefs is not None else [],
            more_beliefs=max(0, len(beliefs.beliefs) - _BELIEFS_SHOWN) if beliefs is not None else 0,
            **self._from_store(user, errors),
            errors=_once(errors),
        )

    def _standing(self, user: Named) -> UserStatus | None:
        """Return the state of the user's refreshes; None before the first one is due."""
        # Of all ids that begin so the shortest comes first, which is the user's own.
        page = self._sidecar.client().list_users(
            user_id_prefix=user.user_id, namespace=user.namespace, page_size=1
        )
        return next((one for one in page.users if one.user_id == user.user_id), None)

    def _unscheduled(self, user: Named) -> UserStatus:
        """Return what is known of a user's refreshes before the first is due: whether they are paused."""
        status = UserStatus(user_id=user.user_id, namespace=user.namespace)
        since_ms = attempt(lambda: self._store.paused_ms(user.key), []) if self._store.is_here else 0
        if since_ms:
            status.paused_since.FromMilliseconds(since_ms)
        return status

    def _revisions(self, user: Named) -> ListRevisionsResponse:
        return self._sidecar.client().list_revisions(user.user_id, namespace=user.namespace)

    def _explained(self, user: Named) -> ExplainBeliefResponse:
        return self._sidecar.client().explain(user.user_id, namespace=user.namespace)

    def _from_store(self, user: Named, errors: list[ForewordError]) -> dict[str, Any]:
        """Return what is read from the files, or what takes its place where they are elsewhere."""
        if not self._store.is_here:
            events = attempt(lambda: self._exported_events(user), errors) or []
            return {"reasons": [], "why_not": None, "events": events, "decisions": []}
        why_not: list[ForewordError] = []
        reasons = attempt(lambda: self._store.why_due(user.key), why_not) or []
        events = attempt(lambda: self._store.newest_events(user.key, _EVENTS_SHOWN), errors) or []
        decisions = attempt(lambda: self._store.newest_decisions(user.key, _DECISIONS_SHOWN), errors) or []
        return {
            "reasons": reasons,
            "why_not": why_not[0] if why_not else None,
            "events": events,
            "decisions": decisions,
        }

    def _exported_events(self, user: Named) -> list[Event]:
        """Return the newest events of those that an export tells first: by time, the oldest first."""
        found: list[Event] = []
        for count, record in enumerate(self._sidecar.client().export(user.user_id, namespace=user.namespace)):
            if record.WhichOneof("record") == "event":
                found.append(record.event)
            if count >= _EXPORTED_MAX or (found and record.WhichOneof("record") != "event"):
                break
        return found[: -_EVENTS_SHOWN - 1 : -1]

    # -- two revisions ----------------------------------------------------------------------------------------

    def diff(self, request: Request) -> Response:
        """Return what changed from one revision to another."""
        user = named(request)
        found = self._revisions(user)
        kept = {entry.profile.revision: entry.profile for entry in found.revisions}
        before, after = (
            _kept_revision(request.query_params.get(field, ""), field, kept) for field in ("before", "after")
        )
        return self._render.page(
            request,
            "diff",
            user=user,
            before=before,
            after=after,
            kept=sorted(kept.values(), key=lambda profile: -profile.revision),
            changes=list(changes(before, after)),
        )


def read_revision(text: str, field: str) -> int:
    """Return the number of a revision.

    Raises:
        FieldError: It is none.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > _REVISION_DIGITS_MAX or not int(text):
        raise FieldError(field, quoted(text), "the number of a revision, 1 or more")
    return int(text)


def _kept_revision(text: str, field: str, kept: dict[int, Profile]) -> Profile:
    revision = read_revision(text, field)
    if revision not in kept:
        allowed = ", ".join(map(str, sorted(kept))) or "none: nothing is known of the user"
        raise FieldError(field, str(revision), f"one that is kept: {allowed}")
    return kept[revision]


def _timeline(found: ListRevisionsResponse) -> Iterator[Revision]:
    """Yield the revisions, the newest first, each with what changed against the one before it."""
    entries = list(found.revisions)
    for place, entry in enumerate(entries):
        is_oldest = place == len(entries) - 1
        former = None if is_oldest else entries[place + 1].profile
        yield Revision(
            entry.profile.revision,
            entry.profile.computed_at,
            written_by(entry.profile).partition(", ")[2],
            [] if former is None else list(changes(former, entry.profile)),
            is_oldest,
        )


def _belief(row: ExplainedBelief) -> Belief:
    return Belief(
        row,
        enum_text(BeliefKind.Name(row.kind), "BELIEF_KIND_"),
        enum_text(BeliefSource.Name(row.source), "BELIEF_SOURCE_"),
        [ABSENCES[item.absence] for item in row.evidence],
    )


def _is_of_reach(error: ForewordError) -> bool:
    """Return whether nobody answered, rather than somebody refused."""
    return isinstance(error, ServiceError) and not error.from_sidecar


def _once(errors: Iterable[ForewordError]) -> list[ForewordError]:
    """Return errors without those that say again that nobody answers."""
    found: dict[str, ForewordError] = {}
    for error in errors:
        found.setdefault("out of reach" if _is_of_reach(error) else str(error), error)
    return list(found.values())
