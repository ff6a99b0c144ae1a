"""`foreword rank simulate` against the model server: what it asks, pays, records, and does not do twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from model_servers import RunningModelServer, running_model_server

from foreword import keys, synthetic
from foreword.admission import admit
from foreword.cli import main
from foreword.store import ActivityReader, ActivityWriter, ProfileReader, ProfileWriter
from foreword.store.check import inspect_store
from foreword.store.decision_key import decision_id, decision_key
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelOutcome
from foreword.v1.ranking_pb2 import Candidate, RankingDecision
from ranking.log import action_of, examples

PERSONAS = [
    {"name": "terse", "likes": ["tests"], "dislikes": ["docs"], "length": "short"},
    {"name": "deep", "likes": ["docs"], "length": "long"},
]
ACTIONS = [
    {"id": "fix", "topics": ["tests"], "attributes": {"length": "short"}},
    {"id": "essay", "topics": ["docs"], "attributes": {"length": "long"}},
]
ROUNDS = 3
NOW_MS = 1_760_000_000_000


@pytest.fixture
def server() -> Iterator[RunningModelServer]:
    with running_model_server(latency_seconds=0.0) as running:
        yield running


@pytest.fixture
def command(
    tmp_path: Path,
    server: RunningModelServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Any]:
    """Return what runs the command, and returns its exit code and what it printed."""
    (tmp_path / "personas.jsonl").write_text("\n".join(map(json.dumps, PERSONAS)))
    (tmp_path / "actions.jsonl").write_text("\n".join(map(json.dumps, ACTIONS)))
    (tmp_path / "foreword.toml").write_text(
        f'[store]\ndirectory = "store"\n[agent]\nprovider = "anthropic"\nbase_url = "{server.url}"\n'
    )
    monkeypatch.chdir(tmp_path)

    def run(*options: str) -> tuple[int, Any, str]:
        given = ["--candidates", "@actions.jsonl", "--personas", "personas.jsonl", "--rounds", str(ROUNDS)]
        code = main(["rank", "simulate", *given, "--json", *options])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    yield run
    assert list(inspect_store(tmp_path / "store")) == []


def outcomes(store: Path) -> list[str]:
    with closing(ProfileReader(store)) as profiles:
        assert profiles.model.open_calls() == []
        return [ModelOutcome.Name(call.outcome)[14:] for call in profiles.model.calls()]


def test_a_model_plays_the_users(command: Any, tmp_path: Path) -> None:
    """Each round is one question; what it says is recorded, and the ledger has what it cost."""
    code, said, _ = command("--yes")
    assert code == 0
    assert (said["rounds"], said["calls"], said["events"], said["refusals"]) == (6, 6, 12, [])
    with closing(ActivityReader(tmp_path / "store")) as activity:
        stored = activity.events(keys.user_key("terse", synthetic.NAMESPACE))
        read = list(examples(each.event for each in stored))
        assert {(one.action.id, one.reward, one.is_synthetic) for one in read} == {
            ("fix", 1.0, True),
            ("essay", 0.0, True),
        }
        assert activity.users_count() == 0
    with closing(ProfileReader(tmp_path / "store")) as profiles:
        (spend,) = profiles.model.spend()
    assert spend.calls == 6
    assert spend.cost_pico_usd == said["micro_usd"] * 1_000_000 > 0
    assert outcomes(tmp_path / "store") == ["APPLIED"] * 6


def test_nothing_is_asked_twice(command: Any, server: RunningModelServer) -> None:
    """Run again, nothing is asked, paid or recorded; with more rounds only those are."""
    command("--yes")
    before = server.count()
    code, said, _ = command("--yes")
    assert (code, said["calls"], said["events"]) == (0, 0, 0)
    assert server.count() == before
    _, said, _ = command("--yes", "--rounds", str(ROUNDS + 1))
    assert (said["calls"], said["events"]) == (2, 4)


def test_nothing_is_asked_without_a_yes(command: Any, server: RunningModelServer, tmp_path: Path) -> None:
    """Without --yes, where nobody can be asked, it says what it would cost at most, and stops."""
    before = server.count()
    code, said, err = command()
    assert (code, said) == (2, None)
    assert "this asks 6 questions for at most 0.0" in err
    assert server.count() == before
    assert outcomes(tmp_path / "store") == []


def test_the_budget_ends_it_and_the_next_run_goes_on(command: Any, tmp_path: Path) -> None:
    """No call begins that might cost more than is left; what was left out is asked by the next run."""
    code, said, _ = command("--yes", "--budget", "0.006")
    assert code == 0
    assert said["is_out_of_budget"]
    assert 0 < said["calls"] < 6
    assert said["micro_usd"] <= 6000
    _, more, _ = command("--yes")
    assert said["calls"] + more["calls"] == 6
    assert outcomes(tmp_path / "store") == ["APPLIED"] * 6


def test_the_day_budget_holds(command: Any, tmp_path: Path) -> None:
    """What the day's budget for models has left is the most, whatever --budget says."""
    with (tmp_path / "foreword.toml").open("a") as file:
        file.write("[budget]\nday_micro_usd = 0\n")
    code, said, _ = command("--yes", "--budget", "100")
    assert (code, said["calls"], said["is_out_of_budget"]) == (0, 0, True)


