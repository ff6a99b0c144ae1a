"""Names for people that say nothing of them: the same person, the same name; nobody can go back."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from foreword.errors import StoreNotWritableError

_SALT_BYTES = 32


class Pseudonyms:
    """Makes pseudonyms with a secret.

    A plain hash could be reversed by trying addresses; without the secret trying is no use. Another secret gives the
    same person another name.

    Args:
        secret: Made for one run when not given.
        prefix: What names begin with.
        digits: How many hex digits follow.
    """

    def __init__(self, secret: bytes | None = None, prefix: str = "dev_", digits: int = 10) -> None:
        self._secret = secret or secrets.token_bytes(_SALT_BYTES)
        self._prefix = prefix
        self._digits = digits

    @classmethod
    def kept_in(cls, directory: Path) -> Pseudonyms:
        """Return those of the store in a folder; their secret is made at first use, and readable by the owner only.

        Raises:
            StoreNotWritableError: The secret can be neither read nor made.
        """
        return cls(_salt(directory / "imports" / "pseudonyms.salt"))

    def of(self, address: str) -> str:
        """Return the prefix and hex digits: HMAC-SHA-256 of the address in lower case, truncated."""
        digest = hmac.new(self._secret, address.strip().lower().encode("utf-8", "replace"), hashlib.sha256)
        return f"{self._prefix}{digest.hexdigest()[: self._digits]}"


def _salt(file: Path) -> bytes:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _make_salt(file)
        return file.read_bytes()
    except OSError as exc:
        raise StoreNotWritableError(f"{file} cannot be read or made: {exc}") from exc


def _make_salt(file: Path) -> None:
    """Make the file whole or not at all; of two makers, one wins and both use its file."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(secrets.token_bytes(_SALT_BYTES))
        out.flush()
        os.fsync(out.fileno())
    try:
        file.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
