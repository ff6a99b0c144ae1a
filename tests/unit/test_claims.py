"""What a text says and its core does not is found; what the core says in other words is let pass."""

from __future__ import annotations

import pytest
from some_cores import BEGINNER, CORES, EXPERT, LOESCHEN, RETRIES, UNKNOWN

from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core
from tiering.claims import content_words, sentences, unsupported
from tiering.compose import compose


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Only retry calls that came back with 429 or a 5xx status, and use exponential backoff.",
        "Wait one second after the first failure, then double the wait, and give up after five attempts.",
        "Each key may send 100 calls per second, and each project 1,000.",
        "Never retry a payment without an `Idempotency-Key`.",
        "In Java, `RetryConfig.ofDefaults()` is the one to use.",
        "Until version 2.3 the server answered 503.",
        "Add a random part of at most 250 milliseconds.",
        "See [API errors](https://example.com/docs/errors).",
    ],
)
def test_what_the_core_says_passes_in_other_words(text: str) -> None:
    """Numbers in words, thousands, units in short, other forms of words, code and links as they are."""
    assert unsupported(text, RETRIES) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Wait 2 seconds after the first failure.", "number: 2 second"),
        ("Give up after seven attempts.", "number: 7 "),
        ("Give up after 5 minutes.", "number: 5 minute"),
        ("A key may send 1,000 calls a second.", "number: 1000 call"),
        ("The random part has 250 seconds.", "number: 250 second"),
        ("It costs $5.", "number: 5 dollar"),
        ("Wait -1 second.", "number: -1 second"),
        ("Until version 2.4 the server answered 503.", "number: 2.4 server"),
        ("Since 2024-05-01 it has been so.", "number: 2024-05-01"),
        ("Some 5% of calls fail.", "number: 5 %"),
        ("A project may send 100 calls a second.", "number: 100 call"),
        ("A key may send 1,000 calls, a project 100.", "number: 100"),
        ("Ask the people of Netflix.", "name: Netflix"),
        ("Netflix retries calls.", "name: Netflix"),
        ("OpenTelemetry shows it.", "name: OpenTelemetry"),
        ("Call `retry_all()` first.", "code: retry_all()"),
        ("The flag --retry-all does it.", "code: --retry-all"),
        ("```python\nretry()\n```", "code: retry()"),
        ("See https://example.com/docs/error.", "address: https://example.com/docs/error."),
        ("Write to help@example.com.", "address: help@example.com."),
        ('Choose "Retry all".', "quotation: Retry all"),
        ("Retry a payment without an `Idempotency-Key`.", "reversed"),
        ("Doubling the wait doesn't spread them out.", "reversed"),
        ("A key must send 100 calls a second.", "reversed"),
        ("Stop before 5 attempts.", "reversed"),
    ],
)
def test_what_the_core_does_not_say_is_found(text: str, found: str) -> None:
    """Numbers, what they count, names, code, addresses, quotations, negations and opposites."""
    assert any(said.startswith(found.rstrip(".")) for said in unsupported(text, RETRIES)), unsupported(
        text, RETRIES
    )


def test_other_languages_are_held_to_numbers_code_and_names() -> None:
    """A German text has its number and its noun found."""
    assert unsupported("Ein gelöschtes Projekt ist 14 Tage da.", LOESCHEN) == []
    assert unsupported("Es ist 15 Tage im Papierkorb.", LOESCHEN) == ["number: 15 tage", "name: Papierkorb"]


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.question)
@pytest.mark.parametrize("style", [BEGINNER, EXPERT, UNKNOWN], ids=["beginner", "expert", "unknown"])
def test_composed_words_claim_nothing_of_their_own(core: Core, style: AppliedStyle) -> None:
    """Labels and all, what code composes passes."""
    assert unsupported(compose(core, style).text, core) == []


def test_sentences_are_without_marks_and_blocks_of_code() -> None:
    """Lists, headings, bold labels and fences are no part of what is said."""
    text = "## Steps\n\n1. Dig *deep*.\n- Plant. Water!\n\n```\nx = 1\n```\n\n**Note:** Wait."
    assert sentences(text) == ["Steps", "Dig *deep*.", "Plant.", "Water!", "Note:", "Wait."]


def test_words_that_say_something_have_one_form() -> None:
    """Number, -ing and words of one meaning make no difference; little words and negations are not among them."""
    assert content_words("You do not delete the projects", "en") == content_words("Removing a project", "en")
