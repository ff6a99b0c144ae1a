"""What is a question, and which two ways of writing it are surely one."""

from __future__ import annotations

import pytest

from foreword.errors import FieldError
from tiering.question import QUESTION_BYTES_MAX, check_question, normalise

SAME = [
    ("Hi, could you please tell me what's the price of a pass?", "what is the price of a pass"),
    ("WHAT ARE YOUR OPTIONS?", "What are your options"),
    ("  How do I   top it up ?", "how do i top it up!?"),
    ("Can I pay in instalments please? Thanks", "Can I pay in installments"),
    ("Hello there! Can I pay cash", "can i pay cash"),
    ("so what time does it close", "What time does it close?"),
    ("Just wondering, do you do refunds?", "Do you do refunds? Many thanks in advance"),
    ("How can I reset it?", "How do I reset it?"),
    ("How to reset it?", "Please tell me how to reset it"),
    ("I'd like to know why it isn't working", "why it is not working"),
    ("Have you got a pool?", "do you have a pool"),
    ("What’s the “free” plan?", 'What\'s the "free" plan'),
    ("What is the favourite colour?", "what is the favorite color"),
    (
        "Can the organisation cancel my cancelled travelling?",
        "can the organization cancel my canceled traveling",
    ),
    ("Is it twenty-five per cent?", "Is it 25%?"),
    ("two thousand and one nights", "2,001 nights"),
    ("a hundred and five", "105"),
    ("Is it open at 7:00 p.m.?", "is it open at 7 PM"),
    ("the first plan", "the 1st plan"),
    ("Can I, um, pay?", "can I pay?"),
    ("I\u200b need\u00ad \u202ea plan", "i need a plan"),
    ("ﬁsh １２", "fish 12"),
    ("I cant pay", "I can't pay"),
    ("can u deliver", "Can you deliver?"),
    ("Morning, do you know how I can pay?", "How can I pay?"),
    ("When I land, can I pay?", "when i land can i pay"),
]
APART = [
    ("What is 10⁵?", "What is 105?"),
    ("Is 1½ enough?", "Is 11/2 enough?"),
    ("What is 5!?", "What is 5?"),
    ("Do you deliver to the US?", "do you deliver to us?"),
    ("What is C#?", "What is C++?"),
    ("What is C#?", "What is C?"),
    ("What is .NET?", "What is net?"),
    ("Is it -5 degrees?", "Is it 5 degrees?"),
    ("Can I have twenty one-day passes?", "Can I have twenty-one day passes?"),
    ("Is no one there?", "Is no 1 there?"),
    ("How do I say thank you?", "How do I say?"),
    ("Is it over £50?", "Is it over $50?"),
    ("What does a > b mean?", "What does a < b mean?"),
    ("What is paypal?", "What is pаypal?"),
    ("How do I handle my data?", "How do you handle my data?"),
    ("Hi in Japanese?", "in Japanese?"),
    ("Is my bill filled?", "Is my bill filed?"),
    ("Choose 1, 2", "Choose 1.2"),
    ("What is u?", "What is you?"),
    ("Is 100 Mb/s fast?", "Is 100 MB/s fast?"),
    ("What do we pay?", "What do I pay?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_ways_of_writing_one_question_share_a_form(one: str, other: str) -> None:
    """Courtesy, short forms, spelling, case, typography and numbers in words make no other question."""
    assert normalise(one, "en-GB") == normalise(other, "en")


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_may_ask_otherwise_keeps_its_own_form(one: str, other: str) -> None:
    """Nothing that carries a meaning is taken for a way of writing."""
    assert normalise(one, "en") != normalise(other, "en")


@pytest.mark.parametrize(
    ("locale", "one", "other"),
    [
        ("de", "Trinkt man in Maßen?", "Trinkt man in Massen?"),
        ("tr", "KIZ nerede?", "kiz nerede?"),
        ("de", "Hi, please?", "please?"),
        ("fr", "Où est-il?", "Ou est-il?"),
        ("hi", "क्या यह है?", "कया यह है?"),
        ("fr", "hundred", "100"),
    ],
)
def test_other_languages_keep_their_letters_and_words(locale: str, one: str, other: str) -> None:
    """Accents, joiners and the German ß stay, a Turkish I is no i, and no English rule is applied."""
    assert normalise(one, locale) != normalise(other, locale)


@pytest.mark.parametrize(
    ("locale", "one", "other"),
    [
        ("es", "¿Dónde está?", "dónde   está"),
        ("ar", "أين هو؟", "أين هو"),
        ("zh", "在哪里？", "在哪里"),
        ("el", "Πού είναι;", "πού είναι"),
        ("fr", "Combien ?", "combien"),
        ("tr", "IŞIK nedir?", "ışık nedir"),
        ("de", "Cafe\u0301?", "café"),
    ],
)
def test_other_languages_lose_what_only_frames_a_question(locale: str, one: str, other: str) -> None:
    """Spaces, case, composed letters and the marks at both ends are no other question in any language."""
    assert normalise(one, locale) == normalise(other, locale)


def test_flags_that_differ_by_hidden_tags_stay_apart() -> None:
    """The flags of England and of Scotland are a black flag each, with letters that nobody sees."""
    england, scotland = (
        "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
        for region in ("gbeng", "gbsct")
    )
    assert normalise(f"Who flies {england}?", "en") != normalise(f"Who flies {scotland}?", "en")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "nothing"),
        (" \n", "nothing"),
        ("?!", "no letter or digit"),
        ("a\x00b", "U+0000"),
        ("\x1b[31mred", "U+001B"),
        ("a\ud800", "U+D800"),
        ("x" * (QUESTION_BYTES_MAX + 1), f"{QUESTION_BYTES_MAX + 1} bytes"),
        ("é" * (QUESTION_BYTES_MAX // 2 + 1), "bytes"),
    ],
)
def test_what_is_no_question_is_refused(text: str, found: str) -> None:
    """Empty, huge and binary text is refused, with the field and what was found."""
    with pytest.raises(FieldError, match="question") as refused:
        check_question("question", text)
    assert found in refused.value.found


@pytest.mark.parametrize("text", ["a", "why?\n\tand how", "x" * QUESTION_BYTES_MAX, "为什么", "5"])
def test_a_question_passes(text: str) -> None:
    """Any text of at most 2,000 bytes with a letter or digit is a question."""
    check_question("question", text)
