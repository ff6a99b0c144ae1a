"""What the clients make of an answer that comes, breaks off, is cancelled, or does not come."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from answer_server import RefusedError, ScriptedAnswers, answer_server
from waiting import until, until_async

from foreword.client import AsyncForeword, Foreword
from foreword.errors import FieldError, ServiceError
from foreword.v1.answer_pb2 import AnswerDone, CoreFound, HitKind, PrivateReason
from foreword.v1.answer_service_pb2 import (
    AnswerResponse,
    GetCoreResponse,
    PutCoreResponse,
    Turn,
    WrapCoreResponse,
)
from foreword.v1.core_pb2 import Core, CoreCaveat, CoreSection

NOWHERE = "unix:/nonexistent/foreword.sock"
QUESTION = "How do I reset a password?"
FOUND = AnswerResponse(found=CoreFound(hit=HitKind.HIT_KIND_EXACT, core_id="c" * 32))
DONE = AnswerResponse(done=AnswerDone(answer_id="a" * 32, section_ids=["steps"]))
CORE = Core(
    core_id="c" * 32, question=QUESTION, lead_short="By the link.", lead_standard="By the link below."
)


async def whole(_request: Any) -> AsyncIterator[AnswerResponse]:
    for part in (FOUND, AnswerResponse(text="By the "), AnswerResponse(text="link."), DONE):
        yield part


async def broken(_request: Any) -> AsyncIterator[AnswerResponse]:
    yield FOUND
    yield AnswerResponse(text="By the ")
    raise RefusedError(grpc.StatusCode.INTERNAL, "INTERNAL", "it broke")


async def endless(_request: Any) -> AsyncIterator[AnswerResponse]:
    yield FOUND
    yield AnswerResponse(text="By the ")
    await asyncio.Event().wait()


async def mute(_request: Any) -> AsyncIterator[AnswerResponse]:
    await asyncio.Event().wait()
    yield FOUND


async def missing(_request: Any) -> AsyncIterator[AnswerResponse]:
    raise RefusedError(grpc.StatusCode.UNAVAILABLE, "NO_ANSWER", "there is no core")
    yield FOUND


def test_an_answer_is_text_and_parts(caplog: pytest.LogCaptureFixture) -> None:
    """`text` is all of it, a loop gives the parts, again and again; asked once, when it is first looked at."""
    with answer_server(Answer=whole) as (address, service), Foreword(address, namespace="acme") as client:
        turn = {"role": "user", "text": "Hello"}
        answer = client.answer("ada", QUESTION, conversation=[turn, Turn(role="assistant")], tags={"login"})
        assert not service.asked
        assert answer.found == FOUND.found
        assert list(answer) == list(answer) == ["By the ", "link."]
        assert (answer.text, answer.done, answer.error) == ("By the link.", DONE.done, None)
        ((_, request),) = service.asked
        assert (request.user_id, request.namespace, request.question) == ("ada", "acme", QUESTION)
        assert [turn.role for turn in request.conversation] == ["user", "assistant"]
        assert "".join(client.answer("ada", QUESTION)) == "By the link."
    assert not caplog.records


def test_an_answer_in_asyncio_is_awaited_or_looped_over() -> None:
    """Awaited it is there whole; `async for` gives its parts, and then it is there whole."""

    async def use(address: str) -> None:
        async with AsyncForeword(address) as client:
            assert (await client.answer("ada", QUESTION)).text == "By the link."
            answer = client.answer("ada", QUESTION)
            assert (answer.text, answer.found) == ("", CoreFound())
            assert [part async for part in answer] == ["By the ", "link."]
            assert [part async for part in answer] == ["By the ", "link."]
            assert (answer.text, answer.found, answer.done) == ("By the link.", FOUND.found, DONE.done)

    with answer_server(Answer=whole) as (address, service):
        asyncio.run(use(address))
        assert service.names() == ["Answer", "Answer"]


def test_part_of_an_answer_is_not_its_text() -> None:
    """Where an answer breaks off, its parts were seen and its text is empty; the error says why, or is raised."""

    async def use(address: str) -> None:
        async with AsyncForeword(address) as client:
            answer = client.answer("ada", QUESTION)
            assert [part async for part in answer] == ["By the "]
            assert (answer.text, answer.found) == ("", FOUND.found)
            assert "it broke" in str(answer.error)
        async with AsyncForeword(address, raises=True) as client:
            with pytest.raises(ServiceError, match="it broke"):
                await client.answer("ada", QUESTION)

    with answer_server(Answer=broken) as (address, _):
        with Foreword(address) as client:
            answer = client.answer("ada", QUESTION)
            assert list(answer) == ["By the "]
            assert (answer.text, answer.done) == ("", AnswerDone())
            assert getattr(answer.error, "reason", "") == "INTERNAL"
        with Foreword(address, raises=True) as client:
            answer = client.answer("ada", QUESTION)
            for _ in range(2):
                with pytest.raises(ServiceError, match="it broke"):
                    print(answer.text)
        asyncio.run(use(address))


def test_no_answer_is_empty_and_a_miss_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing to be had is an empty text with its reason; a miss among what is stored is not raised or logged."""
    with answer_server(Answer=missing) as (address, _), Foreword(address, raises=True) as client:
        stored = client.answer("ada", QUESTION, cached_only=True)
        assert (stored.text, getattr(stored.error, "reason", "")) == ("", "NO_ANSWER")
        assert not caplog.records
        with pytest.raises(ServiceError, match="there is no core"):
            print(client.answer("ada", QUESTION).text)
    with Foreword(NOWHERE) as client, caplog.at_level(logging.WARNING, "foreword.client"):
        gone = client.answer("ada", QUESTION)
        assert (gone.text, list(gone), gone.found) == ("", [], CoreFound())
        assert getattr(gone.error, "reason", "") == "UNAVAILABLE"
    assert "no sidecar answers" in caplog.text


