"""Cores that the application puts: who is answered with which words, and what removes them."""

from __future__ import annotations

import re
from typing import Any

import grpc
import pytest
from some_cores import RESET, RETRIES

from foreword.cli import main
from foreword.defaults import default_profile
from foreword.errors import ServiceError
from foreword.v1.answer_pb2 import HitKind, WrapperKind
from foreword.v1.answer_service_pb2 import (
    GetCoreRequest,
    GetCoreResponse,
    InvalidateCoresRequest,
    PutCoreRequest,
    PutCoreResponse,
    WrapCoreRequest,
)
from foreword.v1.core_pb2 import Core, CoreFreshness, CoreOrigin, CoreSection
from foreword.v1.profile_pb2 import Depth, Length, Presentation

QUESTION = "How do I retry failed calls?"
ARTICLE = """---
tags: [billing, refunds]
aliases:
  - Can I get my money back?
---
# How do I return a purchase?

Send it back within 30 days, unused and in its box. We pay the money back to the card you paid with.

## Send it back

1. Print the label from your order page.
2. Put it on the box.
3. Bring the box to any post office.

## How long it takes

The money is on your card 5 working days after the box arrives.

> [!WARNING]
> Underwear and opened software cannot be returned.
"""


def novice() -> Presentation:
    return Presentation(
        depth=Depth.DEPTH_OVERVIEW, tone="friendly", length=Length.LENGTH_SHORT, example_domains=["python"]
    )


def expert() -> Presentation:
    return Presentation(
        depth=Depth.DEPTH_DEEP,
        tone="direct",
        length=Length.LENGTH_LONG,
        example_domains=["java", "sql"],
        emphasis=["rate limits"],
    )


def claim(running: Any, question: str) -> GetCoreResponse:
    """Ask for a core as one who wants to write it."""
    request = GetCoreRequest(question=question, claim=True)
    return GetCoreResponse.FromString(running.call("AnswerService/GetCore", request.SerializeToString()))


def put_core(running: Any, request: PutCoreRequest) -> PutCoreResponse:
    return PutCoreResponse.FromString(running.call("AnswerService/PutCore", request.SerializeToString()))


def refused(error: pytest.ExceptionInfo[ServiceError]) -> tuple[str, str]:
    return error.value.reason, str(error.value)


# -- two users, one core -----------------------------------------------------------------------------------------


def test_two_users_read_one_core_each_in_their_own_words(running: Any) -> None:
    """The same facts and caveats, in other depth, examples and emphasis; no model is there at all."""
    running.put("nora", presentation=novice())
    running.put("xaver", presentation=expert())
    put = running.client.put_core(RETRIES)
    nora = running.client.answer("nora", QUESTION)
    xaver = running.client.answer("xaver", "how do i retry FAILED calls")
    caveat = RETRIES.caveats[0].text
    for answer in (nora, xaver):
        assert caveat in answer.text
        assert (answer.found.core_id, answer.found.hit) == (put.core.core_id, HitKind.HIT_KIND_EXACT)
        assert answer.done.wrapper == WrapperKind.WRAPPER_KIND_DETERMINISTIC
        assert not answer.done.costs
        assert answer.done.profile_revision
    assert "Retrying(stop=stop_after_attempt(5))" in nora.text
    assert "RetryConfig.ofDefaults()" in xaver.text
    assert "250 ms" in xaver.text
    assert "250 ms" not in nora.text
    assert len(nora.text) < len(xaver.text) / 2
    assert xaver.done.section_ids[0] == "limits"


def test_unknown_user_gets_the_usual_words(running: Any) -> None:
    """Somebody who was never seen, and somebody whose profile says nothing, read the same bytes."""
    running.client.put_core(RETRIES)
    running.put("ann")
    assert running.client.answer("ann", QUESTION).text == running.client.answer("nobody", QUESTION).text
    assert running.client.answer("nobody", QUESTION).done.profile_revision == 0


