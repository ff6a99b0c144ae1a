"""Where in a text something personal stands, and what it is."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias, get_args

Kind: TypeAlias = Literal["secret", "e-mail", "phone", "card", "account", "address", "id"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""secret: keys, tokens and passwords. card: numbers of payment cards. account: IBANs. address: of a machine on the
internet. id: numbers by which states know people."""


class Span(NamedTuple):
    """A part of a text, from `start` to before `end`."""

    start: int
    end: int
    kind: Kind
