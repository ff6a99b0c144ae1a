"""Which values get a row, and what becomes of the others."""

from __future__ import annotations

from foreword.clock import DAY_MS
from ranking import Vocabulary, VocabularyRules, build_vocabulary
from ranking.vocabulary import Seen

NOW_MS = 1_000 * DAY_MS


def test_rare_values_share_the_unknown_row() -> None:
    """A value seen less often than the minimum has row 0, like one never seen."""
    seen = {"often": Seen(5, NOW_MS), "once": Seen(1, NOW_MS), "twice": Seen(2, NOW_MS)}
    vocabulary = build_vocabulary(seen, VocabularyRules(count_min=2), NOW_MS)
    assert [vocabulary.row(value) for value in ("often", "twice", "once", "never")] == [1, 2, 0, 0]
    assert len(vocabulary) == 3


def test_values_expire() -> None:
    """A value that was not seen for longer than the expiry has no row at the next training."""
    seen = {"old": Seen(9, NOW_MS - 31 * DAY_MS), "new": Seen(2, NOW_MS - 29 * DAY_MS)}
    assert build_vocabulary(seen, VocabularyRules(expiry_days=30), NOW_MS).values == ("new",)


def test_the_most_frequent_fit_in() -> None:
    """When there are more values than rows, the most frequent get them; equal ones by name."""
    seen = {name: Seen(count, NOW_MS) for name, count in (("b", 3), ("a", 3), ("c", 9), ("d", 2))}
    assert build_vocabulary(seen, VocabularyRules(values_max=2), NOW_MS).values == ("c", "a")


def test_rows_and_values_belong_together() -> None:
    """The value of a value's row is the value."""
    vocabulary = Vocabulary(["x", "y"])
    assert [vocabulary.value(vocabulary.row(value)) for value in ("x", "y", "z")] == ["x", "y", ""]