def test_unknown_user_gets_the_words_of_their_namespaces_default(running: Any) -> None:
    """As the operator's editorial presents them, and from the next look on as a changed one does."""
    running.client.put_core(RETRIES)
    running.put("nora", presentation=novice())
    words = running.client.answer("nora", QUESTION).text
    assert running.client.answer("nobody", QUESTION).text != words
    default = default_profile()
    default.presentation.CopyFrom(novice())
    with running.profiles.begin() as txn:
        txn.put_namespace_defaults("", default, default.foreword)
    running.eventually(lambda: running.client.answer("nobody", QUESTION).text == words, "the default's words")
    assert running.client.answer("nobody", QUESTION).done.profile_revision == 0


def test_explanation_says_why(running: Any) -> None:
    """How the core was found, in which style, what it saved, and the core itself; nothing names the user."""
    running.put("xaver", presentation=expert())
    running.client.put_core(RETRIES)
    done = running.client.answer("xaver", QUESTION).done
    why = running.client.explain_answer(done.answer_id).explanation
    assert why.done == done
    assert why.found.hit == HitKind.HIT_KIND_EXACT
    assert why.core.question == QUESTION
    assert why.served_count == 1
    assert list(why.done.style.example_domains) == ["java", "sql"]
    assert b"xaver" not in why.SerializeToString()
    assert why.done.untiered_micro_usd > 0


def test_words_hold_nothing_of_a_profile(running: Any) -> None:
    """Not even names of domains and emphasis that no core knows."""
    odd = Presentation(example_domains=["zanzibar"], emphasis=["quetzal"], tone="xylophone")
    running.put("ann", presentation=odd)
    running.client.put_core(RETRIES)
    text = running.client.answer("ann", QUESTION).text.lower()
    assert not any(word in text for word in ("zanzibar", "quetzal", "xylophone"))


# -- put ---------------------------------------------------------------------------------------------------------


def test_markdown_is_split_by_rule(running: Any) -> None:
    """An article answers its title and its other questions, with its caveats, and is found by its tags."""
    put = running.client.put_core(ARTICLE)
    assert put.stored
    assert put.core.origin == CoreOrigin.CORE_ORIGIN_CURATED
    answer = running.client.answer("ann", "Can I get my money back?")
    assert answer.found.hit == HitKind.HIT_KIND_ALIAS
    assert answer.found.core_question == "How do I return a purchase?"
    assert "Underwear and opened software cannot be returned." in answer.text
    gone = running.client.invalidate(tag="refunds", dry_run=True)
    assert [each.question for each in gone.cores] == ["How do I return a purchase?"]
    assert gone.alias_count == 1


def test_core_that_is_put_again(running: Any) -> None:
    """Unchanged it stays; another one for the same question wants `replace`."""
    first = running.client.put_core(RETRIES)
    running.clock.advance(1000)
    again = running.client.put_core(RETRIES)
    assert (again.unchanged, again.core.created_at) == (True, first.core.created_at)
    other = Core(question=QUESTION, lead_short="Use the SDK, which retries by itself.")
    with pytest.raises(ServiceError) as error:
        running.client.put_core(other)
    assert refused(error)[0] == "CORE_EXISTS"
    assert running.client.put_core(other, replace=True).stored
    assert "SDK" in running.client.answer("ann", QUESTION).text


def test_words_follow_a_core_that_is_replaced_within_one_moment(running: Any) -> None:
    """The clock need not have moved."""
    running.client.put_core(RETRIES)
    running.client.answer("ann", QUESTION)
    running.client.put_core(
        Core(question=QUESTION, lead_short="Use the SDK, which retries by itself."), replace=True
    )
    assert "SDK" in running.client.answer("ann", QUESTION).text


