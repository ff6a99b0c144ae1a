"""What an operator may do: refresh, roll back, pause, resume and erase one user; pause and resume many."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.cli.refresh import why_not
from foreword.cli.ui.forms import Fields, Forms
from foreword.cli.ui.naming import Named, named
from foreword.cli.ui.notices import Notice
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import Sidecar
from foreword.cli.ui.user import read_revision
from foreword.cli.ui.words import shown
from foreword.errors import FieldError, ServiceError
from foreword.naming import quoted
from foreword.v1.operator_service_pb2 import GetStatusResponse, RefreshUserResponse
from foreword.v1.profile_service_pb2 import RollbackProfileResponse
from foreword.v1.refresh_pb2 import RefreshOutcome

# A refresh by code takes milliseconds; whoever waits longer is told to look again.
_WAIT_SECONDS = 8.0
# No name of a segment.
_ALL = ""


class Actions:
    """The forms behind the buttons, and the questions before those that cannot be taken back.

    Args:
        sidecar: Who does it.
        render: Makes pages.
        forms: Reads forms.
    """

    def __init__(self, sidecar: Sidecar, render: Renderer, forms: Forms) -> None:
        self._sidecar = sidecar
        self._render = render
        self._forms = forms

    def routes(self) -> list[Route]:
        """Return where they are."""
        handler = self._forms.handler
        return [
            Route("/user/refresh", handler(self.refresh), methods=["POST"]),
            Route("/user/rollback", self.ask_rollback, methods=["GET"]),
            Route("/user/rollback", handler(self.roll_back), methods=["POST"]),
            Route("/user/pause", handler(self.pause_user), methods=["POST"]),
            Route("/user/resume", handler(self.resume_user), methods=["POST"]),
            Route("/user/erase", self.ask_erase, methods=["GET"]),
            Route("/user/erase", handler(self.erase), methods=["POST"]),
            Route("/pause", self.ask_pause, methods=["GET"]),
            Route("/pause", handler(self.pause), methods=["POST"]),
            Route("/resume", handler(self.resume), methods=["POST"]),
        ]

    # -- refresh ----------------------------------------------------------------------------------------------

    def refresh(self, request: Request, fields: Fields) -> Response:
        """Have a user's profile computed now."""
        user, is_full = named(request), fields.get("full") == "1"
        client = self._sidecar.client()
        done = client.refresh(user.user_id, _WAIT_SECONDS, full=is_full, namespace=user.namespace)
        notice = _refreshed(done) if done.completed else Notice(f"Asked for; {why_not(client)}", is_good=True)
        return self._render.redirect("/user", notice, **user.query)

    # -- roll back --------------------------------------------------------------------------------------------

    def ask_rollback(self, request: Request) -> Response:
        """Return the question whether to return to an earlier revision."""
        user, revision = named(request), read_revision(request.query_params.get("revision", ""), "revision")
        kept = self._kept(user)
        _check_kept(revision, kept)
        return self._render.page(request, "rollback", user=user, revision=revision, in_force=max(kept))

    def roll_back(self, request: Request, fields: Fields) -> Response:
        """Return a user to an earlier revision, unless somebody else changed what is in force meanwhile."""
        user, revision = named(request), read_revision(request.query_params.get("revision", ""), "revision")
        kept = self._kept(user)
        _check_kept(revision, kept)
        if max(kept) != read_revision(fields.get("in_force", ""), "in_force"):
            text = f"Nothing was done: revision {max(kept):,} came meanwhile. Look at it, and choose again."
            return self._render.redirect("/user", Notice(text, is_good=False), **user.query)
        done = self._sidecar.client().rollback(
            user.user_id, revision, _WAIT_SECONDS, namespace=user.namespace
        )
        return self._render.redirect("/user", _rolled_back(done, revision), **user.query)

    def _kept(self, user: Named) -> list[int]:
        found = self._sidecar.client().list_revisions(user.user_id, namespace=user.namespace)
        return [entry.profile.revision for entry in found.revisions]

    # -- erase ------------------------------------------------------------------------------------------------

    def ask_erase(self, request: Request) -> Response:
        """Return the question whether to erase a user."""
        return self._render.page(request, "erase", user=named(request), problem="")

    def erase(self, request: Request, fields: Fields) -> Response:
        """Remove everything kept of a user, when the operator said so by the user's name."""
        user = named(request)
        # As it is shown: what cannot be seen, nobody can type.
        if fields.get("name", "").strip() != shown(user.user_id).strip():
            found = quoted(fields.get("name", ""))
            problem = f"Nothing was erased: found {found}; allowed: the user's id as it stands above."
            return self._render.page(request, "erase", status_code=400, user=user, problem=problem)
        done = self._sidecar.client().erase(user.user_id, _WAIT_SECONDS, namespace=user.namespace)
        count = sum(one.rows for one in done.counts)
        if done.complete:
            text = f"Erased: {count:,} rows of {shown(user.user_id)}; nothing is left of them in any row."
        else:
            who = shown(user.user_id)
            text = f"The erasure of {who} is on disk, and they are served as unknown; to be done: {done.pending}."
        return self._render.redirect("/user", Notice(text, is_good=done.complete), **user.query)

    # -- pause one --------------------------------------------------------------------------------------------

    def pause_user(self, request: Request, _fields: Fields) -> Response:
        """Stop refreshing one user; nothing is asked before, for it is taken back by the same button."""
        user = named(request)
        self._sidecar.client().pause_user(user.user_id, namespace=user.namespace)
        text = f"Paused: what comes due for {shown(user.user_id)} waits until you resume them."
        return self._render.redirect("/user", Notice(text, is_good=True), **user.query)

    def resume_user(self, request: Request, _fields: Fields) -> Response:
        """Go on with one user; one whom somebody else resumed meanwhile is as good."""
        user = named(request)
        text = f"Resumed: what waited for {shown(user.user_id)} goes on."
        try:
            self._sidecar.client().resume_user(user.user_id, namespace=user.namespace)
        except ServiceError as exc:
            if exc.reason != "FIELD_INVALID":
                raise
            text = f"{shown(user.user_id)} is not paused by name; somebody may have resumed them already."
        return self._render.redirect("/user", Notice(text, is_good=True), **user.query)

    # -- pause many ------------------------------------------------------------------------------------------------

    def ask_pause(self, request: Request) -> Response:
        """Return the question whether to pause a segment, or all."""
        name = request.query_params.get("segment", _ALL)
        # As it was counted last: whoever has something to stop does not wait until a large store is counted anew.
        seen = self._render.latest()
        count = None if seen.status is None else _user_count(seen.status, name)
        return self._render.page(request, "pause", seen=seen, segment=name, is_all=name == _ALL, count=count)

    def pause(self, request: Request, _fields: Fields) -> Response:
        """Stop refreshing a segment, or all."""
        name = request.query_params.get("segment", _ALL)
        self._sidecar.client().pause_refreshes(() if name == _ALL else [name])
        return self._render.redirect("/", Notice(f"Paused: {_whose(name)}.", is_good=True))

    def resume(self, request: Request, _fields: Fields) -> Response:
        """Go on with a segment, or all; one that somebody else resumed meanwhile is as good."""
        name = request.query_params.get("segment", _ALL)
        try:
            self._sidecar.client().resume_refreshes(() if name == _ALL else [name])
        except ServiceError as exc:
            if exc.reason != "FIELD_INVALID":
                raise
            text = f"No pause of {_whose(name)} is in force; somebody may have resumed it already."
            return self._render.redirect("/", Notice(text, is_good=True))
        return self._render.redirect("/", Notice(f"Resumed: {_whose(name)}.", is_good=True))


