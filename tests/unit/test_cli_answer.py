"""What `foreword answer` says of what a sidecar answers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from answer_server import RefusedError, answer_server

from foreword.cli import main
from foreword.cli.answer_text import age_text, found_text
from foreword.v1.answer_pb2 import (
    AnswerDone,
    AnswerExplanation,
    AppliedStyle,
    AuditedHit,
    CoreFound,
    HitKind,
    PrivateReason,
    Tier,
    TierCost,
    WrapperKind,
)
from foreword.v1.answer_service_pb2 import (
    AnswerResponse,
    AuditAnswersResponse,
    CoreEntry,
    ExplainAnswerResponse,
    GetCoreResponse,
    InvalidateCoresResponse,
    InvalidatedCore,
    ListCoresResponse,
)
from foreword.v1.core_pb2 import Core, CoreAlias, CoreFreshness, CoreOrigin, CoreRevisions, CoreSection
from foreword.v1.profile_pb2 import Depth, Length

QUESTION = "How do I reset a password?"
CORE_ID, ANSWER_ID, ALIAS_ID = "c" * 32, "a" * 32, "1" * 32
FOUND = CoreFound(
    hit=HitKind.HIT_KIND_EXACT,
    core_id=CORE_ID,
    age={"seconds": 3 * 3600 + 5},
    freshness=CoreFreshness.CORE_FRESHNESS_FRESH,
)
DONE = AnswerDone(
    answer_id=ANSWER_ID,
    section_ids=["steps", "limits"],
    style=AppliedStyle(
        depth=Depth.DEPTH_DEEP, tone="direct", length=Length.LENGTH_LONG, example_domains=["java"]
    ),
    wrapper=WrapperKind.WRAPPER_KIND_DETERMINISTIC,
    fallback="the plan names no section",
    costs=[TierCost(tier=Tier.TIER_WRAPPER, calls=1, input_tokens=900, output_tokens=40, micro_usd=12)],
    untiered_micro_usd=7_000,
    profile_revision=4,
)
CORE = Core(
    core_id=CORE_ID,
    question=QUESTION,
    lead_short="By the link.",
    sections=[CoreSection(section_id="steps", kind=2, tags=["login"], standard="Open the page.")],
    tags=["login"],
    origin=CoreOrigin.CORE_ORIGIN_GENERATED,
    revisions=CoreRevisions(model="claude-sonnet-5-5"),
    created_at={"seconds": 1_700_000_000},
    cost_micro_usd=2_500,
)
ALIAS = CoreAlias(
    alias_id=ALIAS_ID, question="Resetting passwords?", judged_by="claude", created_at={"seconds": 1}
)


async def whole(_request: Any) -> AsyncIterator[AnswerResponse]:
    yield AnswerResponse(found=FOUND)
    for text in ("By the ", "link."):
        yield AnswerResponse(text=text)
    yield AnswerResponse(done=DONE)


async def missing(_request: Any) -> AsyncIterator[AnswerResponse]:
    raise RefusedError(grpc.StatusCode.UNAVAILABLE, "NO_ANSWER", "there is no core", hint="put one")
    yield AnswerResponse()


async def broken(_request: Any) -> AsyncIterator[AnswerResponse]:
    yield AnswerResponse(text="By the ")
    raise RefusedError(grpc.StatusCode.INTERNAL, "INTERNAL", "it broke")


Run = Callable[..., tuple[int, str, str, list[tuple[str, Any]]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `foreword answer` against what a sidecar says; returns code, stdout, stderr, and what it was asked."""

    def running(says: dict[str, Any], *arguments: str) -> tuple[int, str, str, list[tuple[str, Any]]]:
        with answer_server(**says) as (address, service):
            code = main(["answer", *arguments, "--address", address])
        printed = capsys.readouterr()
        return code, printed.out, printed.err, service.asked

    return running


def test_an_answer_is_printed_with_how_it_was_had(run: Run) -> None:
    """The words go to stdout; how the core was found and the cost to stderr, and with --verbose style and sections."""
    code, out, err, asked = run(
        {"Answer": whole}, "ask", "ada", QUESTION, "--namespace", "acme", "--tag", "a", "--standalone", "How?"
    )
    assert (code, out) == (0, "By the link.\n")
    assert err.splitlines() == [
        "Answered by the core of this question, 3 hours old, fresh; 0.000012 USD, untiered 0.007000 USD",
        f"Why: foreword answer explain {ANSWER_ID}",
    ]
    request = asked[0][1]
    assert (request.user_id, request.namespace, request.standalone_question) == ("ada", "acme", "How?")
    assert (list(request.tags), request.cached_only) == (["a"], False)
    err = run({"Answer": whole}, "ask", "ada", QUESTION, "--verbose")[2]
    assert "of the sections steps, limits; not as configured: the plan names no section" in err
    assert "Style of revision 4 of the profile: depth deep; length long; tone direct; examples of java" in err