def test_core_that_is_not_in_order_names_the_field(running: Any) -> None:
    """The field, what was found and what is allowed; nothing is stored."""
    bad = Core(question=QUESTION, lead_short="Yes.", sections=[CoreSection(section_id="A B", standard="x")])
    with pytest.raises(ServiceError) as error:
        running.client.put_core(bad)
    assert refused(error)[0] == "FIELD_INVALID"
    assert "sections[0].section_id" in refused(error)[1]
    assert not running.client.get_core(QUESTION).HasField("core")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (PutCoreRequest(), "content"),
        (PutCoreRequest(markdown="no heading, and no question"), "markdown line 1"),
        (PutCoreRequest(core=Core(lead_short="Yes.")), "question"),
        (PutCoreRequest(core=RETRIES, locale="english please"), "locale"),
        (PutCoreRequest(core=RETRIES, namespace="n" * 65), "namespace"),
        (PutCoreRequest(core=RETRIES, tags=[""]), "tags[0]"),
        (PutCoreRequest(core=RETRIES, tags=[f"t{number}" for number in range(17)]), "tags"),
        (PutCoreRequest(core=RETRIES, aliases=["x\0y"]), "aliases[0]"),
        (PutCoreRequest(core=RETRIES, aliases=[f"Why {number}?" for number in range(51)]), "aliases"),
        (PutCoreRequest(core=RETRIES, claim="mine"), "claim"),
    ],
)
def test_bad_put_is_refused_by_field(running: Any, request_: PutCoreRequest, field: str) -> None:
    """Each field by its name, over the wire."""
    with pytest.raises(grpc.RpcError) as error:
        running.call("AnswerService/PutCore", request_.SerializeToString())
    violations = running.bad_request(error.value).field_violations
    assert [violation.field.startswith(field) for violation in violations] == [True], violations


def test_own_core_wins_over_alias(running: Any) -> None:
    """A question that has a core of its own leads nowhere else, and whoever says so is told."""
    running.client.put_core(RESET)
    put = running.client.put_core(RETRIES, aliases=[RESET.question])
    assert len(put.refused_aliases) == 1
    assert running.client.answer("ann", RESET.question).found.hit == HitKind.HIT_KIND_EXACT


# -- get and wrap ------------------------------------------------------------------------------------------------


def test_core_is_got_by_question_and_by_id(running: Any) -> None:
    """With what leads to it; a question nobody answered has none."""
    put = running.client.put_core(RETRIES, aliases=["What do I do when calls fail?"])
    by_question = running.client.get_core("What do I do when calls fail?")
    by_id = running.client.get_core(core_id=put.core.core_id)
    assert by_question.core == by_id.core == put.core
    assert [alias.question for alias in by_id.aliases] == ["What do I do when calls fail?"]
    assert running.client.get_core("Who are you?").found.hit == HitKind.HIT_KIND_UNSPECIFIED


def test_core_is_put_into_words_for_a_user(running: Any) -> None:
    """Stored or not, as the user's answers are."""
    running.put("nora", presentation=novice())
    put = running.client.put_core(RETRIES)
    words = running.client.answer("nora", QUESTION).text
    assert running.client.wrap(put.core, "nora") == words
    assert running.client.wrap(RETRIES, "nora") == words


def test_wrap_of_an_unknown_id_is_refused(running: Any) -> None:
    """By its field."""
    with pytest.raises(grpc.RpcError) as error:
        running.call(
            "AnswerService/WrapCore", WrapCoreRequest(core_id="0" * 32, user_id="ann").SerializeToString()
        )
    assert [each.field for each in running.bad_request(error.value).field_violations] == ["core_id"]


# -- remove ------------------------------------------------------------------------------------------------------