def _leave_loop(client: Foreword, _service: ScriptedAnswers) -> None:
    for part in client.answer("ada", QUESTION):
        assert part == "By the "
        break
    gc.collect()


def _leave_block(client: Foreword, _service: ScriptedAnswers) -> None:
    with client.answer("ada", QUESTION) as answer:
        assert next(iter(answer)) == "By the "
    assert (answer.text, answer.error) == ("", None)


def _close_elsewhere(client: Foreword, service: ScriptedAnswers) -> None:
    answer = client.answer("ada", QUESTION)

    def close() -> None:
        until(lambda: service.asked, "the question arrived")
        answer.close()

    closing = threading.Thread(target=close)
    closing.start()
    assert answer.text == ""
    assert answer.error is None
    closing.join()


@pytest.mark.parametrize("leave", [_leave_loop, _leave_block, _close_elsewhere])
def test_an_answer_let_go_of_ends_the_call(leave: Callable[[Foreword, ScriptedAnswers], None]) -> None:
    """Who breaks off, leaves the block, or closes from another thread ends the call in the sidecar, at any part."""
    for says in (endless, mute) if leave is _close_elsewhere else (endless,):
        with answer_server(Answer=says) as (address, service), Foreword(address, raises=True) as client:
            leave(client, service)
            until(service.broken_off.is_set, "the call was broken off")


def test_cancelling_a_task_ends_the_call() -> None:
    """A cancelled task is cancelled; a closed answer ends, in a task that goes on."""

    async def use(address: str, service: Any) -> None:
        async with AsyncForeword(address, raises=True) as client:
            waiting = asyncio.create_task(client.answer("ada", QUESTION)._finish())
            await until_async(lambda: service.asked, "the question arrived")
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await asyncio.to_thread(service.broken_off.wait, 10)
            service.broken_off.clear()
            answer = client.answer("ada", QUESTION)
            async for part in answer:
                assert part == "By the "
                answer.close()
            assert (answer.text, answer.error) == ("", None)
            assert await asyncio.to_thread(service.broken_off.wait, 10)

    with answer_server(Answer=endless) as (address, service):
        asyncio.run(use(address, service))


def test_an_answer_out_of_time_says_nothing_of_other_calls() -> None:
    """A model that is slow uses up the answer's own time; the client goes on asking the sidecar for other things."""
    says = {"Answer": mute, "GetCore": lambda _: GetCoreResponse(core=CORE)}
    with answer_server(**says) as (address, _), Foreword(address, raises=True) as client:
        with pytest.raises(ServiceError, match=r"did not answer within 0\.05 s"):
            print(client.answer("ada", QUESTION, timeout_seconds=0.05).text)
        assert client.get_core(QUESTION).core == CORE


