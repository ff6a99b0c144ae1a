"""The configuration in force, each value with where it comes from."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.cli.config import DEFAULT, paths
from foreword.cli.settings import Settings
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import attempt
from foreword.cli.ui.users import checked
from foreword.errors import ForewordError

# A page is looked at over shoulders, and such addresses often have a key in them; the file itself has them.
_SECRET = re.compile(r"(url|secret|password|token|api_key)$")
HIDDEN = "set, and not shown on a page"


class Setting(NamedTuple):
    """One value."""

    key: str
    """Within its section."""
    value: str
    """As TOML has it; empty where it is not set."""
    origin: str


class Configuration:
    """The page of the configuration.

    Args:
        settings: Says where it is read from, as the daemons read it.
        render: Makes pages.
    """

    def __init__(self, settings: Settings, render: Renderer) -> None:
        self._settings = settings
        self._render = render

    def routes(self) -> list[Route]:
        """Return where it is."""
        return [Route("/configuration", self.show)]

    def show(self, request: Request) -> Response:
        """Return the page."""
        is_changed_only = checked(request.query_params, "changed")
        errors: list[ForewordError] = []
        sections = attempt(lambda: self._sections(is_changed_only=is_changed_only), errors)
        source = self._settings.config_source
        return self._render.page(
            request,
            "configuration",
            sections=sections or [],
            is_changed_only=is_changed_only,
            file=str(source) if source.signature() else "",
            errors=errors,
        )

    def _sections(self, *, is_changed_only: bool) -> list[tuple[str, list[Setting]]]:
        source = self._settings.config_source
        values = source.read().model_dump(mode="json")
        origin = source.origins()
        settings = [
            (path[0], Setting(".".join(path[1:]), _text(path[-1], _at(values, path)), origin(path)))
            for path in paths(values)
        ]
        return [
            (section, kept)
            for section, rows in groupby(settings, key=lambda row: row[0])
            if (kept := [row for _, row in rows if row.origin != DEFAULT or not is_changed_only])
        ]


def _at(values: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        values = values[name]
    return values


def _text(key: str, value: Any) -> str:
    if isinstance(value, str) and value and _SECRET.search(key):
        return HIDDEN
    return "" if value is None else json.dumps(value, ensure_ascii=False)
