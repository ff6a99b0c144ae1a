"""What a call may ask to rank: each limit by name, and what is read of a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from foreword.errors import FieldError
from foreword.store.v1 import ranking_pb2
from foreword.v1.ranking_pb2 import Candidate, RankingContext, RankingDecision
from foreword.v1.ranking_service_pb2 import RankActionsRequest
from ranking.example import Action
from ranking.requests import Candidates, check_reward, read_context

FULL = Candidate(
    action_id="tool:search",
    topics=["jazz", "rock"],
    attributes={"length": "short"},
    text="Searches",
    vector=[0.5, -1.0],
    irreversible=True,
)


def of(*ids: str) -> list[Candidate]:
    return [Candidate(action_id=action_id) for action_id in ids]


def read(reader: Candidates, candidates: Sequence[Candidate]) -> list[Action]:
    """Read candidates as they come, in bytes."""
    return reader.read([candidate.SerializeToString() for candidate in candidates])


def test_a_candidate_is_read_whole() -> None:
    """Every field of a candidate arrives, in the given order, and a second call gives the same object."""
    candidates = Candidates(vector_size=2)
    first = read(candidates, [*of("a"), FULL])
    assert [action.id for action in first] == ["a", "tool:search"]
    action = first[1]
    assert action.topics == ("jazz", "rock")
    assert action.attributes == {"length": "short"}
    assert (action.text, action.vector, action.is_irreversible) == ("Searches", (0.5, -1.0), True)
    assert read(candidates, [FULL])[0] is action
    changed = Candidate()
    changed.CopyFrom(FULL)
    changed.topics.append("folk")
    assert read(candidates, [changed])[0].topics == ("jazz", "rock", "folk")


@pytest.mark.parametrize(
    ("candidates", "field", "found"),
    [
        ([], "candidates", "0 candidates"),
        (of(*map(str, range(501))), "candidates", "501 candidates"),
        (of("a", "b", "a"), "candidates[2].action_id", "'a', as in candidates[0]"),
        (of("a", ""), "candidates[1].action_id", "nothing"),
        (of("a" * 257), "candidates[0].action_id", "257 bytes"),
        ([Candidate(action_id="a", topics=[""])], "candidates[0].topics[0]", "nothing"),
        ([Candidate(action_id="a", topics=["t"] * 33)], "candidates[0].topics", "33 topics"),
        ([Candidate(action_id="a", text="t" * 8193)], "candidates[0].text", "8,193 bytes"),
        ([Candidate(action_id="a", attributes={"k" * 58: ""})], "candidates[0].attributes", "58 bytes"),
        (
            [Candidate(action_id="a", attributes={"k": "v" * 257})],
            "candidates[0].attributes['k']",
            "257 bytes",
        ),
        (
            [Candidate(action_id="a", attributes={str(n): "" for n in range(17)})],
            "candidates[0].attributes",
            "17 keys",
        ),
        ([Candidate(action_id="a", vector=[1.0])], "candidates[0].vector", "1 numbers"),
        (
            [Candidate(action_id="a", vector=[1.0, float("nan")])],
            "candidates[0].vector",
            "a number that is not finite",
        ),
    ],
)
def test_a_malformed_candidate_is_named(candidates: list[Candidate], field: str, found: str) -> None:
    """What is wrong with a candidate is said by its place, its field, and what was found."""
    with pytest.raises(FieldError) as refused:
        read(Candidates(vector_size=2), candidates)
    assert (refused.value.field, refused.value.found) == (field, found)


@pytest.mark.parametrize(
    ("context", "field"),
    [
        (RankingContext(text="t" * 8193), "context.text"),
        (RankingContext(session_id="s" * 129), "context.session_id"),
        (RankingContext(attributes={"action.length": "short"}), "context.attributes"),
        (RankingContext(attributes={str(n): "" for n in range(15)}), "context.attributes"),
    ],
)
def test_a_malformed_context_is_named(context: RankingContext, field: str) -> None:
    """What is wrong with the moment is said by its field."""
    with pytest.raises(FieldError) as refused:
        read_context(context, 0)
    assert refused.value.field == field


@pytest.mark.parametrize("reward", [-0.1, 1.1, float("nan"), float("inf"), float("-inf")])
def test_a_reward_is_a_number_from_0_to_1(reward: float) -> None:
    """Anything else, NaN too, is refused."""
    with pytest.raises(FieldError):
        check_reward("reward", reward)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many distinct candidates come, no more than the limit are held, and all are read rightly."""
    monkeypatch.setattr("ranking.requests._KNOWN_MAX", 10)
    candidates = Candidates()
    for start in range(0, 100, 7):
        ids = [str(number) for number in range(start, start + 7)]
        assert [action.id for action in read(candidates, of(*ids))] == ids
        assert len(candidates._known) <= 10


