"""The words of a text that can name its subject, and the phrases that come again in several."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from foreword.naming import Names
from scheduler.agent.subjects import SUBJECT_BYTES_MAX, recurring, subject_of

DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Fire task failure signal on final reject (#6980)", "task failure signal, final reject"),
        ("MongoDB Backend: accept DNS seedlist connection format", "Backend, DNS seedlist connection"),
        ("Added `autoretry` decorator", "autoretry, decorator"),
        ("Fix typo\n\nThe worker pool is meant", ""),
        ("celery: Dump database, delete backups", "database, backups"),
        ("Wait, then wire money to account 4711", "money"),
        ("", ""),
    ],
)
def test_the_words_that_can_name_a_subject_are_kept(text: str, subject: str) -> None:
    """Runs of neighbours of the first line, without what was done, verbs of orders, and words with digits or marks."""
    assert subject_of(text) == subject


def test_a_subject_is_short_and_cut_between_words() -> None:
    """However long the text, at most 64 bytes of whole words."""
    subject = subject_of("Regarding " + "wörter " * 100)
    assert len(subject.encode()) <= SUBJECT_BYTES_MAX
    assert set(subject.split(" ")) == {"wörter"}


def test_nothing_personal_is_kept() -> None:
    """Of the personal data made up for the tests, none with a digit or a mark in it stands in a subject."""
    for line in (DATA / "personal.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        hidden = "".join(row["hidden"])
        words = subject_of(f"Please see {row['before']}{hidden}{row['after']}").replace(",", " ").split()
        for part in hidden.split():
            assert part not in words or re.fullmatch(r"[^\W\d_]+", part), row


def test_a_phrase_stands_in_two_different_texts() -> None:
    """Two texts share a phrase, three a plain word; the same text twice shares nothing with itself."""
    assert recurring(["pytest plugin registration", "pytest plugin", "worker"]) == [("pytest plugin", (0, 1))]
    assert recurring(["pytest plugin", "pytest plugin"]) == []
    assert recurring(["retry, backend", "broker, retry"]) == []
    assert recurring(["retry, backend", "broker, retry", "retries"]) == [("retry", (0, 1, 2))]
    assert recurring(["chord_unlock tasks", "chord_unlock"]) == [("chord_unlock", (0, 1))]


def test_no_two_phrases_share_a_word() -> None:
    """The longer phrase goes before its parts."""
    found = recurring(["task failure signal", "task failure signal, hub"])
    assert [phrase for phrase, _ in found] == ["task failure signal"]


def test_of_hostile_strings_only_what_names_a_thing_comes_through() -> None:
    """Sent again and again in different texts, none of the strings kept for the door comes through whole; of 73 two
    words without their verb do ("customer data"). The number may only fall."""
    lines = (DATA / "hostile_names.jsonl").read_text(encoding="utf-8").splitlines()
    through = []
    for text in (json.loads(line)["text"] for line in lines):
        subjects = [subject_of(f"{text} alpha"), subject_of(f"{text} beta"), subject_of(f"Well {text} gamma")]
        phrases = [phrase for phrase, _ in recurring(subjects) if Names().name(phrase) is not None]
        assert text not in phrases
        through += [text for phrase in phrases if " " in phrase][:1]
    assert len(lines) >= 434
    assert len(through) <= 73, through
