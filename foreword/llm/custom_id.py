"""What a question of a batch is called at the provider, so that its answer finds back."""

from __future__ import annotations

import re
from typing import NamedTuple

from foreword.keys import EnvironmentId

# The provider takes 1 to 64 letters, digits, `-` and `_`. Numbers of 2^64, 2^64 in hex and 2^32 make 60 with the rest.
_FORM = re.compile(r"fw-([0-9a-f]{8})-([0-9a-f]{1,16})-([0-9]{1,20})-([0-9]{1,10})")


class CustomId(NamedTuple):
    """A question's name: `fw-<store>-<when it was intended, in hex>-<batch>-<place>`."""

    store: str
    """The first 8 hex digits of the id of profiles.lmdb."""
    intended_ms: int
    """Of its batch, since a store set back to a backup gives the same numbers to other questions."""
    batch: int
    """The batch, by our number."""
    place: int
    """Its place in the batch."""

    def text(self) -> str:
        """Return what is sent."""
        return f"fw-{self.store}-{self.intended_ms:x}-{self.batch}-{self.place}"

    @classmethod
    def parse(cls, text: str) -> CustomId | None:
        """Return what a name says; None for one that is not ours."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        return cls(found[1], int(found[2], 16), int(found[3]), int(found[4]))


class BatchName(NamedTuple):
    """What the names of all questions of one batch have in common."""

    store: str
    intended_ms: int
    number: int

    @classmethod
    def of(cls, environment: EnvironmentId, number: int, intended_ms: int) -> BatchName:
        """Return the common part for a batch of a store."""
        return cls(environment[:4].hex(), intended_ms, number)

    def question(self, place: int) -> str:
        """Return the name of the question at a place."""
        return CustomId(self.store, self.intended_ms, self.number, place).text()

    def place(self, custom_id: str) -> int | None:
        """Return the place that a name says; None for a name of another batch."""
        found = CustomId.parse(custom_id)
        return (
            found.place
            if found is not None and found[:3] == (self.store, self.intended_ms, self.number)
            else None
        )
