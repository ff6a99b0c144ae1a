"""What one namespace lets be named, and how a name is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from foreword.naming.nothing import NOTHING
from foreword.naming.sensitive import SensitiveNames
from foreword.naming.shape import well_shaped
from foreword.topics import topic_key
from foreword.vocabulary import built_in

Policy: TypeAlias = Literal["open", "shared", "vocabulary"]

NAME_USERS_MAX = 20
"""Most users that are counted for a name; a row of the store holds a mark of each."""


_ALL_SENSITIVE = SensitiveNames()


class Name(NamedTuple):
    """A name that may stand in a text.

    Attributes:
        text: The name itself; for lists of names, where each stands alone.
        is_ours: It comes from Foreword's or the operator's own list, not from activity.
    """

    text: str
    is_ours: bool

    @property
    def shown(self) -> str:
        """The name as it stands in a sentence: in quotation marks, unless it is ours."""
        return self.text if self.is_ours else f'"{self.text}"'


class Names:
    """Lets names of one namespace through by its policy. Made for one text: it remembers what it was asked.

    Args:
        policy: `open` lets through what has the shape of a name; `shared` of those only what at least `users_min`
            users' events carry; `vocabulary` only what the operator lists.
        vocabulary: The operator's names, let through by every policy, and shown as spelled here.
        users_min: How many users make a name shared.
        users_of: How many users' events carry a name, by `topic_key`; needed for `shared`.
        sensitive: What is kept out whatever the policy, the operator's vocabulary too.
        labels: How names are shown that are Foreword's or the operator's own, by their small letters; None for
            Foreword's alone.
    """

    def __init__(
        self,
        policy: Policy = "open",
        vocabulary: Iterable[str] = (),
        users_min: int = 5,
        users_of: Callable[[str], int] | None = None,
        *,
        sensitive: SensitiveNames = _ALL_SENSITIVE,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._labels = built_in().labels if labels is None else labels
        self._policy = policy
        self._own = _own_names(tuple(vocabulary))
        self._users_min = users_min
        self._users_of = users_of
        self._sensitive = sensitive
        self._found: dict[str, Name | None] = {}

    def name(self, raw: str) -> Name | None:
        """Return the name that may be shown for an untrusted word, or None when it must not stand in a text."""
        if raw not in self._found:
            self._found[raw] = self._find(raw)
        return self._found[raw]

    def _find(self, raw: str) -> Name | None:
        if self.withholds(raw):
            return None
        own = self._own.get(topic_key(raw))
        if own is not None or self._policy == "vocabulary":
            return own
        small = raw.casefold()
        if small in self._labels:
            return Name(self._labels[small], is_ours=True)
        text = well_shaped(raw) if small not in NOTHING else None
        if text is None or (self._policy == "shared" and not self._is_shared(text)):
            return None
        return Name(text, is_ours=False)

    def withholds(self, text: str) -> bool:
        """Return whether words are sensitive, so that no text may hold them."""
        return self._sensitive.hold(text)

    def shown(self, raw: str) -> str | None:
        """Return an untrusted word as it may stand in a sentence, or None when it must not."""
        name = self.name(raw)
        return None if name is None else name.shown

    def named(self, raws: Iterable[str], count: int | None = None) -> list[Name]:
        """Return the first `count` names that may stand in a text, each once; all of them for None."""
        found: dict[str, Name] = {}
        for raw in raws:
            if len(found) == count:
                break
            name = self.name(raw)
            if name is not None:
                found.setdefault(name.text, name)
        return list(found.values())

    def _is_shared(self, text: str) -> bool:
        return self._users_of is not None and self._users_of(topic_key(text)) >= self._users_min


@lru_cache(maxsize=256)
def _own_names(vocabulary: tuple[str, ...]) -> dict[str, Name]:
    return {topic_key(entry): Name(entry, is_ours=True) for entry in vocabulary}
