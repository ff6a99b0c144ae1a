"""What gRPC logs of its own accord, but for what any caller could fill the log with."""

from __future__ import annotations

import logging

_LOGGER = "grpc._cython.cygrpc"
# Of each header whose bytes are no UTF-8, with a traceback and the bytes, which may be a token with one too many. Such
# a value is read as Latin-1, and goes wherever any other wrong one goes.
_ODD_HEADER = "Invalid encoding on "


def keep_short() -> None:
    """Leave that out, in this process; once or more often."""
    logging.getLogger(_LOGGER).addFilter(_is_told)


def _is_told(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_ODD_HEADER)
