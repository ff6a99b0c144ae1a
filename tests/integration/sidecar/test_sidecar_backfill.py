"""StartBackfill, GetBackfill and SteerBackfill, and `foreword backfill`, against a sidecar that serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foreword import keys
from foreword.cli import main
from foreword.errors import FieldError, ServiceError
from foreword.store import ActivityReader
from foreword.store.v1.store_pb2 import BackfillRow, ModelHealth
from foreword.v1.backfill_pb2 import (
    Backfill,
    BackfillCounts,
    BackfillEstimate,
    BackfillMode,
    BackfillPlan,
    BackfillStage,
)
from foreword.v1.model_status_pb2 import ModelProvider
from foreword.v1.operator_service_pb2 import BackfillAction

Captured = pytest.CaptureFixture[str]
Stage = BackfillStage
PAUSE, RESUME, CANCEL = (
    BackfillAction.BACKFILL_ACTION_PAUSE,
    BackfillAction.BACKFILL_ACTION_RESUME,
    BackfillAction.BACKFILL_ACTION_CANCEL,
)


@pytest.fixture
def alive(running: Any) -> Any:
    """A sidecar whose scheduler lives and asks no model, with a user in each of two namespaces."""
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(running.now_ms)
        txn.model.put_health(ModelHealth())
    for namespace in ("", "acme"):
        running.client.record(event_id=f"e-{namespace}", user_id="ada", type="read", namespace=namespace)
    return running


def carry_out(running: Any, backfill: Backfill, stage: BackfillStage, **fields: Any) -> None:
    """Write how far a backfill is, as the scheduler does."""
    row = BackfillRow(plan=backfill.plan, stage=stage, started_ms=running.now_ms, **fields)
    with running.profiles.begin() as txn:
        txn.put_backfill(row)


def plan_of(running: Any) -> BackfillPlan | None:
    """Return what stands in the activity store."""
    reader = ActivityReader(running.store)
    try:
        return reader.backfill_plan()
    finally:
        reader.close()


def test_a_backfill_is_recorded_and_shown(alive: Any) -> None:
    """What was asked for is on disk; it waits until the scheduler's row says more."""
    client = alive.client
    assert not client.get_backfill().HasField("backfill")
    begun = client.start_backfill(budget_micro_usd=5_000_000, users_per_second=7, namespace="acme").backfill
    assert begun.plan == plan_of(alive)
    assert (begun.stage, begun.scheduler_running) == (Stage.BACKFILL_STAGE_WAITING, True)
    assert (begun.plan.namespace, begun.plan.budget_micro_usd, begun.plan.users_per_second) == (
        "acme",
        5_000_000,
        7,
    )
    assert begun.plan.is_confirmed
    carry_out(
        alive,
        begun,
        Stage.BACKFILL_STAGE_RUNNING,
        estimate=BackfillEstimate(user_count=9),
        counts=BackfillCounts(seen_count=4, written_count=3),
    )
    found = client.get_backfill().backfill
    assert (found.stage, found.estimate.user_count, found.counts.written_count) == (
        Stage.BACKFILL_STAGE_RUNNING,
        9,
        3,
    )


def test_defaults(alive: Any) -> None:
    """Without more it is of all namespaces, without a budget of its own, 200 users a second."""
    plan = alive.client.start_backfill().backfill.plan
    assert not plan.HasField("namespace")
    assert not plan.HasField("budget_micro_usd")
    assert (plan.users_per_second, plan.mode) == (200, BackfillMode.BACKFILL_MODE_UNSPECIFIED)


def test_one_is_under_way_at_a_time(alive: Any) -> None:
    """A second one is refused, with what to do, until the first is over; what only was estimated is replaced."""
    client = alive.client
    estimated = client.start_backfill(estimate_only=True).backfill
    first = client.start_backfill().backfill
    assert first.plan.requested_ms > estimated.plan.requested_ms
    for asked in ({}, {"estimate_only": True}):
        with pytest.raises(ServiceError, match=r"a backfill is under way since .* \(see it with") as refused:
            client.start_backfill(**asked)
        assert refused.value.reason == "BACKFILL_STATE"
    carry_out(alive, first, Stage.BACKFILL_STAGE_DONE)
    assert client.start_backfill().backfill.plan.backfill_id != first.plan.backfill_id


def test_an_estimated_one_begins_with_its_id(alive: Any) -> None:
    """The word is given once, for the newest, and with nothing else."""
    client = alive.client
    former = client.start_backfill(estimate_only=True).backfill.plan
    plan = client.start_backfill(estimate_only=True, users_per_second=3).backfill.plan
    assert not plan.is_confirmed
    with pytest.raises(ServiceError, match="not the newest any more"):
        client.start_backfill(backfill_id=former.backfill_id)
    with pytest.raises(ServiceError, match="found it and users_per_second; allowed: one of them alone"):
        client.start_backfill(backfill_id=plan.backfill_id, users_per_second=4)
    begun = client.start_backfill(backfill_id=plan.backfill_id).backfill.plan
    assert begun.is_confirmed
    assert begun.users_per_second == 3


def test_steering(alive: Any) -> None:
    """Paused, resumed and canceled show at once; without one under way each is refused."""
    client = alive.client
    with pytest.raises(ServiceError, match="no backfill is under way") as refused:
        client.steer_backfill(CANCEL)
    assert refused.value.reason == "BACKFILL_STATE"
    begun = client.start_backfill().backfill
    carry_out(alive, begun, Stage.BACKFILL_STAGE_RUNNING)
    assert client.steer_backfill(PAUSE).backfill.stage == Stage.BACKFILL_STAGE_PAUSED
    assert client.steer_backfill(RESUME).backfill.stage == Stage.BACKFILL_STAGE_RUNNING
    assert client.steer_backfill(CANCEL).backfill.stage == Stage.BACKFILL_STAGE_CANCELED
    plan = plan_of(alive)
    assert plan is not None
    assert plan.is_canceled
    with pytest.raises(ServiceError, match="no backfill is under way"):
        client.steer_backfill(PAUSE)
    with pytest.raises(ServiceError, match="allowed: pause, resume or cancel"):
        client.steer_backfill(0)


