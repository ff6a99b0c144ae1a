"""`foreword ledger` and what `foreword status` says of models, in this process, against a sidecar that serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foreword import keys
from foreword.cli import main
from foreword.clock import DAY_MS
from foreword.store.v1.store_pb2 import BatchStage, ModelBatch, ModelHealth, SchedulerProblem
from foreword.v1.model_status_pb2 import ModelProvider, SegmentModel
from foreword.v1.model_work_pb2 import ModelCall, ModelItem, ModelMode, ModelOutcome, ModelState, ModelWait
from foreword.v1.profile_pb2 import Segment

Captured = pytest.CaptureFixture[str]
MESSAGES, BATCH = ModelMode.MODEL_MODE_MESSAGES, ModelMode.MODEL_MODE_BATCH
HAIKU = "claude-haiku-4-5"
SEGMENTS = (
    Segment.SEGMENT_NEW, Segment.SEGMENT_ACTIVE, Segment.SEGMENT_SEMI_ACTIVE, Segment.SEGMENT_DORMANT
)  # fmt: skip


def run(running: Any, *arguments: str) -> int:
    """Run a command against the sidecar."""
    return main([*arguments, "--address", running.address])


def put_health(running: Any, provider: str, **changes: Any) -> None:
    """Write what a scheduler writes that asks this provider about everybody."""
    asks = provider != "extractive" and not changes.get("not_asked")
    segments = [
        SegmentModel(
            segment=segment,
            provider=provider,
            model="" if provider == "extractive" else HAIKU,
            trigger_mode=MESSAGES if asks else ModelMode.MODEL_MODE_UNSPECIFIED,
            cadence_mode=BATCH if asks else ModelMode.MODEL_MODE_UNSPECIFIED,
        )
        for segment in SEGMENTS
    ]
    providers = [] if provider == "extractive" else [ModelProvider(provider=provider, **changes)]
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(running.now_ms)
        txn.model.put_health(ModelHealth(segments=segments, providers=providers))


def spend(running: Any) -> None:
    """Write two calls of yesterday and one of today, the last of which was limited."""
    ada = keys.user_key("ada")
    row = ModelCall(
        user_key=ada, provider="anthropic", model=HAIKU, mode=MESSAGES, segment=Segment.SEGMENT_ACTIVE,
        outcome=ModelOutcome.MODEL_OUTCOME_APPLIED, input_tokens=900, cache_read_tokens=100, output_tokens=100,
        cost_pico_usd=1_410_000_000, applied_count=3, refused_count=1, started_ms=running.now_ms - DAY_MS,
        duration_us=2_000_000,
    )  # fmt: skip
    limited = ModelCall(
        user_key=ada, provider="anthropic", model=HAIKU, mode=MESSAGES, segment=Segment.SEGMENT_ACTIVE,
        outcome=ModelOutcome.MODEL_OUTCOME_RATE_LIMITED, error="too many\nrequests", started_ms=running.now_ms,
    )  # fmt: skip
    with running.profiles.begin() as txn:
        for number, call in enumerate((row, row, limited)):
            call.call_id = b"call%d" % number
            txn.model.end_call(call, call.started_ms)


def test_sums_are_a_table_with_a_total(running: Any, capsys: Captured) -> None:
    """Sums come with one line a group, a last one for all, and below what a model in the path would have cost."""
    spend(running)
    for _ in range(10):
        running.client.text("ada")
    assert run(running, "ledger", "--by", "day,outcome") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["day", "outcome", "calls", "tokens", "read", "cached", "written", "applied", "refused", "USD"],
        ["2023-11-13", "applied", "2", "2,000", "200", "200", "6", "2", "0.002820"],
        ["2023-11-14", "rate", "limited", "1", "0", "0", "0", "0", "0", "0.000000"],
        ["all", "3", "2,000", "200", "200", "6", "2", "0.002820"],
    ]
    assert lines[-1] == (
        "With a model in the path of every request: 10 reads since 2023-11-14 × 0.001410 USD, the mean of 2 answers "
        "= 0.014100 USD; spent were 0.002820 USD, a ratio of 5.0"
    )


def test_reads_stand_beside_days_and_segments(running: Any, capsys: Captured) -> None:
    """Told apart by day or segment, sums have the reads too; those of users without a profile have no segment."""
    spend(running)
    running.client.text("nobody")
    assert run(running, "ledger", "--by", "segment") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:2] == ["segment", "reads"]
    assert [line[:-7] for line in lines[1:4]] == [["not", "yet", "known", "1"], ["active", "0"], ["all", "1"]]
    assert run(running, "ledger", "--by", "") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["1", "3"]


def test_calls_are_printed_one_by_one(running: Any, capsys: Captured) -> None:
    """--calls adds the newest calls, --user takes that user's alone, and no error breaks a line."""
    spend(running)
    assert run(running, "ledger", "--user", "ada") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["sent", "seconds", "user"]
    assert len(lines) == 4
    assert lines[1].endswith(r"too many\nrequests")
    assert run(running, "ledger", "--calls", "1") == 0
    assert "rate limited" in capsys.readouterr().out
    assert run(running, "ledger", "--user", "ada", "--outcome", "refused") == 0
    assert capsys.readouterr().err == "No such call\n"


def test_as_json_money_is_whole_millionths(running: Any, capsys: Captured) -> None:
    """With --json the answer comes as it is, and every amount is a number without quotes."""
    spend(running)
    assert run(running, "ledger", "--json", "--calls", "5") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"]["cost_micro_usd"] == 2820
    assert [call["cost_micro_usd"] for call in found["calls"]] == [0, 1410, 1410]
    assert found["request_path"]["answer_cost_micro_usd"] == 1410


