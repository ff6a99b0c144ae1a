"""The token that a server over HTTP asks its callers for."""

from __future__ import annotations

import hmac
import logging
from functools import partial
from pathlib import Path

from foreword.clock import SystemClock
from foreword.errors import FieldError
from foreword.followed_file import FollowedFile
from foreword.problems import Problems

# A guess a microsecond would take longer than the universe has; 16 characters of a keyboard's 64 are 96 bits.
CHARACTERS_MIN = 16
CHARACTERS_MAX = 1024
_HINT = "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


class ServerToken:
    """A token that is given once, or stands in a file that is followed while the server runs.

    Args:
        given: A text, or the file.
        field: Where it comes from, as errors and warnings name it.
        logger: Where it is said that a changed file was refused, and that it was mended.

    Raises:
        FieldError: It is no token, or the file cannot be read.
    """

    def __init__(self, given: str | Path, field: str, logger: logging.Logger) -> None:
        self._file: FollowedFile[bytes] | None = None
        if isinstance(given, Path):
            problems = Problems(SystemClock(), logger)
            read = partial(read_token, field=field)
            self._file = FollowedFile(given, read, problems, component="token", what="token file")
        else:
            self._given = _checked(given, field)

    async def is_said(self, token: bytes) -> bool:
        """Return whether this is the token in force; looks whether the file has changed, which takes microseconds."""
        if self._file is None:
            return hmac.compare_digest(token, self._given)
        await self._file.follow()
        return hmac.compare_digest(token, self._file.current)


def read_token(file: Path, field: str) -> bytes:
    """Return the token in a file, without the space around it.

    Raises:
        FieldError: It cannot be read, or holds no token; does not repeat what it holds.
    """
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(CHARACTERS_MAX + 3)
    except (OSError, UnicodeDecodeError) as exc:
        allowed = "a file that can be read, with the token in it"
        raise FieldError(field, f"{file}: {exc}", allowed) from exc
    return _checked(text.strip(), field)


def _checked(token: str, field: str) -> bytes:
    is_token = (
        CHARACTERS_MIN <= len(token) <= CHARACTERS_MAX
        and token.isascii()
        and token.isprintable()
        and " " not in token
    )
    if not is_token:
        found = f"a token of {len(token)} characters" if len(token) <= CHARACTERS_MAX else "a longer text"
        allowed = f"{CHARACTERS_MIN} to {CHARACTERS_MAX:,} letters, digits and marks of ASCII on one line"
        raise FieldError(field, found, allowed, hint=_HINT)
    return token.encode()
