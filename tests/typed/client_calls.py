"""What a type checker sees of the client: `make types` reads this file, nothing runs it.

A slip is marked with what mypy says of it. Strict mode refuses a mark that is not needed, so each holds that the slip
is seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from foreword.client import AsyncForeword, EventFields, Foreword, Ranking, error_reason
from foreword.errors import ServiceError
from foreword.local import LocalReader
from foreword.v1.answer_service_pb2 import Turn
from foreword.v1.core_pb2 import Core
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event, Feedback
from foreword.v1.ranking_pb2 import Candidate, RankingContext
from foreword.v1.user_data_service_pb2 import ExportUserResponse


def calls(client: Foreword, reader: LocalReader) -> str:
    """All forms of a call that the docs show."""
    client.record(user_id="ada", type="read", topics=["tests"], time=datetime.now(UTC), dwell=1.5)
    client.record(
        user_id="ada", type="read", topics={"tests"}, dwell=timedelta(seconds=1), attributes={"a": "b"}
    )
    client.record(user_id="ada", type="like", feedback="FEEDBACK_LIKE", vector=[0.5, 1])
    client.record({"user_id": "ada", "type": "like", "feedback": Feedback.FEEDBACK_LIKE})
    event: EventFields = {"user_id": "ada", "type": "view"}
    client.record([event, {"user_id": "ada", "type": "view", "topics": ("a", "b")}])
    answer = client.record([Event(user_id="ada", type="view")])
    names: list[str] = [ErrorReason.Name(refused.reason) for refused in answer.refused]
    score: float = client.profile("ada").profile.content_preferences.high_affinity_topics[0].score
    return client.text("ada", max_tokens=60) + reader.text("ada", 60) + names[0] + str(score)


async def asyncio_calls(client: AsyncForeword) -> str:
    """The same of the asyncio client."""
    await client.record(user_id="ada", type="read", topics=["tests"])
    records: AsyncIterator[ExportUserResponse] = client.export("ada")
    return await client.text("ada") + "".join([record.store async for record in records])


def answers(client: Foreword) -> str:
    """Answers whole and in parts, and the three lines of an application that keeps its own inference."""
    answer = client.answer(
        "ada", "How?", conversation=[{"role": "user", "text": "Hi"}, Turn(role="user")], tags={"a"}
    )
    parts: list[str] = list(answer)
    core: Core = client.core_or("How?", lambda question: f"# {question}\n\nSo.", tags=["a"])
    client.core_or("How?", lambda question: Core(lead_short=question))
    client.put_core("# How?\n\nSo.", aliases=["So how?"], replace=True)
    count: int = client.invalidate(tag="a", dry_run=True).core_count
    return answer.text + parts[0] + client.wrap(core, "ada") + answer.done.answer_id + str(count)


async def asyncio_answers(client: AsyncForeword) -> str:
    """The same of the asyncio client."""

    async def generate(question: str) -> str:
        return question

    parts: list[str] = [part async for part in client.answer("ada", "How?")]
    core: Core = await client.core_or("How?", generate)
    return (await client.answer("ada", "How?")).text + parts[0] + await client.wrap(core, "ada")


def ranking(client: Foreword) -> str:
    """An order is of what was given, and feedback on it one line."""
    ranked: Ranking[str] = client.rank("ada", ["concise", "verbose"], context={"domain": "python"})
    client.feedback(ranked.decision_id, accepted=True)
    client.feedback(user_id="ada", action={"id": "concise", "topics": ["style"]}, correction="Shorter.")
    tool: dict[str, object] = client.rank("ada", [{"id": "search", "irreversible": False}], limit=1).best
    message: Candidate = client.rank("ada", (Candidate(action_id="search"),), context=RankingContext()).best
    why = client.explain_ranking(ranked.decision_id).explanations[0].parts[0].feature
    return ranked.best + str(tool["id"]) + message.action_id + why


async def asyncio_ranking(client: AsyncForeword) -> str:
    """The same of the asyncio client."""
    ranked: Ranking[str] = await client.rank("ada", ["concise", "verbose"])
    taken: bool = (await client.feedback(ranked.decision_id, reward=0.5)).accepted
    return ranked.best + str(taken)


def reason(error: ServiceError) -> ErrorReason:
    """The reason of a refused call."""
    return error_reason(error)


def slips(client: Foreword) -> None:
    """What must not pass."""
    client.record(user_id="ada", type="read", topics="python")  # type: ignore[call-overload]
    client.record(user_id="ada", type="read", topic=["python"])  # type: ignore[call-overload]
    client.record(user_id=5, type="read")  # type: ignore[call-overload]
    client.record(type="read")  # type: ignore[call-overload]
    client.record(user_id="ada", type="read", feedback="like")  # type: ignore[call-overload]
    client.record(user_id="ada", type="read", attributes={"depth": 3})  # type: ignore[dict-item]
    client.record(user_id="ada", type="read", vector="0.5")  # type: ignore[arg-type]
    client.record([{"user_id": "ada", "type": "read", "topic": ["a"]}])  # type: ignore[list-item]
    client.text(5)  # type: ignore[arg-type]
    client.text("ada", max_tokens="60")  # type: ignore[arg-type]
    client.answer("ada", "How?", conversation=["Hi"])  # type: ignore[list-item]
    client.core_or("How?", lambda question: 5)  # type: ignore[arg-type,return-value]
    client.wrap("How?", "ada")  # type: ignore[arg-type]
    client.rank("ada", [5])  # type: ignore[type-var]
    client.rank("ada", ["a"], context={"hour": 5})  # type: ignore[dict-item]
    client.rank("ada", [Candidate()]).best.upper()  # type: ignore[attr-defined]
    client.feedback("a", accepted="yes")  # type: ignore[arg-type]


async def asyncio_slips(client: AsyncForeword) -> None:
    """The same of the asyncio client."""
    await client.record(user_id="ada", type="read", topics="python")  # type: ignore[call-overload]
    await client.record(user_id="ada", type="read", topic=["python"])  # type: ignore[call-overload]
    client.text("ada").upper()  # type: ignore[attr-defined]
    await client.core_or("How?", lambda question: question)  # type: ignore[arg-type,return-value]
