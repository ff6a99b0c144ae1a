"""What a namespace lets through is asked once, unless who else uses a name decides."""

from __future__ import annotations

from foreword.config import Words


def test_an_answer_that_no_user_changes_is_kept() -> None:
    """Under the policies that count nobody, what was found for one user is known for the next."""
    words = Words()
    assert words.names(lambda _: 0) is words.names(lambda _: 9)


def test_under_shared_every_text_counts_anew() -> None:
    """A name that nobody shared yesterday may stand in a text as soon as enough users do."""
    words = Words(policy="shared", users_min=5)
    assert words.names(lambda _: 4).name("pgvector") is None
    assert words.names(lambda _: 5).name("pgvector") is not None