def test_candidates_that_come_together_again_are_the_same_set() -> None:
    """The same candidates in the same order are one object from the second time on; in another order, or with others
    between, they are another."""
    candidates = Candidates()
    assert [action.id for action in read(candidates, of("a", "b", "c", "d"))] == list("abcd")
    first = read(candidates, of("a", "b", "c", "d"))
    assert read(candidates, of("a", "b", "c", "d")) is first
    for ids in ("acbd", "axbd", "abc", "abcd"):
        assert [action.id for action in read(candidates, of(*ids))] == list(ids)


def test_sets_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sets come, those held have no more candidates together than the limit; the newest are held."""
    monkeypatch.setattr("ranking.requests._KNOWN_MAX", 10)
    candidates = Candidates()
    for number in range(20):
        read(candidates, of("a", f"b{number}", *"cd"[: number % 3]))
        newest = read(candidates, of("a", f"b{number}", *"cd"[: number % 3]))
        read(candidates, of("a", "same"))
        read(candidates, of("a", "other", "same"))
        assert candidates._sets_size == sum(len(given) for given, _ in candidates._sets.values()) <= 10
        assert read(candidates, of("a", f"b{number}", *"cd"[: number % 3])) is newest


def test_sets_that_come_once_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of candidates that are chosen anew for each call nothing is kept but that they came, for a bounded number."""
    monkeypatch.setattr("ranking.requests._MET_MAX", 10)
    candidates = Candidates()
    for number in range(50):
        read(candidates, of("a", f"b{number}"))
        assert len(candidates._met) <= 10
    assert candidates._sets == {}


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\x02\xff\xfe", b"\x22\x01"])
def test_bytes_that_are_no_candidate_are_named(data: bytes) -> None:
    """Whatever cannot be read as a candidate, such as a text that is not UTF-8, is refused by its place."""
    with pytest.raises(FieldError) as refused:
        Candidates().read([Candidate(action_id="a").SerializeToString(), data])
    assert (refused.value.field, refused.value.found) == ("candidates[1]", "bytes that are no Candidate")


def test_a_candidate_is_bounded_with_what_nobody_knows_of_it() -> None:
    """Fields of a later version count towards the limit of a candidate, which is logged as it came."""
    unknown = b"\xfa\x3f" + b"\xff\xff\x01" + bytes(32_767)
    with pytest.raises(FieldError) as refused:
        Candidates().read([Candidate(action_id="a").SerializeToString() + unknown])
    assert refused.value.field == "candidates[0]"


@pytest.mark.parametrize(
    ("ours", "public", "left"),
    [
        (ranking_pb2.RankActionsRequest, RankActionsRequest, "candidates"),
        (ranking_pb2.LoggedDecision, RankingDecision, "offered"),
    ],
)
def test_what_is_left_as_it_came_is_the_same_on_the_wire(ours: Any, public: Any, left: str) -> None:
    """The messages that hold candidates as bytes have the fields of the public ones, by name, number and type."""
    fields, same = ours.DESCRIPTOR.fields_by_name, public.DESCRIPTOR.fields_by_name
    assert list(fields) == list(same)
    for name, field in fields.items():
        assert (field.number, field.is_repeated, field.has_presence) == (
            same[name].number,
            same[name].is_repeated,
            same[name].has_presence,
        )
        if name == left:
            assert (field.type, same[name].type) == (field.TYPE_BYTES, field.TYPE_MESSAGE)
        else:
            assert field.type == same[name].type
            assert field.message_type is same[name].message_type