def test_purge_by_tag_and_by_alias(running: Any) -> None:
    """Only what is named goes, and what would go is what goes."""
    running.client.put_core(RETRIES, tags=["api"], aliases=["What do I do when calls fail?"])
    running.client.put_core(RESET, tags=["account"])
    alias_id = running.client.get_core(QUESTION).aliases[0].alias_id
    assert running.client.invalidate(alias_id=alias_id).alias_count == 1
    assert not running.client.get_core("What do I do when calls fail?").HasField("core")
    would = running.client.invalidate(tag="api", dry_run=True)
    assert running.client.get_core(QUESTION).HasField("core")
    did = running.client.invalidate(tag="api")
    assert [each.question for each in did.cores] == [each.question for each in would.cores] == [QUESTION]
    assert not running.client.get_core(QUESTION).HasField("core")
    assert running.client.get_core(RESET.question).HasField("core")
    assert running.client.invalidate(tag="api").core_count == 0


def test_epoch_leaves_what_people_put(running: Any) -> None:
    """`everything` is for what models made; a dry run begins no epoch."""
    running.client.put_core(RETRIES)
    assert running.client.invalidate(everything=True, dry_run=True).epoch == 0
    assert running.client.invalidate(everything=True).epoch == 1
    assert running.client.get_core(QUESTION).HasField("core")


def test_purge_of_nothing_in_particular_is_refused(running: Any) -> None:
    """`everything` must be said, and be true."""
    for request in (InvalidateCoresRequest(), InvalidateCoresRequest(everything=False)):
        with pytest.raises(grpc.RpcError) as error:
            running.call("AnswerService/InvalidateCores", request.SerializeToString())
        fields = [each.field for each in running.bad_request(error.value).field_violations]
        assert fields in (["selector"], ["everything"])


def test_namespaces_do_not_meet(running: Any) -> None:
    """A tenant's cores answer nobody else, and its purge reaches nobody else's."""
    running.client.put_core(RETRIES, namespace="shop", tags=["api"])
    assert not running.client.get_core(QUESTION).HasField("core")
    assert running.client.invalidate(tag="api").core_count == 0
    assert running.client.get_core(QUESTION, namespace="shop").HasField("core")


def test_regional_language_falls_back_to_its_own(running: Any) -> None:
    """A core in English answers who reads British English; one in German does not."""
    running.client.put_core(RETRIES)
    assert running.client.answer("ann", QUESTION, locale="en-GB").found.hit == HitKind.HIT_KIND_EXACT
    assert not running.client.get_core(QUESTION, locale="de").HasField("core")


# -- claims ------------------------------------------------------------------------------------------------------


def test_one_caller_writes_for_all(running: Any) -> None:
    """The application's own inference is called once for a question, and its core ages as generated ones do."""
    calls: list[str] = []

    def generate(question: str) -> str:
        calls.append(question)
        return "Open the menu and choose Export.\n\n## Formats\n\nCSV and PDF."

    for _ in range(3):
        core = running.client.core_or("How do I export invoices?", generate)
    assert calls == ["How do I export invoices?"]
    assert core.origin == CoreOrigin.CORE_ORIGIN_GENERATED
    running.clock.advance(30 * 86_400_000)
    running.client.core_or("How do I export invoices?", generate)
    assert len(calls) == 2


def test_claim_is_given_once_and_lapses(running: Any) -> None:
    """Meanwhile others are told to wait; afterwards the next one gets it, and the former stores nothing."""
    first = claim(running, "How do I export invoices?")
    assert first.claim
    second = claim(running, "How do I export invoices?")
    assert (second.claim, second.pending) == ("", True)
    running.clock.advance(61_000)
    third = claim(running, "How do I export invoices?")
    assert third.claim
    put = PutCoreRequest(question="How do I export invoices?", markdown="Choose Export.", claim=first.claim)
    assert not put_core(running, put).stored
    put.claim = third.claim
    assert put_core(running, put).stored


@pytest.mark.parametrize("question", ["Where is my order 4711?", "What is the weather today?"])
def test_claim_of_a_private_question_is_refused_with_the_reason(running: Any, question: str) -> None:
    """Nobody gets to write what must not be shared; the caller answers alone."""
    got = claim(running, question)
    assert not got.claim
    assert got.found.private_reason


