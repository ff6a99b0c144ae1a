"""Counting tokens: never below a real tokenizer, and not wastefully above."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from foreword.tokens import count_tokens

# Each with the tokens of Claude 3 to 4.6 and of Claude 4.8 and later, as ctok 1.3.0 counts them.
SAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "token_samples.jsonl").read_text("utf-8").splitlines()
]
EXAMPLE = next(sample["text"] for sample in SAMPLES if "Celery to Postgres" in sample["text"])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: ascii(sample["text"][:20]))
def test_count_is_at_least_that_of_both_tokenizers(sample: dict[str, Any]) -> None:
    """No sample counts less than what Claude's tokenizers of either generation make of it."""
    assert count_tokens(sample["text"]) >= max(sample["older"], sample["newest"])


def test_english_counts_what_the_newest_tokenizer_makes_and_a_margin() -> None:
    """On the kind of text forewords are, the bound lies above by its margin alone."""
    beginnings = ("About this user", "User data", "This session", "Developer", "Watches")
    found = [sample for sample in SAMPLES if sample["text"].startswith(beginnings)]
    assert len(found) >= 6
    for sample in found:
        assert count_tokens(sample["text"]) == max(sample["older"], sample["newest"]) + 2


def test_a_foreword_of_200_tokens_holds_real_content() -> None:
    """The contract's example fits with much room to spare."""
    assert count_tokens(EXAMPLE) <= 120


def test_text_that_no_vocabulary_holds_counts_by_its_bytes() -> None:
    """A ligature that stands for a sentence, and characters outside every piece, are counted in full."""
    assert count_tokens("\ufdfa") >= 3
    assert count_tokens("\U0001d400" * 10) >= 40


def test_lone_surrogates_do_not_stop_the_count() -> None:
    """Broken text counts like any other."""
    assert count_tokens("a\ud800b") >= 3


def test_an_empty_text_has_no_tokens() -> None:
    """Nothing counts nothing."""
    assert count_tokens("") == 0


def test_a_longer_text_never_counts_less() -> None:
    """Cut points ascend, since adding a word adds tokens."""
    counts = [
        count_tokens(EXAMPLE[:end]) for end in range(0, len(EXAMPLE), 7) if EXAMPLE[end - 1 : end] == " "
    ]
    assert counts == sorted(counts)