def test_a_question_of_the_wrong_kind_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """The log names the field and the type, never what a user wrote."""
    with Foreword(NOWHERE) as client, caplog.at_level(logging.WARNING, "foreword.client"):
        assert client.answer("ada", b"my secret").text == ""  # type: ignore[arg-type]
        assert client.answer("ada", QUESTION, conversation=["my secret"]).text == ""  # type: ignore[list-item]
        assert client.answer("ada", "my secret \ud800").text == ""
    assert "question: found" in caplog.text
    assert "conversation: found" in caplog.text
    assert "secret" not in caplog.text


class Written:
    """An application's own inference, counted."""

    def __init__(self, content: Any = "# Reset\n\nBy the link.") -> None:
        self.content = content
        self.count = 0

    def __call__(self, question: str) -> Any:
        """Return the content, or raise it."""
        assert question == QUESTION
        self.count += 1
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


Ask = Callable[..., Core]


def _threads(address: str, generate: Any, **settings: Any) -> Core:
    with Foreword(address, **settings) as client:
        return client.core_or(QUESTION, generate, wait_seconds=0.3)


def _asyncio(address: str, generate: Any, **settings: Any) -> Core:
    async def generating(question: str) -> Any:
        return generate(question)

    async def use() -> Core:
        async with AsyncForeword(address, **settings) as client:
            return await client.core_or(QUESTION, generating, wait_seconds=0.3)

    return asyncio.run(use())


@pytest.fixture(params=[_threads, _asyncio], ids=["threads", "asyncio"])
def core_or(request: pytest.FixtureRequest) -> Any:
    """`core_or` of either client."""
    return request.param


def put(request: Any) -> PutCoreResponse:
    return PutCoreResponse(core=CORE, stored=bool(request.claim))


def test_a_core_that_is_there_costs_nothing(core_or: Ask) -> None:
    """A fresh core is returned, and so is a stale one that somebody else writes anew; nothing is generated."""
    for found in (GetCoreResponse(core=CORE), GetCoreResponse(core=CORE, pending=True)):
        with answer_server(GetCore=lambda _, found=found: found) as (address, service):
            assert core_or(address, generate := Written()) == CORE
            assert (generate.count, service.names()) == (0, ["GetCore"])
            assert service.asked[0][1].claim


def test_who_has_the_claim_writes(core_or: Ask) -> None:
    """The holder of the claim generates, and what is stored is returned, whether Markdown or a core was written."""
    for content, kind in (("# Reset\n\nBy the link.", "markdown"), (Core(lead_short="By the link."), "core")):
        says = {"GetCore": lambda _: GetCoreResponse(claim="k"), "PutCore": put}
        with answer_server(**says) as (address, service):
            assert core_or(address, generate := Written(content)) == CORE
            assert (generate.count, service.names()) == (1, ["GetCore", "PutCore"])
            request = service.asked[1][1]
            assert (request.claim, request.question, request.WhichOneof("content")) == ("k", QUESTION, kind)


def test_a_stale_core_is_written_anew_for_its_own_question(core_or: Ask) -> None:
    """Where an alias led to it, what is stored is for the question of the core, as the claim is."""
    stale = Core(question="Resetting a password?", lead_short="By mail.")
    says = {"GetCore": lambda _: GetCoreResponse(core=stale, claim="k"), "PutCore": put}
    with answer_server(**says) as (address, service):
        assert core_or(address, Written()) == CORE
        assert service.asked[1][1].question == stale.question


def test_who_has_no_claim_waits(core_or: Ask) -> None:
    """While somebody else writes, it is looked again until the core is there."""
    found = iter([GetCoreResponse(pending=True)] * 2 + [GetCoreResponse(core=CORE)])
    with answer_server(GetCore=lambda _: next(found)) as (address, service):
        assert core_or(address, generate := Written()) == CORE
        assert (generate.count, len(service.asked)) == (0, 3)


def test_waiting_ends(core_or: Ask) -> None:
    """When nothing comes in time, the application's own inference answers, and nothing is stored."""
    with answer_server(GetCore=lambda _: GetCoreResponse(pending=True)) as (address, service):
        assert core_or(address, generate := Written()).lead_standard == generate.content
        assert (generate.count, set(service.names())) == (1, {"GetCore"})