def _user_count(status: GetStatusResponse, name: str) -> int:
    """Return how many users are in a segment, or in all.

    Raises:
        FieldError: Nobody is in such a segment.
    """
    segments = {one.segment_name: one for one in status.segments}
    if name not in (_ALL, *segments):
        raise FieldError(
            "segment", quoted(name), ", ".join(filter(None, segments)) or "none; no user is in any"
        )
    chosen = segments.values() if name == _ALL else [segments[name]]
    return sum(one.fresh_count + one.stale_count + one.expired_count + one.default_count for one in chosen)


def _check_kept(revision: int, kept: list[int]) -> None:
    if revision not in kept:
        allowed = ", ".join(map(str, sorted(kept))) or "none: nothing is known of the user"
        raise FieldError("revision", str(revision), f"one that is kept: {allowed}")


def _refreshed(done: RefreshUserResponse) -> Notice:
    if done.outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED:
        kept = f"Revision {done.revision:,} stays in force" if done.revision else "Nothing is in force"
        return Notice(
            f"The refresh failed: {shown(done.error)}. {kept}; it is tried again later.", is_good=False
        )
    if not done.revision:
        return Notice("Nothing is known of this user: no event was recorded yet.", is_good=True)
    said = {
        RefreshOutcome.REFRESH_OUTCOME_WRITTEN: f"Written: revision {done.revision:,}.",
        RefreshOutcome.REFRESH_OUTCOME_DEFAULT: "Too few events yet: the default profile is in force.",
    }
    unchanged = f"Nothing new: revision {done.revision:,} stays in force and counts as fresh."
    return Notice(said.get(done.outcome, unchanged), is_good=True)


def _rolled_back(done: RollbackProfileResponse, revision: int) -> Notice:
    if done.error:
        return Notice(f"The rollback failed: {shown(done.error)}.", is_good=False)
    if not done.completed:
        return Notice("The rollback is asked for, and has not ended; look again in a moment.", is_good=True)
    return Notice(f"Written: revision {done.revision:,} knows what revision {revision:,} did.", is_good=True)


def _whose(name: str) -> str:
    return (
        "the refreshes of all users" if name == _ALL else f"the refreshes of {shown(name.replace('_', '-'))}"
    )