@pytest.mark.parametrize(
    ("fault", "outcome"), [("refusal", "REFUSED"), ("max-tokens", "TRUNCATED"), ("cut-answer", "INVALID")]
)
def test_an_answer_of_no_use_is_paid_for_and_said(
    command: Any, server: RunningModelServer, tmp_path: Path, fault: str, outcome: str
) -> None:
    """A refused, cut or broken answer teaches nothing, is in the ledger as what it was, and is asked again later."""
    server.faults(fault, times=1)
    _, said, _ = command("--yes")
    assert (said["rounds"], said["calls"], len(said["refusals"])) == (5, 6, 1)
    assert sorted(outcomes(tmp_path / "store")) == sorted([outcome, *["APPLIED"] * 5])
    _, said, _ = command("--yes")
    assert (said["rounds"], said["calls"]) == (1, 1)


def test_a_busy_provider_is_asked_again(command: Any, server: RunningModelServer, tmp_path: Path) -> None:
    """An overloaded provider is waited for and asked again, within the same run."""
    server.faults("overloaded", times=1)
    _, said, _ = command("--yes")
    assert (said["rounds"], said["calls"]) == (6, 7)
    assert sorted(outcomes(tmp_path / "store")) == [*["APPLIED"] * 6, "OVERLOADED"]


def test_beside_a_scheduler_nothing_is_asked(
    command: Any, server: RunningModelServer, tmp_path: Path
) -> None:
    """The ledger has one writer: while a scheduler has it, a model is not asked, and a formula may be."""
    before = server.count()
    with closing(ProfileWriter(tmp_path / "store", map_size_bytes=1 << 26)):
        code, _, err = command("--yes")
        assert code == 1
        assert "the scheduler has open" in err
        assert server.count() == before
        code, said, _ = command("--provider", "numeric")
        assert (code, said["events"], said["calls"]) == (0, 12, 0)


def test_what_is_missing_is_said(command: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without profiles to draw personas from, or anything that was ranked, it says which option to give."""
    assert command
    with closing(ProfileWriter(tmp_path / "store", map_size_bytes=1 << 26)):
        pass
    assert main(["rank", "simulate", "--candidates", "a,b", "--provider", "numeric"]) == 1
    assert "give --personas FILE" in capsys.readouterr().err
    assert main(["rank", "simulate", "--personas", "personas.jsonl", "--provider", "numeric"]) == 2
    assert "give --candidates; too little was ranked yet" in capsys.readouterr().err


def test_what_was_ranked_before_is_offered(command: Any, tmp_path: Path) -> None:
    """Without --candidates the actions of logged decisions are offered, without their texts."""
    ann = keys.user_key("ann")
    offered = [Candidate(action_id=name, topics=["tests"], text="For Ann.") for name in ("fix", "essay")]
    with closing(ActivityWriter(tmp_path / "store", map_size_bytes=1 << 26)) as writer, writer.begin() as txn:
        event = Event(event_id="e", user_id="ann", type="read")
        txn.record(admit([event], NOW_MS).kept, NOW_MS)
        key = decision_key(ann, NOW_MS, 1)
        decision = RankingDecision(decision_id=decision_id(key), user_id="ann", offered=offered)
        decision.time.FromMilliseconds(NOW_MS)
        txn.ranking.put_decision(key, decision)
    assert main(["rank", "simulate", "--personas", "personas.jsonl", "--provider", "numeric"]) == 0
    with closing(ActivityReader(tmp_path / "store")) as activity:
        (first, *_) = activity.events(keys.user_key("terse", synthetic.NAMESPACE))
        assert action_of(first.event).text == ""
        assert action_of(first.event).topics == ("tests",)
