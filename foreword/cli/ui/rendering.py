"""Putting values into pages."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from foreword import __version__
from foreword.cli.output import bytes_text, usd_text
from foreword.cli.status import segment_text
from foreword.cli.ui import words
from foreword.cli.ui.forms import TOKEN_FIELD, Forms
from foreword.cli.ui.notices import Notice, Notices
from foreword.cli.ui.sidecar import LatestStatus, Seen
from foreword.clock import Clock
from foreword.v1.freshness_pb2 import Freshness

NAVIGATION = (
    ("/", "Overview"),
    ("/users", "Users"),
    ("/cores", "Answers"),
    ("/ranking", "Rankings"),
    ("/simulator", "Simulator"),
    ("/configuration", "Configuration"),
)
STYLE_FILE, MARK_FILE = "page.css", "mark.svg"
# A replayed store lives in another time; two clocks of one machine differ by less.
_SAME_TIME_MS = 5000


class Renderer:
    """Makes pages from templates; every value in them is escaped.

    Args:
        latest: The newest status, which stands at the head of every page.
        forms: Marks forms.
        notices: What came of what was done.
        clock: Tells the time.
        target: The sidecar, for people.
    """

    def __init__(
        self, latest: LatestStatus, forms: Forms, notices: Notices, clock: Clock, *, target: str
    ) -> None:
        self._latest = latest
        self._forms = forms
        self._notices = notices
        self._clock = clock
        self._target = target
        self._environment = Environment(
            loader=PackageLoader("foreword.cli.ui"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            shown=words.shown,
            sentence=words.sentence,
            lines=words.lines,
            cut=words.cut,
            web_address=words.web_address,
            moment=words.moment_text,
            iso=words.moment_iso,
            span=words.span_text,
            duration=words.duration_text,
            percent=words.percent_text,
            usd=usd_text,
            bytes=bytes_text,
            freshness=lambda number: words.enum_text(Freshness.Name(number), "FRESHNESS_"),
        )
        self._environment.globals.update(
            link=words.link,
            segment_text=segment_text,
            form_token=forms.token,
            token_field=TOKEN_FIELD,
            navigation=NAVIGATION,
            version=__version__,
            style_address=f"/static/{STYLE_FILE}?v={_digest(STYLE_FILE)}",
            mark_address=f"/static/{MARK_FILE}?v={_digest(MARK_FILE)}",
        )

    def page(self, request: Request, template: str, *, status_code: int = 200, **values: Any) -> Response:
        """Return a page.

        Args:
            request: What it answers.
            template: Its template's name without the ending.
            status_code: The status of HTTP.
            values: What the template says.
        """
        seen = values.pop("seen", None) or self.newest()
        now_ms = self.now_ms(seen)
        text = self._environment.get_template(f"{template}.html").render(
            path=request.url.path,
            seen=seen,
            target=self._target,
            notice=self._notices.take(request.query_params.get("notice", "")),
            now_ms=now_ms,
            since=lambda moment: words.since_text(moment, now_ms),
            **values,
        )
        return HTMLResponse(text, status_code)

    def redirect(self, path: str, notice: Notice, **query: object) -> Response:
        """Return the way to the page that shows what came of it; loading that again does nothing twice."""
        return RedirectResponse(words.link(path, **query, notice=self._notices.keep(notice)), 303)

    def newest(self) -> Seen:
        """Return the newest status as it is."""
        return self._latest.current()

    def latest(self) -> Seen:
        """Return the newest status, for a page that goes by it."""
        return self._latest.current(waits=True)

    def now_ms(self, seen: Seen) -> int:
        """Return the time that the sidecar goes by, in ms since 1970."""
        now_ms = self._clock.now_ms()
        if seen.status is None:
            return now_ms
        ahead_ms = words.moment_ms(seen.status.now) - seen.seen_ms
        return now_ms + (ahead_ms if abs(ahead_ms) > _SAME_TIME_MS else 0)


@cache
def static_file(name: str) -> bytes:
    """Return a file that pages load."""
    return resources.files("foreword.cli.ui").joinpath("static", name).read_bytes()


def _digest(name: str) -> str:
    return hashlib.sha256(static_file(name)).hexdigest()[:12]
