"""What daemons say while they run: one line each on stderr, for people or for machines."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from foreword.cli.output import json_text
from foreword.naming import escaped
from foreword.request_id import current

# A sentence, its cause, and a name or two. What says more says it with somebody's text.
MESSAGE_CHARACTERS_MAX = 2000


class LineFormatter(logging.Formatter):
    """Formats a record for people: time, level, logger, message and the id of the call it is of, in brackets.

    All on one line; an error's traceback is below it.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the record's line, with nothing in it that is not seen as it is."""
        this = current.get()
        record.message = _shown(record.message) + (f" [{this.id}]" if this is not None else "")
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        """Return the traceback, each of its lines likewise."""
        return "\n".join(map(escaped, super().formatException(ei).split("\n")))


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message; error and request_id where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, with nothing in it that is not seen as it is."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _shown(record.getMessage()),
        }
        this = current.get()
        if this is not None:
            fields["request_id"] = this.id
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json_text(fields)


def configure(*, as_json: bool, verbose: bool) -> None:
    """Send the logs of this process to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter())
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if verbose else logging.INFO)
    # What the jobs did is said by our own loggers. That one was still at work when its next time came is no warning:
    # none is to overtake itself.
    logging.getLogger("apscheduler").setLevel(logging.DEBUG if verbose else logging.ERROR)


def _shown(message: str) -> str:
    cut = message[:MESSAGE_CHARACTERS_MAX]
    return escaped(cut) if cut == message else f"{escaped(cut)}… ({len(message):,} characters)"
