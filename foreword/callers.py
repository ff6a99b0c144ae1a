"""Who may call, and what: the callers of a file, each known by the digest of a token or by a certificate."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from foreword.errors import FieldError
from foreword.keys import NAMESPACE_BYTES_MAX
from foreword.naming import quoted
from foreword.toml_lines import read_toml

Right: TypeAlias = Literal["read", "record", "operate", "erase"]
RIGHTS: tuple[Right, ...] = get_args(Right)

# A thousand callers of a dozen namespaces each.
FILE_BYTES_MAX = 1 << 20
# Recognised by those who look for secrets in places where none belong.
TOKEN_PREFIX = "fwt_"
# 256 bits: nobody guesses one, so that a plain digest of it keeps it.
_TOKEN_BYTES = 32
TOKEN_CHARACTERS_MAX = 512
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CERTIFICATE_NAME_MAX = 253
_KEYS = ("name", "token_sha256", "certificate_name", "rights", "namespaces", "expires")
# Written by nobody else, read by nobody outside the group: secrets that a container mounts are the group's to read.
_OPEN_BITS = stat.S_IWGRP | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may call.

    Attributes:
        name: For people; several entries may share one, as while a token is exchanged.
        rights: What they may do.
        namespaces: Where; None for everywhere. The empty name is the space of users without one.
        token_sha256: Of the token they send; empty for one who is known by a certificate.
        certificate_name: The common name, or an alternative one, of their certificate; empty for one with a token.
        expires_ms: When it ends, in ms since 1970; None for never.
    """

    name: str
    rights: frozenset[Right]
    namespaces: frozenset[str] | None
    token_sha256: str = ""
    certificate_name: str = ""
    expires_ms: int | None = None


@dataclass(frozen=True)
class Callers:
    """All who may call, as one reading of the file has them.

    Attributes:
        by_digest: Those with a token, by the digest of it.
        by_certificate: Those with a certificate, by a name in it.
    """

    by_digest: Mapping[str, Caller]
    by_certificate: Mapping[str, Caller]

    def __len__(self) -> int:
        return len(self.by_digest) + len(self.by_certificate)


NOBODY = Callers({}, {})


def digest_of(token: str) -> str:
    """Return what a callers file has in place of a token: the hexadecimal SHA-256 of its UTF-8."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Return a token that nobody has."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def read_callers(file: Path) -> Callers:
    """Return the callers of a file.

    Raises:
        FieldError: It cannot be read, is open to others, or says something that makes no sense; names file and line.
    """
    _check_mode(file)
    return read_toml(file, lambda text, _digest: _callers(tomllib.loads(text)), bytes_max=FILE_BYTES_MAX)


def caller_of(table: Mapping[str, Any], field: str = "callers") -> Caller:
    """Return what one table of a callers file says.

    Raises:
        FieldError: It makes no sense; names the key.
    """
    for key in table:
        if key not in _KEYS:
            raise FieldError(f"{field}.{key}", "an unknown key", ", ".join(_KEYS))
    token, certificate = table.get("token_sha256"), table.get("certificate_name")
    if (token is None) == (certificate is None):
        found = "neither" if token is None else "both"
        raise FieldError(f"{field}.name", f"{found} of token_sha256 and certificate_name", "one of them")
    return Caller(
        name=_matching(f"{field}.name", table.get("name"), _NAME, "1 to 64 letters, digits, dots, - and _"),
        rights=_rights(f"{field}.rights", table.get("rights")),
        namespaces=_namespaces(f"{field}.namespaces", table.get("namespaces")),
        token_sha256="" if token is None else _digest(f"{field}.token_sha256", token),
        certificate_name=""
        if certificate is None
        else _certificate(f"{field}.certificate_name", certificate),
        expires_ms=_expiry(f"{field}.expires", table.get("expires")),
    )


def _check_mode(file: Path) -> None:
    try:
        found = file.stat()
    except OSError as exc:
        raise FieldError(str(file), exc.strerror or str(exc), "a file that can be read") from exc
    if found.st_mode & _OPEN_BITS:
        mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
        raise FieldError(
            str(file), mode, "0600 or 0640, nothing for others", hint=f"chmod 600 {os.fspath(file)}"
        )


def _callers(tables: Mapping[str, Any]) -> Callers:
    for key in tables:
        if key != "callers":
            raise FieldError(key, "an unknown key", "tables [[callers]]")
    entries = tables.get("callers", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FieldError("callers", type(entries).__name__, "tables [[callers]]")
    if not entries:
        # A file that is being written is empty for a moment, in which nobody might call.
        raise FieldError("callers", "none", "at least one")
    by_digest: dict[str, Caller] = {}
    by_certificate: dict[str, Caller] = {}
    for place, entry in enumerate(entries):
        caller = caller_of(entry, f"callers[{place}]")
        known, key = (
            (by_digest, caller.token_sha256)
            if caller.token_sha256
            else (by_certificate, caller.certificate_name)
        )
        if key in known:
            what = "token_sha256" if caller.token_sha256 else "certificate_name"
            raise FieldError(
                f"callers[{place}].{what}", f"that of {known[key].name!r} again", "one entry for each"
            )
        known[key] = caller
    return Callers(by_digest, by_certificate)


def _matching(field: str, value: object, pattern: re.Pattern[str], allowed: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise FieldError(field, _shown(value), allowed)
    return value


def _digest(field: str, value: object) -> str:
    # What stands there may be the token itself, by mistake: it must not be repeated in a log.
    if not isinstance(value, str) or _DIGEST.fullmatch(value) is None:
        raise FieldError(
            field, "something else", "64 hexadecimal digits, as `foreword token new` prints them"
        )
    return value


def _certificate(field: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _CERTIFICATE_NAME_MAX:
        raise FieldError(field, _shown(value), f"a name of 1 to {_CERTIFICATE_NAME_MAX} characters")
    return value


def _rights(field: str, value: object) -> frozenset[Right]:
    if not isinstance(value, list) or not value:
        raise FieldError(field, _shown(value), f"a list of {', '.join(RIGHTS)}")
    for place, right in enumerate(value):
        if right not in RIGHTS:
            raise FieldError(f"{field}[{place}]", _shown(right), ", ".join(RIGHTS))
    return frozenset(value)


def _namespaces(field: str, value: object) -> frozenset[str] | None:
    if value == "all":
        return None
    if not isinstance(value, list) or not value:
        raise FieldError(field, _shown(value), '"all" or a list of names; "" for users without a namespace')
    for place, name in enumerate(value):
        if not isinstance(name, str) or len(name.encode()) > NAMESPACE_BYTES_MAX:
            raise FieldError(f"{field}[{place}]", _shown(name), f"at most {NAMESPACE_BYTES_MAX} bytes")
    return frozenset(value)


def _expiry(field: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise FieldError(field, _shown(value), "a time with its offset, such as 2027-01-31T00:00:00Z")
    return int(value.timestamp() * 1000)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return quoted(value) if isinstance(value, str) else quoted(str(value))
