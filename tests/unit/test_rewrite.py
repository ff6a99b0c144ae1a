"""A rewrite is taken when each of its sentences is the core's in other words, and refused otherwise."""

from __future__ import annotations

import json

import pytest
from some_cores import BEGINNER, RETRIES, UNKNOWN, styled

from foreword.llm import ModelAnswer
from tiering.errors import UnusableAnswerError
from tiering.rewrite import read_rewrite, rewrite_request

CANARY = "zebracanary"
CAVEAT = RETRIES.caveats[0].text
GOOD = (
    f"{CAVEAT}\n\nWait one second after the first failure, then double the wait each time, and stop after five "
    "attempts.\n\nA key may send 100 calls a second, so stay below that."
)


def answered(text: object) -> ModelAnswer:
    return ModelAnswer(text=json.dumps({"text": text}), stop_reason="end", model="small")


def test_a_faithful_rewrite_follows_the_lead() -> None:
    """With the sections that it takes its sentences from."""
    found = read_rewrite(answered(GOOD), RETRIES, BEGINNER)
    assert found.text == f"{RETRIES.lead_short}\n\n{GOOD}"
    assert found.section_ids == ("how", "limits")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 words"),
        (7, "not of the form"),
        (f"{GOOD} " * 40, "words; allowed"),
        (GOOD.replace("Never", "Do not"), "lacks 1 of 1 caveats"),
        (f"{GOOD} Wait 3 seconds.", "number"),
        (f"{GOOD} Netflix and others retry calls like Hystrix.", "name"),
        (f"{GOOD} Doubling the wait does not spread them out.", "reversed"),
        (f"{GOOD} The vendor refunds angry customers within its generous policy.", "no like in the core"),
    ],
)
def test_an_unfaithful_rewrite_is_refused(text: object, why: str) -> None:
    """Too long, without a caveat, or with something of its own; the sentence quotes nothing of it."""
    with pytest.raises(UnusableAnswerError, match=why) as raised:
        read_rewrite(answered(text), RETRIES, BEGINNER)
    assert "Netflix" not in str(raised.value)


def test_a_request_has_the_whole_core_in_front_and_nothing_of_a_profile() -> None:
    """All styles share what stands before the prompt, so that a provider caches it."""
    style = styled(domains=("java", CANARY), emphasis=("limits", CANARY), tone="formal")
    request, other = (rewrite_request(RETRIES, each, model="m") for each in (style, UNKNOWN))
    assert CANARY not in repr(request)
    assert (request.shared, request.instructions) == (other.shared, other.instructions)
    assert request.prompt != other.prompt
    for section in RETRIES.sections:
        assert json.dumps(section.overview)[1:-1] in request.shared
    assert CAVEAT in request.shared
