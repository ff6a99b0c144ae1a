"""How a client proves who calls: a token, a certificate, or nothing where nobody asks."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from foreword.errors import FieldError, ServiceError
from foreword.file_signature import signature_of

if TYPE_CHECKING:
    from pathlib import Path

    from foreword.addresses import Address
    from foreword.file_signature import Signature

ENV_TOKEN = "FOREWORD_TOKEN"
ENV_TOKEN_FILE = "FOREWORD_TOKEN_FILE"
# What the sidecar takes.
_CHARACTERS_MAX = 512

logger = logging.getLogger("foreword.client")

Token: TypeAlias = str | Callable[[], str]
"""A token, or what returns the one of the moment."""


class Proof:
    """What a client shows of itself. A token is nowhere shown in an error or a log.

    Args:
        address: Where it goes: a token is sent in clear text to this machine alone.
        certificate_file: PEM roots to trust; None speaks no TLS.
        token: A token, or what returns it.
        token_file: A file that holds it.
        client_certificate_file: PEM certificate chain of the caller.
        client_key_file: PEM private key of that.
        environ: Where a token is looked for when none is given.

    Raises:
        FieldError: What is given does not go together.
    """

    def __init__(
        self,
        address: Address,
        *,
        certificate_file: Path | str | None = None,
        token: Token | None = None,
        token_file: Path | str | None = None,
        client_certificate_file: Path | str | None = None,
        client_key_file: Path | str | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        if token is not None and token_file is not None:
            raise FieldError("token_file", "a file beside a token", "one of them")
        if (client_certificate_file is None) != (client_key_file is None):
            raise FieldError("client_key_file", "one of certificate and key", "both, or neither")
        if client_certificate_file is not None and certificate_file is None:
            raise FieldError(
                "certificate_file", "nothing beside a client's certificate", "PEM roots to trust"
            )
        if token is None and token_file is None:
            token, token_file = environ.get(ENV_TOKEN) or None, environ.get(ENV_TOKEN_FILE) or None
            token_file = token_file if token is None else None
        self.certificate_file = certificate_file
        self.client_certificate_file = client_certificate_file
        self.client_key_file = client_key_file
        self._token: Callable[[], str] | None = _source(token, token_file)
        if self._token is not None and certificate_file is None and not address.is_local:
            raise FieldError(
                "token",
                f"a token for {address.text}, another machine, without TLS",
                "certificate_file beside it",
            )

    @property
    def has_token(self) -> bool:
        """Whether calls carry a token."""
        return self._token is not None

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Return what a call carries.

        Raises:
            FieldError: The token is none.
            ServiceError: The token's file cannot be used, and never could.
        """
        assert self._token is not None
        return (("authorization", f"Bearer {_checked(self._token())}"),)


class _TokenFile:
    """A file with a token, read anew when it changes. One that is damaged or removed leaves the former in force."""

    def __init__(self, file: Path | str) -> None:
        self._file = file
        self._seen: Signature | None = None
        self._token = ""

    def __call__(self) -> str:
        seen = signature_of(self._file)
        if seen == self._seen and self._token:
            return self._token
        try:
            self._token = self._read()
        except (OSError, UnicodeDecodeError, FieldError) as exc:
            if not self._token:
                said = f"the token file cannot be used: {exc}"
                raise ServiceError(said, reason="UNAUTHENTICATED") from exc
            logger.warning("the changed token file was refused, the former token stays in force: %s", exc)
        self._seen = seen
        return self._token

    def _read(self) -> str:
        with open(self._file, encoding="utf-8") as file:  # noqa: PTH123 - likewise
            return _checked(file.read(_CHARACTERS_MAX + 2).strip())


def _source(token: Token | None, token_file: Path | str | None) -> Callable[[], str] | None:
    if token_file is not None:
        return _TokenFile(token_file)
    if token is None or callable(token):
        return token
    checked = _checked(token)
    return lambda: checked


def _checked(token: object) -> str:
    if not isinstance(token, str):
        raise FieldError("token", type(token).__name__, "a text")
    is_token = (
        0 < len(token) <= _CHARACTERS_MAX and token.isascii() and token.isprintable() and " " not in token
    )
    if not is_token:
        raise FieldError(
            "token", "something else", f"1 to {_CHARACTERS_MAX} printable characters of ASCII without spaces"
        )
    return token