def test_wrong_requests_are_named(alive: Any) -> None:
    """Each says the field, what was found, and what is allowed; nothing is recorded."""
    client = alive.client
    for asked, told in (
        ({"namespace": "nobody"}, "found 'nobody', which has no users; allowed: one that has: the default one, 'acme'"),
        ({"users_per_second": 0.01}, "users_per_second: found 0.01; allowed: 0.1 to 10,000"),
        ({"users_per_second": float("inf")}, "users_per_second: found inf; allowed: 0.1 to 10,000"),
        ({"users_per_second": -3.0}, "users_per_second: found -3; allowed: 0.1 to 10,000"),
        ({"mode": 9}, "mode: found 9; allowed: batch, extractive, or none"),
        ({"mode": BackfillMode.BACKFILL_MODE_BATCH}, "no segment asks a model"),
    ):  # fmt: skip
        with pytest.raises(ServiceError) as refused:
            client.start_backfill(**asked)
        assert told in str(refused.value)
        assert refused.value.reason == "FIELD_INVALID"
    for budget in (-1, 1.5, True, 10**16):
        with pytest.raises(
            FieldError, match=r"budget_micro_usd: found .*; allowed: a whole number of millionths"
        ):
            client.start_backfill(budget_micro_usd=budget)
    assert plan_of(alive) is None


def test_a_model_mode_needs_a_provider(alive: Any) -> None:
    """Once a segment asks a model, batches can be asked for."""
    health = ModelHealth(providers=[ModelProvider(provider="anthropic")])
    with alive.profiles.begin() as txn:
        txn.model.put_health(health)
    batch = BackfillMode.BACKFILL_MODE_BATCH
    assert alive.client.start_backfill(mode=batch).backfill.plan.mode == batch


def test_a_clock_set_back_makes_no_backfill_older(alive: Any) -> None:
    """A new backfill is the newest, whatever the clock says."""
    first = alive.client.start_backfill().backfill
    first.plan.requested_ms += 10**9
    carry_out(alive, first, Stage.BACKFILL_STAGE_DONE)
    assert alive.client.start_backfill().backfill.plan.requested_ms > first.plan.requested_ms


def test_history_makes_no_trigger(alive: Any) -> None:
    """Events recorded as history leave no trigger, and the user's row says since when they wait."""
    before = _triggers(alive)
    alive.client.record_history([{"event_id": "h1", "user_id": "eve", "type": "read"}])
    assert _triggers(alive) == before
    user = _user(alive, "eve")
    assert (user.event_count, user.trigger_seq) == (1, 0)
    assert user.for_backfill_ms > 0
    alive.client.record(event_id="h2", user_id="eve", type="read")
    assert _user(alive, "eve").for_backfill_ms == 0
    assert _triggers(alive) == before + 1


def _triggers(running: Any) -> int:
    reader = ActivityReader(running.store)
    try:
        return reader.triggers_count()
    finally:
        reader.close()


def _user(running: Any, name: str) -> Any:
    reader = ActivityReader(running.store)
    try:
        return reader.user(keys.user_key(name))
    finally:
        reader.close()


# -- the command ----------------------------------------------------------------------------------------------


def run(running: Any, *arguments: str) -> int:
    """Run the command against the sidecar."""
    return main(["backfill", *arguments, "--address", running.address])


def test_no_scheduler_no_estimate(running: Any, capsys: Captured) -> None:
    """Without a scheduler nothing is recorded, and the command says what to start."""
    assert run(running, "--yes") == 1
    assert "no scheduler runs" in capsys.readouterr().err
    assert plan_of(running) is None


def test_nobody_is_asked_where_nobody_sits(alive: Any, capsys: Captured) -> None:
    """Without a terminal it needs --yes or --dry-run; a word of steering goes with nothing else."""
    assert run(alive) == 2
    assert "confirm with --yes" in capsys.readouterr().err
    assert run(alive, "--cancel", "--yes") == 2
    assert "--cancel goes with no other option" in capsys.readouterr().err
    for wrong in (("--budget-usd", "-1"), ("--users-per-second", "0"), ("--provider-mode", "magic")):
        assert run(alive, *wrong, "--yes") == 2
    assert plan_of(alive) is None


def test_status_in_words_and_in_json(alive: Any, capsys: Captured) -> None:
    """How far it is comes as lines for people, and as numbers for machines."""
    assert run(alive, "--status") == 0
    assert capsys.readouterr().out == "No backfill was ever asked for\n"
    begun = alive.client.start_backfill(budget_micro_usd=1_500_000).backfill
    carry_out(
        alive,
        begun,
        Stage.BACKFILL_STAGE_RUNNING,
        estimate=BackfillEstimate(user_count=1200, question_count=1000),
        counts=BackfillCounts(seen_count=1100, written_count=1000, left_count=100, queued_count=40),
        is_budget_spent=True,
    )
    assert run(alive, "--status") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Backfill running since ")
    assert "1,100 of 1,200 users: 1,000 profiles written" in printed
    assert "0.000000 of 1.500000 USD spent" in printed
    assert "The budget is spent: 960 users have a profile by code that no model has read" in printed
    assert run(alive, "--status", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["stage"], shown["counts"]["written_count"]) == ("running", 1000)
    assert shown["plan"]["backfill_id"] == begun.plan.backfill_id.hex()
