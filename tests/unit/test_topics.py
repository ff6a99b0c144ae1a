"""When two spellings are one topic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.topics import commonest, is_url, topic_key


@pytest.mark.parametrize(
    "spellings",
    [
        ("Python", "python", "PYTHON", " python ", "Ｐｙｔｈｏｎ", "py\u200bthon"),
        ("unit-tests", "unit tests", "unit_tests", "Unit  Tests", "unit \u2013 tests", "unit\u00a0tests"),
        ("C/C++", "c/c++"),
        ("Straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("İstanbul", "i\u0307stanbul"),
        ("--", "_", "\u2014"),
    ],
)
def test_spellings_of_one_topic_share_a_key(spellings: tuple[str, ...]) -> None:
    """Case, separators, width, composition and invisible characters make no difference."""
    assert len({topic_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "topics",
    [
        ("c", "c++", "c#", "c/c++"),
        ("ci/cd", "ci cd", "cicd", "ci.cd"),
        ("a.b", "a/b", "ab", "a b"),
        ("unit tests", "unit test", "unit testing", "unittests"),
        (".github", "github"),
        ("-1", "1", "+1"),
        ("_private", "private"),
        ("https://example.com/A", "https://example.com/a"),
        ("python", "руthоn"),
    ],
)
def test_other_topics_keep_their_own(topics: tuple[str, ...]) -> None:
    """Words are not merged, nor what only looks alike; paths, languages and addresses stay apart."""
    assert len({topic_key(topic) for topic in topics}) == len(topics)


@given(st.text(min_size=1, max_size=40))
def test_a_key_is_its_own_key(topic: str) -> None:
    """Keys can be stored and folded again; none is empty."""
    key = topic_key(topic)
    assert key
    assert topic_key(key) == key


@given(st.text(min_size=1, max_size=40))
def test_a_topic_and_its_capitals_are_one(topic: str) -> None:
    """What case folding calls equal is equal here."""
    if not is_url(topic):
        assert topic_key(topic.casefold()) == topic_key(topic)


@pytest.mark.parametrize(
    ("spellings", "shown"),
    [
        ({"python": 2, "Python": 5, "PYTHON": 1}, "Python"),
        ({"PYTHON": 3, "Python": 3, "python": 3}, "python"),
        ({"unit-tests": 1, "unit_tests": 1, "unit tests": 1}, "unit tests"),
        ({"iOS": 1}, "iOS"),
    ],
)
def test_the_commonest_spelling_is_shown(spellings: dict[str, int], shown: str) -> None:
    """The most events win; among equals the plainest spelling, whatever the order they came in."""
    assert commonest(spellings) == shown
    assert commonest(dict(reversed(spellings.items()))) == shown


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("https://example.com/a", True),
        ("HTTP://EXAMPLE.COM", True),
        ("www.example.com", True),
        ("ftp://x", True),
        ("see https://example.com", False),
        ("example.com", False),
        ("ci/cd", False),
        ("python", False),
    ],
)
def test_an_address_is_told_from_a_name(topic: str, expected: bool) -> None:
    """A scheme or `www.` makes an address; a dotted name alone does not."""
    assert is_url(topic) is expected