@pytest.mark.parametrize(
    ("provider", "changes", "said"),
    [
        ("extractive", {}, "agent.provider is extractive"),
        ("anthropic", {"not_asked": "ANTHROPIC_API_KEY is not set"}, "ANTHROPIC_API_KEY is not set"),
        ("anthropic", {}, "the next refresh"),
    ],
)
def test_an_empty_ledger_says_why(
    running: Any, capsys: Captured, provider: str, changes: dict[str, Any], said: str
) -> None:
    """Where no model was asked it is said why, on stderr, and that is no failure."""
    put_health(running, provider, **changes)
    assert run(running, "ledger") == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--by", "day,month"],
        ["--by", "day,day"],
        ["--from", "yesterday"],
        ["--calls", "-1"],
        ["--outcome", "good"],
    ],
)
def test_what_cannot_be_asked_for_is_wrong_usage(
    running: Any, capsys: Captured, arguments: list[str]
) -> None:
    """A wrong option ends with 2 and one sentence."""
    assert run(running, "ledger", *arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_days_the_wrong_way_round_are_refused(running: Any, capsys: Captured) -> None:
    """What only the sidecar can refuse is said by field, and is wrong usage too."""
    assert run(running, "ledger", "--from", "2023-11-14", "--to", "2023-11-13") == 2
    assert "to_day" in capsys.readouterr().err


def test_status_without_a_model_is_one_line_longer(running: Any, capsys: Captured) -> None:
    """With nothing but code at work the status says so once, and nothing of calls, batches or money."""
    put_health(running, "extractive")
    assert run(running, "status") == 0
    printed = capsys.readouterr().out
    assert printed.count("extractive") == 1
    assert "spent" not in printed
    assert "USD" not in printed


@pytest.mark.parametrize("is_problem", [True, False])
def test_status_without_a_key_says_so_once(running: Any, capsys: Captured, is_problem: bool) -> None:
    """A provider without a key is named once, with what happens instead, whether or not it is a problem too."""
    put_health(running, "anthropic", not_asked="ANTHROPIC_API_KEY is not set")
    if is_problem:
        problem = SchedulerProblem(message="anthropic is not asked: ANTHROPIC_API_KEY is not set", since_ms=1)
        with running.profiles.begin() as txn:
            txn.put_scheduler_seen(running.now_ms, [problem])
    assert run(running, "status") == 0
    printed = capsys.readouterr().out
    assert printed.count("ANTHROPIC_API_KEY is not set") == 1
    assert f"none: code alone writes, though anthropic {HAIKU} is configured" in printed


def test_a_provider_that_fails_is_a_problem_until_it_answers(running: Any, capsys: Captured) -> None:
    """Failures fail --check while calls are held back and while one tries; a rate limit never does."""
    put_health(running, "anthropic", held_back="the rate limit is used up")
    assert run(running, "status", "--check") == 0
    put_health(running, "anthropic", held_back="left alone after 5 failures: 529", failures=5)
    assert run(running, "status", "--check") == 1
    printed = capsys.readouterr().out
    assert (
        "anthropic fails, code alone writes profiles meanwhile: left alone after 5 failures: 529" in printed
    )
    assert printed.count("529") == 1
    put_health(running, "anthropic", failures=5)
    assert run(running, "status", "--check") == 1
    put_health(running, "anthropic")
    assert run(running, "status", "--check") == 0
    put_health(running, "anthropic", failures=5)
    assert run(running, "status", "--check") == 1
    assert "the last 5 calls failed" in capsys.readouterr().out
    put_health(running, "anthropic")
    assert run(running, "status", "--check") == 0
    put_health(running, "anthropic", held_back="left alone", failures=1)
    assert run(running, "status", "--check") == 1
    put_health(running, "extractive")
    assert run(running, "status", "--check") == 0


def test_status_tells_what_models_do(running: Any, capsys: Captured) -> None:
    """Queue, waits, batches, money and what a model in the path would have cost stand in the status."""
    put_health(running, "anthropic", held_back="5 calls failed in a row", calls_max=4)
    spend(running)
    running.client.text("ada")
    with running.profiles.begin() as txn:
        number = txn.model.new_batch()
        batch = ModelBatch(stage=BatchStage.BATCH_STAGE_SENT, item_count=3, intended_ms=running.now_ms)
        txn.model.put_batch(number, batch)
        txn.model.put_item(number, 0, ModelItem(reserved_pico_usd=2_000_000))
        wait = ModelWait.MODEL_WAIT_DAY_BUDGET
        later = ModelState(mode=BATCH, due_ms=running.now_ms + DAY_MS, wait=wait)
        txn.model.schedule(keys.user_key("ben"), later)
    assert run(running, "status") == 0
    printed = capsys.readouterr().out
    for said in (
        f"anthropic {HAIKU}, by single calls after a trigger, in batches after the cadence",
        "anthropic: 5 calls failed in a row",
        "0 calls under way of at most 4 now; 0 due for a call, 0 for a batch",
        "1 waiting for tomorrow: the day's budget is spent",
        "2 of 3 dealt with",
        "today 0.000000 USD of 10.000000; what is under way costs at most 0.000002 more",
        "in 30 days 0.002820 USD, calls: 3, 2 of 8 operations refused, 0.000180 saved by the prompt cache",
        "With a model in the path of every request",
    ):
        assert said in printed
