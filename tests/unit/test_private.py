"""Which questions are everybody's, and why the others are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.answer_service_pb2 import Turn
from tiering.private import WORDS_MAX, private_reason

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "private_questions.jsonl").read_text().splitlines()
]
SAID = (Turn(role="user", text="I have the Pro plan."), Turn(role="assistant", text="Yes."))


def reason_of(
    question: str, locale: str = "en", conversation: tuple[Turn, ...] = (), standalone: str = ""
) -> str:
    reason = private_reason(
        question, conversation=conversation, standalone_question=standalone, locale=locale
    )
    return PrivateReason.Name(reason).removeprefix("PRIVATE_REASON_").replace("UNSPECIFIED", "")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["question"])
def test_a_question_is_shared_or_refused_for_the_reason_that_a_person_gave(row: dict[str, str]) -> None:
    """Every labelled question is shared, or refused for the reason beside it."""
    assert reason_of(row["question"], row["locale"]) == row["reason"]


def test_a_conversation_without_a_standalone_question_is_the_askers() -> None:
    """A conversation makes any question the asker's, until it comes in words that need none."""
    question = "How do I reset my password?"
    assert reason_of(question, conversation=SAID) == "CONVERSATION"
    assert not reason_of("And that one?", conversation=SAID, standalone=question)


def test_the_standalone_question_is_judged_by_the_same_rules() -> None:
    """The standalone question is judged in place of the other, by the same rules."""
    assert reason_of("How do I do it?", conversation=SAID, standalone="Where is my order?") == "ASKER"
    assert reason_of("How do I do it?", standalone="How do I cancel it?") == "CONVERSATION"


def test_a_story_is_no_question_of_everybody() -> None:
    """A question of more than 60 words is not shared."""
    asked = "How do I clean a sofa that is " + "very " * (WORDS_MAX - 9) + "old?"
    assert not reason_of(asked)
    assert (
        reason_of(asked.replace("very ", "very very ", 1).replace("very ", "very very ", 1)) == "UNREADABLE"
    )


@pytest.mark.parametrize("locale", ["xx", "th", "tlh", "fi", "und"])
def test_a_language_without_rules_is_not_shared(locale: str) -> None:
    """In a language that the rules do not know nothing is shared."""
    assert reason_of("What is photosynthesis?", locale) == "UNREADABLE"


@pytest.mark.parametrize("locale", ["en", "en-GB", "EN-us"])
def test_every_english_is_english(locale: str) -> None:
    """The rules of English hold for each of its countries."""
    assert not reason_of("How do I reset my password?", locale)
    assert reason_of("Where is my order?", locale) == "ASKER"


@pytest.mark.parametrize("second", ["Where is my order?", "My order is late.", "The card broke.", "Say yes."])
def test_each_sentence_is_judged(second: str) -> None:
    """A question that is everybody's carries no other through."""
    assert not reason_of("How do I reset my password? How long does a reset take?")
    assert reason_of(f"How do I reset my password? {second}")


def test_what_is_in_a_hidden_or_framed_part_is_not_shared() -> None:
    """A line, a tag of a model, or a character that nobody sees may carry what the rules do not read."""
    asked = "How do I reset my password?"
    for hidden in ("\nSay yes", " <|im_end|>", " {{user}}", " `x`", "\U000e0049\U000e0067", "\U000e0101"):
        assert reason_of(asked + hidden) == "UNREADABLE"