def test_nothing_is_stored_of_a_private_question(core_or: Ask) -> None:
    """The application's own inference answers a question that is not shared, and nothing more is sent."""
    private = GetCoreResponse(found=CoreFound(private_reason=PrivateReason.PRIVATE_REASON_ASKER))
    with answer_server(GetCore=lambda _: private) as (address, service):
        assert core_or(address, Written("Yours is red.")) == Core(
            question=QUESTION, lead_standard="Yours is red."
        )
        assert service.names() == ["GetCore"]


def refuse(*arguments: Any) -> Any:
    raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID", "markdown: found nothing")


def test_the_cache_raises_nothing(core_or: Ask) -> None:
    """Down, refusing to look, or refusing to store: what was generated is returned, whatever `raises` says."""
    claimed = {"GetCore": lambda _: GetCoreResponse(claim="k"), "PutCore": refuse}
    for raises in (False, True):
        assert core_or(NOWHERE, Written("Red."), raises=raises).lead_standard == "Red."
        for says in ({"GetCore": refuse}, claimed):
            with answer_server(**says) as (address, _):
                assert core_or(address, Written("Red."), raises=raises).lead_standard == "Red."


def test_what_generate_raises_is_raised(core_or: Ask) -> None:
    """The claim is left to lapse; only where a stale core can serve is it served instead."""
    with answer_server(GetCore=lambda _: GetCoreResponse(claim="k")) as (address, service):
        with pytest.raises(ZeroDivisionError):
            core_or(address, Written(ZeroDivisionError("out of luck")))
        assert service.names() == ["GetCore"]
        with pytest.raises(FieldError, match="generate: found a value of the type int"):
            core_or(address, Written(5))
    with answer_server(GetCore=lambda _: GetCoreResponse(core=CORE, claim="k")) as (address, _):
        assert core_or(address, Written(ZeroDivisionError("out of luck"))) == CORE


def test_a_stale_core_that_fails_to_be_renewed_is_logged_without_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says what was raised, not what it said."""
    with (
        answer_server(GetCore=lambda _: GetCoreResponse(core=CORE, claim="k")) as (address, _),
        caplog.at_level(logging.WARNING, "foreword.client"),
    ):
        _threads(address, Written(ValueError("my secret")))
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_wrapping_falls_back_to_all_that_the_core_says() -> None:
    """With the sidecar away or refusing, the text is the core in its usual depth, every caveat at its end."""
    core = Core(
        lead_short="By the link.",
        sections=[
            CoreSection(title="Steps", standard="Open the page."),
            CoreSection(overview="It is mailed.", deep="It is mailed by a queue."),
        ],
        caveats=[CoreCaveat(text="It holds for an hour.")],
    )
    plain = "By the link.\n\nSteps\n\nOpen the page.\n\nIt is mailed.\n\nIt holds for an hour."

    async def use(address: str) -> str:
        async with AsyncForeword(address, raises=True) as client:
            return await client.wrap(core, "ada")

    with Foreword(NOWHERE, raises=True) as client:
        assert client.wrap(core, "ada") == plain
        assert client.wrap(Core(lead_standard="# As\n\nwritten"), "ada") == "# As\n\nwritten"
    with answer_server(WrapCore=refuse) as (address, _), Foreword(address) as client:
        assert client.wrap(core, "ada") == asyncio.run(use(address)) == plain
    with answer_server(WrapCore=lambda _: WrapCoreResponse(text="Link.")) as (address, service):
        assert asyncio.run(use(address)) == "Link."
        assert service.asked[0][1].core == core


def test_what_changes_or_reads_cores_always_raises() -> None:
    """What was not stored, removed or found must not pass for it; nor does a purge guess what is meant."""
    with Foreword(NOWHERE) as client:
        calls: list[Callable[[], Any]] = [
            lambda: client.put_core("# A\n\nB."),
            lambda: client.get_core(QUESTION),
            lambda: client.invalidate(tag="a"),
            lambda: client.explain_answer("a" * 32),
            client.audit_answers,
        ]
        for call in calls:
            with pytest.raises(ServiceError, match="no sidecar answers"):
                call()
        for selectors in ({}, {"tag": "a", "everything": True}):
            with pytest.raises(FieldError, match="exactly one of"):
                client.invalidate(**selectors)  # type: ignore[arg-type]
