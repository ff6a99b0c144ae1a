"""All pages, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from foreword.cli.settings import Settings
from foreword.cli.ui.acting import Actions
from foreword.cli.ui.answers import AnswerPages
from foreword.cli.ui.configuration import Configuration
from foreword.cli.ui.forms import Forms
from foreword.cli.ui.guard import Guard
from foreword.cli.ui.notices import Notices
from foreword.cli.ui.overview import Overview
from foreword.cli.ui.rankings import Rankings
from foreword.cli.ui.rendering import MARK_FILE, STYLE_FILE, Renderer, static_file
from foreword.cli.ui.sidecar import LatestStatus, Sidecar
from foreword.cli.ui.simulator import Simulator
from foreword.cli.ui.store import Store
from foreword.cli.ui.user import UserPages
from foreword.cli.ui.users import Users
from foreword.clock import Clock, SystemClock
from foreword.errors import FieldError, ForewordError, ServiceError
from foreword.server_token import ServerToken

_TYPES = {STYLE_FILE: "text/css; charset=utf-8", MARK_FILE: "image/svg+xml"}
# Their addresses change with what they hold.
_KEPT_SECONDS = 31_536_000
# A sidecar that hung may go on with what it was asked.
_MAY_BE_DONE = "it may be done all the same, once the sidecar goes on; look before you press again"
_NOT_FOUND_REASONS = ("DECISION_UNKNOWN",)


def make_application(
    settings: Settings, *, hosts: Iterable[str], token: ServerToken | None = None, clock: Clock | None = None
) -> ASGIApp:
    """Return the application.

    Args:
        settings: Says where sidecar, store and configuration are.
        hosts: The names with ports under which it may be asked for.
        token: What a caller must know; None where nothing is asked.
        clock: Tells the time; the system's by default.
    """
    time = clock or SystemClock()
    sidecar, store, forms = Sidecar(settings), Store(settings, time), Forms()
    latest = LatestStatus(sidecar, time)
    render = Renderer(latest, forms, Notices(), time, target=settings.sidecar_address)
    pages = (
        Overview(sidecar, render),
        Users(sidecar, render),
        UserPages(sidecar, store, render),
        Actions(sidecar, render, forms),
        AnswerPages(sidecar, render),
        Rankings(sidecar, render),
        Configuration(settings, render),
        Simulator(settings, store, render, forms),
    )

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        # Counted by the time that somebody looks.
        latest.begin()
        yield
        latest.close()
        sidecar.close()

    faults = _Faults(render)
    application = Starlette(
        routes=[*(route for page in pages for route in page.routes()), Route("/static/{name}", _static)],
        exception_handlers={
            HTTPException: faults.of_http,
            ForewordError: faults.of_ours,
            Exception: faults.of_program,
        },
        lifespan=lifespan,
    )
    # Around all of it: as a middleware it would stand within the one that answers for what failed.
    return Guard(application, hosts=hosts, token=token)


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _TYPES:
        raise HTTPException(404)
    headers = {"cache-control": f"public, max-age={_KEPT_SECONDS}, immutable"}
    return Response(static_file(name), media_type=_TYPES[name], headers=headers)


class _Faults:
    """Says what went wrong on a page like the others."""

    def __init__(self, render: Renderer) -> None:
        self._render = render

    def of_http(self, request: Request, exc: Exception) -> Response:
        """Say that there is no such page, or that a form was not taken."""
        assert isinstance(exc, HTTPException)
        titles = {404: "No such page", 405: "Not done this way"}
        texts = {
            404: "There is nothing at this address.",
            405: "This address takes a form that one of the pages sends.",
        }
        text = texts.get(exc.status_code, exc.detail)
        response = self._page(request, exc.status_code, titles.get(exc.status_code, "Not taken"), text)
        response.headers.update(exc.headers or {})
        return response

    def of_ours(self, request: Request, exc: Exception) -> Response:
        """Say which field was wrong, what the sidecar refused, or that it does not answer."""
        assert isinstance(exc, ForewordError)
        is_open = isinstance(exc, ServiceError) and not exc.from_sidecar and exc.reason == "DEADLINE_EXCEEDED"
        hint = _MAY_BE_DONE if is_open and request.method == "POST" else exc.hint
        return self._page(request, _status_code(exc), _title(exc), exc.message, hint)

    def of_program(self, request: Request, _exc: Exception) -> Response:
        """Say that it is our fault; what it was, the server says in the log."""
        return self._page(request, 500, "This page failed", "The reason is in the log of foreword ui.")

    def _page(self, request: Request, code: int, title: str, text: str, hint: str = "") -> Response:
        return self._render.page(request, "fault", status_code=code, title=title, text=text, hint=hint)


def _status_code(exc: ForewordError) -> int:
    if isinstance(exc, FieldError):
        return 400
    if not isinstance(exc, ServiceError):
        return 500
    if exc.reason == "FIELD_INVALID":
        return 400
    if exc.reason in _NOT_FOUND_REASONS:
        return 404
    return 502 if exc.from_sidecar else 503


def _title(exc: ForewordError) -> str:
    code = _status_code(exc)
    titles = {
        400: "That cannot be",
        404: "Not known",
        502: "The sidecar refused",
        503: "The sidecar does not answer",
    }
    return titles.get(code, "That did not work")