def test_an_answer_in_json_has_all_parts(run: Run) -> None:
    """With --json it is one object, printed when all of it is there."""
    code, out, _, _ = run({"Answer": whole}, "ask", "ada", QUESTION, "--json")
    shown = json.loads(out)
    assert (code, shown["text"], shown["found"]["core_id"]) == (0, "By the link.", CORE_ID)
    assert shown["done"]["untiered_micro_usd"] == 7_000


def test_no_answer_is_one_sentence_and_1(run: Run) -> None:
    """A miss among what is stored and an answer that cannot be had say why, with the hint; so does one that breaks."""
    for arguments in ((), ("--cached-only",)):
        code, out, err, _ = run({"Answer": missing}, "ask", "ada", QUESTION, *arguments)
        assert (code, out, err) == (1, "", "Error: there is no core (put one)\n")
    code, out, err, _ = run({"Answer": broken}, "ask", "ada", QUESTION)
    assert (code, out, err) == (1, "By the \n", "Error: it broke\n")
    code, out, err, _ = run({"Answer": missing}, "ask", "ada", QUESTION, "--json")
    assert (code, out, json.loads(err)["error"]["reason"]) == (1, "", "NO_ANSWER")


def test_a_core_is_shown_by_question_or_id(run: Run) -> None:
    """All that it says goes to stdout; how it was found and made, its tags and its aliases to stderr."""
    got = {"GetCore": lambda _: GetCoreResponse(found=FOUND, core=CORE, aliases=[ALIAS])}
    code, out, err, asked = run(got, "get", QUESTION)
    assert (code, asked[0][1].question) == (0, QUESTION)
    assert out.startswith(
        f"# {QUESTION}\n\nBy the link.\n\n## steps (steps, login)\n\nStandard: Open the page.\n"
    )
    assert f"Core {CORE_ID}, generated by claude-sonnet-5-5 for 0.002500 USD" in err
    assert "tags login" in err
    assert f"Alias {ALIAS_ID} of claude" in err
    asked = run(got, "get", CORE_ID, "--json")[3]
    assert asked[0][1].core_id == CORE_ID
    assert run({"GetCore": lambda _: GetCoreResponse()}, "get", QUESTION)[:2] == (1, "")


def test_an_answer_is_explained(run: Run) -> None:
    """Why it was served, who says so, and the commands that withdraw it; what it cost, and from when on it pays."""
    found = CoreFound(
        hit=HitKind.HIT_KIND_ALIAS, core_id=CORE_ID, core_question=QUESTION, age=FOUND.age, freshness=2
    )
    explanation = AnswerExplanation(
        answer_id=ANSWER_ID,
        found=found,
        done=DONE,
        alias=ALIAS,
        core=CORE,
        served_count=12,
        break_even_count=3,
    )
    said = {"ExplainAnswer": lambda _: ExplainAnswerResponse(explanation=explanation)}
    code, out, _, _ = run(said, "explain", ANSWER_ID)
    assert code == 0
    assert f"the core of '{QUESTION}', which asks the same, 3 hours old, stale" in out
    assert f"withdrawn by: foreword answer purge --alias {ALIAS_ID}" in out
    assert f"withdrawn by: foreword answer purge --core {CORE_ID}" in out
    assert "12 answers; cheaper than one by one from 3 on" in out
    assert "spent on" in out
    explanation.ClearField("core")
    assert f"{CORE_ID}, which is gone" in run(said, "explain", ANSWER_ID)[1]
    assert json.loads(run(said, "explain", ANSWER_ID, "--json")[1])["served_count"] == 12
    code, out, err, _ = run({"ExplainAnswer": lambda _: ExplainAnswerResponse()}, "explain", ANSWER_ID)
    assert (code, out) == (1, "")
    assert "no longer" in err


def test_near_questions_are_listed_with_what_withdraws_them(run: Run) -> None:
    """Both questions stand below each other; an alias or a served core can be withdrawn, others need not be."""
    hits = [
        AuditedHit(question="Reset\npassword?", core_question=QUESTION, alias_id=ALIAS_ID, verdict="same"),
        AuditedHit(question="Q" * 200, core_question=QUESTION, core_id=CORE_ID, was_served=True),
        AuditedHit(question="Delete it?", core_question=QUESTION, core_id="d" * 32, veto="antonym: delete"),
    ]
    code, out, _, asked = run(
        {"AuditAnswers": lambda _: AuditAnswersResponse(hits=hits)}, "audit", "--count", "3"
    )
    assert (code, asked[0][1].count, asked[0][1].HasField("namespace")) == (0, 3, False)
    heading, first, near, second, _, third, _ = out.splitlines()
    assert first.endswith(f"Reset password?{' ' * (96 - 15)}  foreword answer purge --alias {ALIAS_ID}")
    assert near.strip() == QUESTION
    assert near.index(QUESTION) == heading.index("asked, and") == first.index("Reset")
    assert second.endswith(f"Q…  foreword answer purge --core {CORE_ID}")
    assert third.endswith("Delete it?")
    assert "antonym: delete" in third
    nothing = run({"AuditAnswers": lambda _: AuditAnswersResponse()}, "audit", "--served-only")
    assert nothing[:2] == (0, "")
    assert nothing[3][0][1].served_only


