"""Sentences that end in a list, less some of the names in it."""

from __future__ import annotations

import pytest

from foreword.lists import without

READS = 'As of May 2026, reads about "tea" (24 of 59 events), "rail and road" and "wind".'
FILMS = "As of May 2026, watches films: Drama (new, 5 of the last 16 ratings, rated 3.8), Crime and War."
CODE = 'As of May 2026, developer on "kopf" in the "kopf" package (26 of 305 commits) and tests.'


@pytest.mark.parametrize(
    ("sentence", "names", "left"),
    [
        (READS, ['"tea"'], 'As of May 2026, reads about "rail and road" and "wind".'),
        (READS, ['"rail and road"'], 'As of May 2026, reads about "tea" (24 of 59 events) and "wind".'),
        (READS, ['"tea"', '"wind"'], 'As of May 2026, reads about "rail and road".'),
        (FILMS, ["Drama", "War"], "As of May 2026, watches films: Crime."),
        (
            FILMS,
            ["Crime"],
            "As of May 2026, watches films: Drama (new, 5 of the last 16 ratings, rated 3.8) and War.",
        ),
        (CODE, ["tests"], 'As of May 2026, developer on "kopf" in the "kopf" package (26 of 305 commits).'),
    ],
)
def test_the_other_names_stay_with_their_notes(sentence: str, names: list[str], left: str) -> None:
    """Wherever in the list the name stands that goes."""
    assert without(sentence, names) == left


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        (READS, ['"tea"', '"rail and road"', '"wind"']),
        (CODE, ['"kopf"']),
        ('As of May 2026, developer on "a" and "b" in "c".', ['"c"']),
        ('Lately "tea" and "wind".', ['"tea"']),
    ],
)
def test_nothing_stays_where_it_might_not_be_true(sentence: str, names: list[str]) -> None:
    """Where nothing is left, a name stands elsewhere too, there are two lists, or it is another sentence."""
    assert without(sentence, names) is None
