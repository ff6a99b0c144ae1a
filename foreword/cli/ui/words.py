"""How values are put on a page: plain words, and nothing untrusted that could pass for ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from foreword.clock import DAY_MS, HOUR_MS
from foreword.naming import escaped

_MINUTE_MS = 60_000
# Of the same moment two clocks may say this much else.
_NOW_MS = 2000
_UNITS = ((DAY_MS, "d"), (HOUR_MS, "h"), (_MINUTE_MS, "min"), (1000, "s"))
# Of a long text as much as one reads before opening it.
_CUT_CHARACTERS = 160


def link(path: str, /, **query: object) -> str:
    """Return an address of ours; what is empty, false or None is left out, and everything else is encoded."""
    said = [(name, "1" if value is True else str(value)) for name, value in query.items() if value]
    return f"{path}?{urlencode(said)}" if said else path


def shown(text: object) -> str:
    """Return an untrusted text on one line: what cannot be seen, or turns the direction of writing, as an escape."""
    return escaped(str(text))


def sentence(text: object) -> str:
    """Return an untrusted text as the beginning of a sentence; the names in it stay as they are."""
    line = shown(text)
    return line[:1].upper() + line[1:]


def lines(text: str) -> list[str]:
    """Return the lines of an untrusted text, each as `shown` has it."""
    return [escaped(line.replace("\t", "    ")) for line in text.splitlines()]


def cut(text: str, characters: int = _CUT_CHARACTERS) -> str:
    """Return the beginning of an untrusted text, on one line."""
    line = shown(" ".join(text.split()))
    return line if len(line) <= characters else f"{line[: characters - 1].rstrip()}…"


def web_address(uri: str) -> str:
    """Return an address that a browser may follow, or nothing: what a core names may be anything, a script too."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return uri if parts.scheme in ("http", "https") and parts.netloc and uri.isprintable() else ""


def moment_ms(moment: Timestamp | int) -> int:
    """Return a moment in ms since 1970."""
    return moment if isinstance(moment, int) else moment.ToMilliseconds()


def moment_text(moment: Timestamp | int) -> str:
    """Return a moment as its day and time, UTC."""
    return f"{_datetime(moment):%Y-%m-%d %H:%M:%S} UTC"


def moment_iso(moment: Timestamp | int) -> str:
    """Return a moment as machines read it."""
    return f"{_datetime(moment):%Y-%m-%dT%H:%M:%SZ}"


def since_text(moment: Timestamp | int, now_ms: int) -> str:
    """Return how long ago a moment is, or how far ahead."""
    away_ms = now_ms - moment_ms(moment)
    if abs(away_ms) < _NOW_MS:
        return "now"
    return f"{span_text(away_ms)} ago" if away_ms > 0 else f"in {span_text(-away_ms)}"


def span_text(milliseconds: float) -> str:
    """Return a length of time in its largest unit, and in the next one where that is needed."""
    for place, (size, unit) in enumerate(_UNITS):
        if milliseconds >= size:
            whole = int(milliseconds // size)
            rest = int(milliseconds % size // _UNITS[place + 1][0]) if place + 1 < len(_UNITS) else 0
            return (
                f"{whole:,} {unit} {rest} {_UNITS[place + 1][1]}"
                if rest and whole < 2
                else f"{whole:,} {unit}"
            )
    return f"{milliseconds:.0f} ms"


def duration_text(duration: Duration) -> str:
    """Return a short duration, such as a call's."""
    microseconds = duration.ToMicroseconds()
    if microseconds >= 1_000_000:
        return f"{microseconds / 1e6:,.3g} s"
    return f"{microseconds / 1000:,.3g} ms"


def enum_text(name: str, prefix: str) -> str:
    """Return a value of an enum in words."""
    return name.removeprefix(prefix).lower().replace("_", " ")


def percent_text(share: float) -> str:
    """Return a share; one that is not all of it never reads 100 %, and one that is not nothing never 0 %."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.4g} %" if share in (0, 1) else f"{100 * share:.1f} %"


def _datetime(moment: Timestamp | int) -> Any:
    return datetime.fromtimestamp(moment_ms(moment) / 1000, UTC)
