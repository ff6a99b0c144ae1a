"""Names and words that an operator gives: trusted, but looked at for slips."""

from __future__ import annotations

OWN_NAME_CHARACTERS_MAX = 60
OWN_NAME_ALLOWED = (
    f"1 to {OWN_NAME_CHARACTERS_MAX} printable characters without quotation marks, no space around them"
)


def is_own_name(entry: str) -> bool:
    """Return whether an operator's name can stand in a text: their words are trusted, their slips are caught."""
    return 0 < len(entry) <= OWN_NAME_CHARACTERS_MAX and (
        entry.isprintable() and entry == entry.strip() and '"' not in entry
    )