def test_claimed_core_with_personal_data_is_refused(running: Any) -> None:
    """What a model wrote is scanned, as if Foreword had asked it."""
    held = claim(running, "Who helps with invoices?").claim
    request = PutCoreRequest(
        question="Who helps with invoices?", markdown="Write to jane.doe@gmail.com.", claim=held
    )
    with pytest.raises(grpc.RpcError) as error:
        running.call("AnswerService/PutCore", request.SerializeToString())
    assert "personal data" in error.value.details()


# -- erasure -----------------------------------------------------------------------------------------------------


def test_erasing_a_user_reaches_what_was_asked(running: Any) -> None:
    """The explanation of an erased user's answers is gone; another's stays."""
    running.client.put_core(RETRIES)
    ids = {user: running.client.answer(user, QUESTION).done.answer_id for user in ("ann", "bob")}
    assert running.client.explain_answer(ids["ann"]).HasField("explanation")
    erased = running.client.erase("ann", wait_seconds=0.1)
    assert {count.store: count.rows for count in erased.counts}["answers.asked"] >= 1
    assert not running.client.explain_answer(ids["ann"]).HasField("explanation")
    assert running.client.explain_answer(ids["bob"]).HasField("explanation")


def test_fresh_is_what_a_person_put_for_good(running: Any) -> None:
    """Whoever put it knows when it goes."""
    running.client.put_core(RETRIES)
    running.clock.advance(400 * 86_400_000)
    assert running.client.get_core(QUESTION).found.freshness == CoreFreshness.CORE_FRESHNESS_FRESH


def test_status_counts_answers(running: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Once there are any; and what they cost, beside what they would have."""
    assert main(["status", "--address", running.address]) == 0
    assert "answers" not in capsys.readouterr().out
    running.client.put_core(RETRIES)
    _ = running.client.answer("ann", QUESTION).text
    _ = running.client.answer("ann", "Who are you?", cached_only=True).text
    with pytest.raises(ServiceError, match="no model is configured"):
        _ = running.client.answer("ann", "Who are you?").text
    assert main(["status", "--address", running.address]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"answers +1: 1 from cores, 0 of one call, 1 failed", shown)
    assert re.search(r"answers cost +0\.000000 USD, untiered 0\.\d+ USD; cores take", shown)


def test_cores_are_listed_newest_first(running: Any) -> None:
    """A page tells what is stored and how often it answered, and leads on; a core comes once."""
    for number, question in enumerate(("How do I pay?", "How do I cancel?", "How do I pay?")):
        running.clock.advance(1000)
        running.client.put_core(f"Answer {number}.", question=question, tags=["help"], replace=True)
    running.client.put_core("Elsewhere.", question="How do I pay?", namespace="acme")
    with running.client.answer("ada", "How do I pay?") as answer:
        assert answer.text
    first = running.client.list_cores(page_size=2)
    assert [(core.namespace, core.question) for core in first.cores] == [
        ("acme", "How do I pay?"),
        ("", "How do I pay?"),
    ]
    assert (first.cores[1].served_count, list(first.cores[1].tags)) == (1, ["help"])
    assert first.cores[1].freshness == CoreFreshness.CORE_FRESHNESS_FRESH
    assert first.cores[1].created_at.ToMilliseconds() == running.clock.now_ms()
    rest = running.client.list_cores(page_size=2, page_token=first.next_page_token)
    assert rest.cores[0].question == "How do I cancel?"
    assert [core.namespace for core in running.client.list_cores(namespace="acme").cores] == ["acme"]
    running.client.invalidate(tag="help")
    assert len(running.client.list_cores().cores) == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"page_token": "x"}, "page_token"), ({"namespace": "n" * 65}, "namespace")],
)
def test_a_bad_list_of_cores_names_the_field(running: Any, asked: dict[str, Any], field: str) -> None:
    """A field out of range is refused with what is allowed."""
    with pytest.raises(ServiceError) as caught:
        running.client.list_cores(**asked)
    assert caught.value.metadata["field"] == field
