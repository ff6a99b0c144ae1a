"""What another cadence would have cost and bought, asked in a form and drawn as a curve."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.cli.settings import Settings
from foreword.cli.ui.charts import HEIGHT, WIDTH, curve
from foreword.cli.ui.forms import Fields, Forms
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.store import Store
from foreword.errors import FieldError, ForewordError
from foreword.naming import quoted

# Some 20 events of each are replayed in a second for every value; whoever wants all uses the command line.
USERS_MAX = 5000
_USERS_DEFAULT = 500
_VALUES_MAX = 12
_FIELD_CHARACTERS_MAX = 200
_SECONDS_MAX = 60
_PRICE_MAX = 1000.0
_DEFAULT_KEY = "segments.semi_active.every_days"
_KEY = re.compile(r"[a-z_][a-z0-9_-]*(?:\.[a-z_][a-z0-9_-]*)+", re.ASCII)
_DEFAULT_VALUES = "1,2,3,5,7"


class Simulator:
    """The form, and the runs behind it: one at a time, each in a process of its own that ends when it takes too long.

    Args:
        settings: Says which configuration is varied, and where the events are.
        store: Says whether they are here.
        render: Makes pages.
        forms: Reads forms.
    """

    def __init__(self, settings: Settings, store: Store, render: Renderer, forms: Forms) -> None:
        self._settings = settings
        self._store = store
        self._render = render
        self._forms = forms
        self._running = threading.Lock()

    def routes(self) -> list[Route]:
        """Return where it is."""
        return [
            Route("/simulator", self.show, methods=["GET"]),
            Route("/simulator", self._forms.handler(self.run), methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """Return the form."""
        return self._page(request, {}, {})

    def run(self, request: Request, fields: Fields) -> Response:
        """Return the form with what came of it."""
        try:
            command = self._command(fields)
        except FieldError as exc:
            return self._page(request, fields, {"error": exc}, status_code=400)
        if not self._running.acquire(blocking=False):
            busy = ForewordError("another simulation is under way", hint="press again when it has ended")
            return self._page(request, fields, {"error": busy}, status_code=409)
        try:
            found = _run(command)
        except ForewordError as exc:
            return self._page(request, fields, {"error": exc}, status_code=400)
        finally:
            self._running.release()
        return self._page(request, fields, found)

    def _page(
        self, request: Request, fields: Fields, found: dict[str, Any], *, status_code: int = 200
    ) -> Response:
        asked = {"key": _DEFAULT_KEY, "values": _DEFAULT_VALUES, "users": str(_USERS_DEFAULT), "price": ""}
        runs = found.get("configurations", [])
        drawn = None
        if runs:
            has_cost = any(run["all"]["cost_micro_usd"] for run in runs)
            drawn = curve(
                [
                    (
                        run["label"].rpartition(" ")[2],
                        run["all"]["cost_micro_usd_per_day"] / 1e6
                        if has_cost
                        else run["all"]["refreshes_per_day"],
                        100 * run["all"]["fresh"],
                    )
                    for run in runs
                ]
            )
            found = {**found, "across": "USD a day" if has_cost else "refreshes a day"}
        return self._render.page(
            request,
            "simulator",
            status_code=status_code,
            asked=asked | {name: value for name, value in fields.items() if name in asked},
            users_max=USERS_MAX,
            is_here=self._store.is_here,
            runs=runs,
            drawn=drawn,
            width=WIDTH,
            height=HEIGHT,
            across=found.get("across", ""),
            error=found.get("error"),
        )

    def _command(self, fields: Fields) -> list[str]:
        """Return the command that a form asks for.

        Raises:
            FieldError: A field is none that the command takes.
            ConfigError: Nobody can say where the store is.
        """
        key, values = _words(fields, "key"), _words(fields, "values")
        if not _KEY.fullmatch(key):
            raise FieldError("key", quoted(key), f"a section and a key, such as {_DEFAULT_KEY}")
        if values.count(",") >= _VALUES_MAX:
            raise FieldError("values", f"{values.count(',') + 1} values", f"at most {_VALUES_MAX}")
        users = _number(fields, "users", USERS_MAX)
        config = self._settings.config_source
        command = [
            *(sys.executable, "-m", "foreword", "cadence", "simulate", "--json"),
            *("--store", str(self._settings.directory), "--users", str(users), "--vary", f"{key}={values}"),
        ]
        if config.signature() is not None:
            command += ["--config", str(config.path)]
        price = fields.get("price", "").strip()
        if price:
            command += ["--price", _price(price)]
        return command


def _run(command: list[str]) -> dict[str, Any]:
    """Return what a simulation printed.

    Raises:
        ForewordError: It failed, in its own words, or took too long.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_SECONDS_MAX,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as exc:
        raise ForewordError(
            f"the simulation was ended after {_SECONDS_MAX} s",
            hint="ask for fewer users or values, or use foreword cadence simulate",
        ) from exc
    if done.returncode:
        raise _failure(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _failure(said: str) -> ForewordError:
    """Return the error that the command ended with."""
    for line in reversed(said.splitlines()):
        try:
            error = json.loads(line)["error"]
            return ForewordError(str(error["message"]), hint=str(error["hint"]))
        except (ValueError, TypeError, KeyError):
            continue
    return ForewordError("the simulation failed and did not say why", hint="use foreword cadence simulate")


def _words(fields: Fields, name: str) -> str:
    text = fields.get(name, "").strip()
    if not text or len(text) > _FIELD_CHARACTERS_MAX or not text.isprintable():
        raise FieldError(
            name, quoted(text) if text else "nothing", f"1 to {_FIELD_CHARACTERS_MAX} characters"
        )
    return text


def _number(fields: Fields, name: str, most: int) -> int:
    text = fields.get(name, "").strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)) or not 1 <= int(text) <= most:
        raise FieldError(name, quoted(text), f"a whole number, 1 to {most:,}")
    return int(text)


def _price(text: str) -> str:
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price <= _PRICE_MAX:
        raise FieldError("price", quoted(text), f"US dollars, 0 to {_PRICE_MAX:,.0f}, or nothing")
    return repr(price)
