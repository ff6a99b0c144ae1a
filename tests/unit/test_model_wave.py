"""Which users make a wave, and what one holds."""

from __future__ import annotations

import json

from foreword import keys
from foreword.config import Agent
from foreword.keys import UserKey
from foreword.llm import ModelRequest
from foreword.v1.model_work_pb2 import ModelCall, ModelState
from scheduler.model.choice import BATCH, Choice
from scheduler.model.question import Question
from scheduler.model.wave import Draft, Wave, WaveLimits, ready

A, B = (Choice("anthropic", model, BATCH) for model in ("a", "b"))
NOW_MS = 1_760_000_000_000
AGENT = Agent(batch_users_max=3, batch_wait_seconds=60)
USERS = [keys.user_key(f"user{number}") for number in range(9)]


def _draft(number: int, *, prompt: str = "p", cost: int = 10, shared: str = "") -> Draft:
    request = ModelRequest("m", "instructions", shared, prompt, {"type": "object"}, 100)
    question = Question(USERS[number], ModelCall(cost_pico_usd=cost), (), 1)
    return Draft(question, request, ModelState())


def _due(*waited_seconds: float) -> list[tuple[int, UserKey]]:
    return [(NOW_MS - int(1000 * waited), user) for waited, user in zip(waited_seconds, USERS, strict=False)]


def test_the_first_of_a_wave_waits_for_others() -> None:
    """A wave goes out when its first user has waited long enough, and not before."""
    choices = dict.fromkeys(USERS, A)
    assert ready(_due(59.9, 1), choices, NOW_MS, AGENT) == {}
    assert ready(_due(60, 1), choices, NOW_MS, AGENT) == {A: USERS[:2]}


def test_a_wave_that_is_full_waits_for_nobody() -> None:
    """Enough users make a wave at once, the longest due first, and the others stay."""
    choices = dict.fromkeys(USERS, A)
    assert ready(_due(4, 3, 2, 1), choices, NOW_MS, AGENT) == {A: USERS[:3]}


def test_each_model_has_waves_of_its_own() -> None:
    """Users of two models are not asked about together, nor do they wait for each other."""
    choices = {USERS[0]: A, USERS[1]: B, USERS[2]: A, USERS[4]: A}
    assert ready(_due(70, 5, 5, 5, 5), choices, NOW_MS, AGENT) == {A: [USERS[0], USERS[2], USERS[4]]}


def test_a_wave_holds_its_limits() -> None:
    """No user beyond the number, and nothing beyond the budget, gets in; what is refused changes nothing."""
    wave = Wave(WaveLimits(users_max=2, cost_pico_usd_max=25))
    assert wave.add(_draft(0, cost=20))
    assert not wave.add(_draft(1, cost=6))
    assert wave.add(_draft(2, cost=5))
    assert wave.is_full
    assert not wave.add(_draft(3, cost=0))
    assert [draft.question.user for draft in wave.drafts] == [USERS[0], USERS[2]]
    assert wave.reserved_pico_usd == 25


def test_a_wave_is_bounded_in_bytes() -> None:
    """The size is that of the JSON that is sent, front included; a single question is taken whatever its size."""
    wave = Wave(WaveLimits(users_max=9, cost_pico_usd_max=100, bytes_max=2000))
    assert wave.add(_draft(0, prompt="<" * 900 + '"' * 500))
    assert not wave.add(_draft(1, prompt="x" * 300))
    assert wave.add(_draft(2, prompt="y", shared="s"))
    requests = [draft.request for draft in wave.drafts]
    sent = [[r.instructions, r.shared, dict(r.schema)] for r in requests] + [r.prompt for r in requests]
    assert wave.size_bytes == sum(len(json.dumps(part)) for part in sent)
    huge = Wave(WaveLimits(users_max=9, cost_pico_usd_max=100, bytes_max=10))
    assert huge.add(_draft(0))
    assert not huge.add(_draft(1))