def test_cores_are_listed(run: Run) -> None:
    """A line for each core with its age, state and answers, and how to go on; without any, how to get some."""
    entry = CoreEntry(
        core_id=CORE_ID, question="What\x1b[2J is it?", origin=CoreOrigin.CORE_ORIGIN_CURATED, served_count=1234,
        freshness=CoreFreshness.CORE_FRESHNESS_STALE_IF_ERROR, section_count=3, source_count=2,
    )  # fmt: skip
    page = ListCoresResponse(cores=[entry, CoreEntry(question="gone?")], next_page_token="on")
    _, out, err, _ = run({"ListCores": lambda _: page}, "list", "--limit", "2")
    first, second = out.splitlines()[1:]
    assert first.split("  ")[0] == "What\\x1b[2J is it?"
    assert first.split()[-4:] == ["error", "1,234", "3", "2"]
    assert "gone  " in second
    assert "--page-token on" in err
    _, _, nothing, _ = run({"ListCores": lambda _: ListCoresResponse()}, "list")
    assert "foreword answer import" in nothing


def gone(count: int) -> Callable[[Any], InvalidateCoresResponse]:
    core = InvalidatedCore(core_id=CORE_ID, question=QUESTION, met_by="login", origin=2)
    return lambda _: InvalidateCoresResponse(
        cores=[core] * min(count, 1000), core_count=count, alias_count=1, epoch=3
    )


def test_a_purge_says_what_met_each_core(run: Run) -> None:
    """It looks first; with --dry-run it stops there."""
    code, out, _, asked = run({"InvalidateCores": gone(2)}, "purge", "--tag", "login")
    assert (code, [request.dry_run for _, request in asked]) == (0, [True, False])
    assert asked[1][1].tag == "login"
    assert re.split(" {2,}", out.splitlines()[1]) == [CORE_ID, "curated", "login", QUESTION]
    assert out.splitlines()[-1] == "2 cores, 1 alias removed"
    code, out, _, asked = run({"InvalidateCores": gone(1)}, "purge", "--question", QUESTION, "--dry-run")
    assert (code, [request.dry_run for _, request in asked]) == (0, [True])
    assert out.splitlines()[-1] == "1 core, 1 alias would be removed"
    code, out, err, _ = run(
        {"InvalidateCores": lambda _: InvalidateCoresResponse()}, "purge", "--core", CORE_ID
    )
    assert (code, out, err) == (0, "", "Nothing is met by that; nothing is removed\n")


@pytest.mark.parametrize("selector", [("--everything",), ("--tag", "login")])
def test_a_large_purge_is_confirmed(
    run: Run, selector: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything, or more than 100 cores, wants --yes, or a yes on a terminal; a no removes nothing."""
    says = {"InvalidateCores": gone(1001 if selector[0] == "--tag" else 0)}
    code, out, err, asked = run(says, "purge", *selector)
    assert (code, out, len(asked)) == (2, "", 1)
    assert "confirm with --yes" in err
    assert len(err.splitlines()) == 1
    code, out, err, asked = run(says, "purge", *selector, "--yes")
    assert (code, len(asked)) == (0, 2)
    if selector[0] == "--tag":
        assert "and 1 more" in err
    else:
        assert out == "Everything that a model wrote in the default namespace removed: epoch 3 has begun\n"
    for answer, code, calls in (("n", 130, 1), ("y", 0, 2)):
        terminal = io.TextIOWrapper(io.BytesIO(f"{answer}\n".encode()))
        monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stdin", terminal)
        done = run(says, "purge", *selector)
        assert (done[0], len(done[3])) == (code, calls)


def test_a_purge_names_one_thing(run: Run) -> None:
    """Nothing, or two things at once, is wrong usage, and nothing is asked."""
    for selectors in ((), ("--tag", "a", "--everything")):
        code, _, err, asked = run({}, "purge", *selectors)
        assert (code, asked) == (2, [])
        assert "exactly one of" in err


@pytest.mark.parametrize(("seconds", "said"), [(-5, "0 seconds"), (119, "119 seconds"), (7200, "2 hours")])
def test_an_age_is_said_in_its_largest_unit(seconds: int, said: str) -> None:
    """Of which there are two at least; a clock that was set back makes no age."""
    found = CoreFound()
    found.age.FromSeconds(seconds)
    assert age_text(found.age) == said


def test_every_way_to_a_core_has_words() -> None:
    """No hit and no reason of the API is left without a sentence of its own."""
    said = [found_text(CoreFound(hit=hit)) for hit in HitKind.values()]
    said += [
        found_text(CoreFound(hit=HitKind.HIT_KIND_PRIVATE, private_reason=reason))
        for reason in PrivateReason.values()[1:]
    ]
    assert len(set(said)) == len(said)
    assert not any("does not know" in text for text in said)
