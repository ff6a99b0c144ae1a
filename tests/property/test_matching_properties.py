"""No single change of what is asked passes the veto; no way of writing the same changes the normal form."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tiering.matching import difference
from tiering.question import normalise


def pairs_of(name: str) -> list[dict[str, Any]]:
    text = (Path(__file__).parents[1] / "data" / name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


PAIRS = pairs_of("same_questions.jsonl")
TRAPS = [pair for pair in PAIRS if not pair["same_answer"]] + pairs_of("question_traps.jsonl")
QUESTIONS = sorted({pair[side] for pair in PAIRS for side in ("a", "b")})
NAMES = "Paris Norway Toyota Jupiter asthma rhubarb PostgreSQL violin plumber Tuesday Maria hydrogen".split()
SCOPES = "all only every most first last next free online also still again yesterday tomorrow".split()
OPPOSITES = [
    tuple(pair.split("/"))
    for pair in """on/off in/out up/down before/after from/to with/without under/over open/closed include/exclude
    enable/disable lock/unlock increase/decrease minimum/maximum import/export buy/sell first/last more/less best/worst
    hot/cold left/right early/late arrive/leave legal/illegal accept/decline early/late lend/borrow old/new can/must
    can/should do/did is/was are/were who/where when/where why/how why/when my/your my/his your/their i/we i/you
    monthly/weekly hour/day day/week year/month miles/kilometres employer/employee adults/children""".split()
]
# Words that carry no meaning of their own: to put one elsewhere may say the same.
TIES = frozenset(
    """a an the i my me your is are am be do does any of for in on at by to and or it what which can could how
    there have has please thanks so hello hi hey you us""".split()
)
TURNED = sorted(
    (question.lower(), changed)
    for question in QUESTIONS
    for pair in OPPOSITES
    for one, other in (pair, pair[::-1])
    if (changed := re.sub(rf"\b{one}\b", other, question.lower(), count=1)) != question.lower()
)
questions = st.sampled_from(QUESTIONS)


def assert_refused(one: str, other: str) -> None:
    assert normalise(one, "en") != normalise(other, "en")
    assert difference(one, other) != "", (one, other)
    assert difference(other, one) != "", (other, one)


@given(questions, st.data())
def test_a_word_for_another_is_refused(question: str, data: st.DataObject) -> None:
    """A name, a thing or a place put for another one is another question, wherever it stands."""
    words = question.split()
    at = data.draw(
        st.sampled_from([at for at, word in enumerate(words) if word.lower().strip("?.,!") not in TIES])
    )
    other = data.draw(st.sampled_from(NAMES))
    assert_refused(question, " ".join([*words[:at], other, *words[at + 1 :]]))


@given(questions, st.sampled_from([*SCOPES, "not", "never", "no"]), st.data())
def test_a_word_more_is_refused(question: str, word: str, data: st.DataObject) -> None:
    """A negation or a word of scope put in anywhere is another question."""
    words = question.split()
    at = data.draw(st.integers(0, len(words)))
    assert_refused(question, " ".join([*words[:at], word, *words[at:]]))


@given(questions, st.data())
def test_a_word_less_is_refused(question: str, data: st.DataObject) -> None:
    """Where a word that means something is left out, the question is another one."""
    words = question.split()
    at = data.draw(
        st.sampled_from([at for at, word in enumerate(words) if word.lower().strip("?.,!") not in TIES])
    )
    assert_refused(question, " ".join([*words[:at], *words[at + 1 :]]))


@given(st.sampled_from(TURNED))
def test_an_opposite_is_refused(turned: tuple[str, str]) -> None:
    """An opposite, another unit, mode, tense, person or kind of question put for a word is another question."""
    assert_refused(*turned)


@given(
    questions,
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.sampled_from(["for {}", "in {}", "over £{}", "{}%"]),
)
def test_a_number_for_another_is_refused(question: str, one: int, other: int, form: str) -> None:
    """No number passes for another, in whatever unit."""
    assume(one != other)
    asked = question.rstrip("?!. ")
    assert_refused(f"{asked} {form.format(one)}?", f"{asked} {form.format(other)}?")


@given(questions, st.data())
def test_two_words_that_change_places_are_refused(question: str, data: st.DataObject) -> None:
    """Who does what to whom, and from where to where, hangs on the order."""
    words = question.rstrip("?!. ").split()
    content = [at for at, word in enumerate(words) if word.lower() not in TIES]
    assume(len(content) >= 2)
    one, two = sorted(data.draw(st.lists(st.sampled_from(content), min_size=2, max_size=2, unique=True)))
    # A contract that is needed is a needed contract; A and B are B and A.
    assume(two > one + 1)
    assume(not {"and", "or"} & {word.lower() for word in words[one + 1 : two]})
    # B's A is A of B: two that a single such word ties say the same either way, as far as they say anything.
    assume(two > one + 2 or words[one + 1].lower() not in {"of", "for", "in", "on", "at", "by"})
    changed = [*words]
    changed[one], changed[two] = words[two], words[one]
    assume([word.lower() for word in changed] != [word.lower() for word in words])
    assert_refused(" ".join(words), " ".join(changed))


@given(
    questions, st.sampled_from(["{}?", "Hi, {}", "  {} ", "{}!?", "{} thanks!", "please, {}", "{}, please?"])
)
def test_dress_is_no_other_question(question: str, dress: str) -> None:
    """A greeting, thanks, spaces and marks around a question leave its form as it is."""
    assert normalise(dress.format(question), "en") == normalise(question, "en")


@given(st.text(), st.sampled_from(["en", "en-GB", "de", "tr", "ar", "zh-Hans"]))
def test_a_normal_form_is_its_own(text: str, locale: str) -> None:
    """Of any text, what is made normal once stays as it is."""
    once = normalise(text, locale)
    assert normalise(once, locale) == once


@given(
    st.text(st.characters(categories=["L", "M", "N"]), min_size=1),
    st.text(st.characters(categories=["L", "N"]), min_size=1),
)
def test_letters_of_any_script_are_kept(one: str, other: str) -> None:
    """Two words that differ by more than case and composition keep different forms, accents and scripts included."""
    assume(unicodedata.normalize("NFKC", one.lower()) != unicodedata.normalize("NFKC", other.lower()))
    assume(unicodedata.normalize("NFKC", one).lower() != unicodedata.normalize("NFKC", other).lower())
    assert normalise(one, "de") != normalise(other, "de")


@given(questions, questions)
def test_the_veto_goes_both_ways(one: str, other: str) -> None:
    """Whether two questions ask the same does not hang on which came first."""
    assert (difference(one, other) == "") == (difference(other, one) == "")


@pytest.mark.parametrize("pair", TRAPS, ids=lambda pair: f"{pair['a']} {pair['b']}")
def test_every_trap_is_refused(pair: dict[str, Any]) -> None:
    """Pairs written to look alike and ask otherwise."""
    assert_refused(pair["a"], pair["b"])


def test_two_in_three_that_ask_the_same_pass() -> None:
    """The veto is of use: of pairs in other words that ask the same it lets most pass."""
    same = [pair for pair in PAIRS if pair["same_answer"]]
    passed = [pair for pair in same if not difference(pair["a"], pair["b"])]
    assert len(passed) >= len(same) * 2 / 3
