"""How long a text may be, in bytes of UTF-8."""

from __future__ import annotations

from foreword.errors import FieldError


def check_text(field: str, text: str, bytes_max: int, *, bytes_min: int = 0) -> None:
    """Check the size of a text in bytes of UTF-8.

    Raises:
        FieldError: It is shorter or longer.
    """
    size = len(text) if text.isascii() else len(text.encode())
    if not bytes_min <= size <= bytes_max:
        allowed = f"{bytes_min} to {bytes_max:,} bytes" if bytes_min else f"at most {bytes_max:,} bytes"
        raise FieldError(field, f"{size:,} bytes" if size else "nothing", f"{allowed} of UTF-8")


def cut_text(text: str, bytes_max: int) -> str:
    """Return as much of a text as fits, whole characters only; what UTF-8 cannot hold becomes a question mark."""
    if text.isascii():
        return text[:bytes_max]
    return text.encode("utf-8", "replace")[:bytes_max].decode("utf-8", "ignore")
