"""Comparing language models: who is asked, what is counted, and by which formulas."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from model_servers import RunningModelServer, running_model_server

from evaluations.agreement import agreement, foretold, sayings
from evaluations.candidates import parse_candidates
from evaluations.foretelling import Scores
from evaluations.model_report import ModelReport, make_report
from evaluations.models import Plan, evaluate_models, make_plan, most_pico_usd
from evaluations.tally import Tally
from foreword.cli.root import root
from foreword.config import Config
from foreword.errors import FieldError, ForewordError
from foreword.llm import ModelError, TokenUsage
from foreword.llm.connect import connect
from foreword.llm.prices import cost_pico_usd
from foreword.v1.profile_pb2 import Belief, ContentPreferences, Goal, Profile, SelfModel, TopicAffinity

START = datetime(2026, 1, 1, tzinfo=UTC)
USERS = ("ann", "bob", "cyd", "dan")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten weeks of four users, an event a day each, on two topics of their own."""
    file = tmp_path_factory.mktemp("events") / "events.jsonl"
    with file.open("w") as lines:
        for day in range(70):
            for user in USERS:
                topic = f"{user}-{'even' if day % 2 else 'odd'}"
                row = {
                    "event_id": f"{user}{day}",
                    "user_id": user,
                    "time": (START + timedelta(days=day)).isoformat(),
                    "type": "read",
                    "topics": [topic],
                    "text": f"Reads on about {topic}",
                }
                lines.write(json.dumps(row) + "\n")
    return file


def at(server: RunningModelServer, label: str = "") -> str:
    return f"{label or 'model'}=claude-haiku-4-5@{server.url}"


def compare(candidates: str, plan: Plan, config: Config | None = None) -> ModelReport:
    parsed = parse_candidates(candidates, config or Config())
    connected = [(candidate, connect(candidate.config.agent, {})) for candidate in parsed]
    return asyncio.run(evaluate_models(connected, plan, bootstrap=50, sleep=at_once))


async def at_once(_seconds: float) -> None:
    pass


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extractive", ("extractive", "extractive", "claude-haiku-4-5", "")),
        ("claude-opus-5", ("claude-opus-5", "anthropic", "claude-opus-5", "")),
        ("openai-chat:claude-opus-5", ("openai-chat:claude-opus-5", "openai-chat", "claude-opus-5", "")),
        ("a=claude-opus-5@http://[::1]:80/x", ("a", "anthropic", "claude-opus-5", "http://[::1]:80/x")),
        (
            "llama:8b@https://gpu.example?a=b",
            ("llama:8b@https://gpu.example?a=b", "anthropic", "llama:8b", "https://gpu.example?a=b"),
        ),
    ],
)
def test_a_candidate_is_provider_model_and_address(text: str, expected: tuple[str, str, str, str]) -> None:
    """A word before a colon is a provider only if it is one, and an address or a label may stand beside."""
    config = Config.model_validate({"agent": {"prices": {"llama:8b": {"input": 0, "output": 0}}}})
    (found,) = parse_candidates(text, config)
    agent = found.config.agent
    assert (found.name, agent.provider, agent.model, agent.base_url) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "allowed: [LABEL=]"),
        ("claude-opus-5,", "allowed: [LABEL=]"),
        ("anthropic:", "allowed: [LABEL=]"),
        ("=claude-opus-5", "allowed: [LABEL=]"),
        ("extractive,extractive", "'extractive' twice"),
        ("nobody-knows", 'agent.prices."nobody-knows"'),
    ],
)
def test_what_is_no_candidate_is_refused(text: str, said: str) -> None:
    """An empty name, a name that stands twice, and a model without a price are said to be so."""
    with pytest.raises(FieldError) as caught:
        parse_candidates(text, Config())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("address", "is_remote"),
    [
        ("", True),
        ("@http://127.0.0.1:1", False),
        ("@http://[::1]:1", False),
        ("@http://localhost:1", False),
        ("@https://127.example.com", True),
    ],
)
def test_only_loopback_is_this_machine(address: str, is_remote: bool) -> None:
    """The provider's own server and every other host are elsewhere."""
    (found,) = parse_candidates(f"claude-opus-5{address}", Config())
    assert found.is_remote is is_remote
    assert not parse_candidates("extractive", Config())[0].is_remote


def profile(*beliefs: tuple[str, float], goals: tuple[str, ...] = ()) -> Profile:
    held = [Belief(subject=subject, confidence=confidence) for subject, confidence in beliefs]
    return Profile(
        self_model=SelfModel(beliefs=held, goals=[Goal(statement=goal) for goal in goals]),
        content_preferences=ContentPreferences(
            high_affinity_topics=[
                TopicAffinity(topic="go", score=0.5),
                TopicAffinity(topic="tests", score=0.4),
            ],
            low_affinity_topics=[TopicAffinity(topic="ads")],
        ),
    )


def test_agreement_is_what_both_say_of_what_either_says() -> None:
    """One belief of three and no goal in common: one part in four; where nobody says a thing there is no agreement."""
    one = sayings(profile(("Unit Tests", 0.5), ("go", 0.5), goals=("Ship it",)))
    other = sayings(profile(("unit-tests", 0.9), ("rust", 0.5)))
    assert agreement(one, other) == 1 / 4
    assert agreement(one, one) == 1.0
    assert agreement(frozenset(), frozenset()) is None


def test_what_no_longer_holds_is_not_said() -> None:
    """A closed belief and a goal that is reached count for nothing, neither said nor foretold."""
    closed = profile(("rust", 0.9), goals=("Ship it",))
    closed.self_model.beliefs[0].valid_to.FromMilliseconds(1)
    closed.self_model.goals[0].valid_to.FromMilliseconds(1)
    assert sayings(closed) == frozenset()
    assert foretold(closed) == ["go", "tests"]


def test_topics_go_in_the_order_of_the_profile_and_beliefs_about_others_follow() -> None:
    """A belief moves no topic that the profile ranks, whatever the scores; what was turned away from never counts."""
    believed = profile(("tests", 0.9), ("ads", 0.9), ("java", 0.2), ("rust", 0.4), ("java", 0.5))
    believed.content_preferences.high_affinity_topics[0].score = 0.1
    assert foretold(believed) == ["go", "tests", "java", "rust"]


def test_shares_are_of_refreshes_and_means_of_one() -> None:
    """What grows with the number of refreshes is divided by it, and the total cost is rounded once."""
    tally = Tally(
        refreshes=4, usable_first=3, usable=4, proposed=10, applied=6, refused_operations=Counter(malformed=2)
    )
    tally.pay(TokenUsage(100, 200, 100, 50), 1_500_000)
    tally.pay(TokenUsage(0, 0, 0, 50), 500_001)
    found = tally.to_dict()
    assert (found["usable_first"], found["usable"], found["operations"]) == (0.75, 1.0, 2.5)
    assert found["refused_operations"] == {"malformed": 0.5}
    assert (found["read_tokens"], found["output_tokens"], found["cache_share"]) == (100, 25, 0.5)
    assert (found["cost_micro_usd"], found["total_cost_micro_usd"]) == (0.5, 2)


def test_differences_are_to_the_first_and_paired() -> None:
    """The second candidate's lead is the mean of the differences at each point, with an interval of its own."""
    scores = Scores()
    for user in ((0, "ann"), (0, "bob")):
        scores.add("a", user, ["x"], {"x", "y"})
        scores.add("b", user, ["x", "y"], {"x", "y"})
    said = {name: {(0, "ann"): frozenset({("belief", name)}), (0, "bob"): frozenset()} for name in "ab"}
    first, second = make_report("ab", {"a": Tally(), "b": Tally()}, scores, said, seed=0, bootstrap=20).rows
    assert (first.difference, second.difference) == (None, (0.5, 0.5, 0.5))
    assert (first.agreement, second.agreement) == (None, (0.0, 0.0, 0.0))
    assert second.sayings == 0.5


def test_the_sample_is_the_same_and_grows(events: Path) -> None:
    """The same seed draws the same users, more of them contain the fewer, and another seed draws others in the end."""
    draws = [make_plan([events], users=count, weeks=3, config=Config()).sample for count in (1, 2, 3, 9)]
    assert draws[0] < draws[1] < draws[2] < draws[3]
    assert len(draws[3]) == len(USERS)
    assert make_plan([events], users=2, weeks=3, config=Config()).sample == draws[1]
    assert (
        len({make_plan([events], users=1, weeks=3, seed=seed, config=Config()).sample for seed in range(9)})
        > 1
    )


def test_the_plan_counts_what_is_asked(events: Path) -> None:
    """Every drawn user is due at each of the last weeks, and users without a week to foretell are not drawn."""
    assert make_plan([events], users=2, weeks=3, config=Config()).refreshes == 6
    with pytest.raises(FieldError, match="5 events"):
        make_plan(
            [events],
            users=2,
            weeks=3,
            ignored_topics=[f"{user}-odd" for user in USERS] + [f"{user}-even" for user in USERS],
            config=Config(),
        )


def test_candidates_side_by_side(events: Path, model_server: RunningModelServer) -> None:
    """A model that reads its prompt, one that talks nonsense, and code have a row each, over the same points."""
    plan = make_plan([events], users=3, weeks=3, config=Config())
    with running_model_server(is_nonsense=True) as nonsense:
        report = compare(f"{at(model_server, 'rules')},{at(nonsense, 'nonsense')},extractive", plan)
    rules, noise, code = report.rows
    assert [row.method for row in report.rows] == ["rules", "nonsense", "extractive"]
    assert (report.users, report.points) == (3, 9)
    assert rules.tally.refreshes == noise.tally.refreshes == plan.refreshes == 9
    assert rules.tally.usable == 9
    assert rules.tally.applied > 0
    assert sum(noise.tally.refused_operations.values()) > sum(rules.tally.refused_operations.values())
    assert code.tally == Tally()
    data = json.loads(report.to_json())
    assert set(data) == {"rows", "users", "points"}
    for row in data["rows"]:
        assert row["hit_at_3_low"] <= row["hit_at_3"] <= row["hit_at_3_high"]
        assert ("recall_at_3_difference" in row) == ("agreement" in row) == (row["method"] != "rules")
    lines = report.table().splitlines()
    assert lines[1].split() == ["rules", "nonsense", "extractive"]


def test_cost_is_the_servers_own_count_and_within_the_estimate(
    events: Path, model_server: RunningModelServer
) -> None:
    """What was paid is what the server counted, mended answers included, and no more than was said before."""
    plan = make_plan([events], users=2, weeks=2, config=Config())
    model_server.faults("wrong-schema", times=2)
    (candidate,) = parse_candidates(at(model_server), Config())
    (row,) = compare(at(model_server), plan).rows
    (counted,) = model_server.count()["tokens"]
    usage = TokenUsage(
        counted["input_tokens"],
        counted["cache_read_tokens"],
        counted["cache_write_tokens"],
        counted["output_tokens"],
    )
    assert row.tally.usage == usage
    assert row.tally.cost_pico_usd == cost_pico_usd(usage, candidate.price, in_batch=False)
    assert 0 < row.tally.cost_pico_usd <= most_pico_usd(candidate, plan, None)
    assert row.tally.usable_first < row.tally.refreshes


@pytest.mark.parametrize(
    ("fault", "counted"), [("refusal", "refused"), ("max-tokens", "truncated"), ("server-error", "failed")]
)
def test_a_refresh_without_an_answer_is_what_code_writes(
    events: Path, model_server: RunningModelServer, fault: str, counted: str
) -> None:
    """A model that declines, is cut off, or does not answer at all is counted so, and its profiles are code's."""
    plan = make_plan([events], users=2, weeks=2, config=Config())
    model_server.faults(fault, times=100)
    model, code = compare(f"{at(model_server)},extractive", plan).rows
    assert getattr(model.tally, counted) == model.tally.refreshes == plan.refreshes
    assert code.agreement == (1.0, 1.0, 1.0)
    assert code.difference == (0.0, 0.0, 0.0)


def test_a_wrong_key_ends_the_comparison(events: Path) -> None:
    """A provider that takes no request at all is an error, not a bad mark."""
    plan = make_plan([events], users=1, weeks=1, config=Config())
    with running_model_server(key="right") as server, pytest.raises(ModelError) as caught:
        compare(at(server), plan)
    assert caught.value.failure == "unauthorized"


def run(*arguments: str) -> object:
    done = CliRunner().invoke(root, ["evaluate", "models", *arguments])
    return done.exception if done.exit_code else done


def test_nothing_is_asked_beyond_the_budget(events: Path, model_server: RunningModelServer) -> None:
    """A comparison that could cost more than is allowed asks nothing, and says how much it could cost."""
    refused = run("--candidates", at(model_server), "--events", str(events), "--budget-micro-usd", "1000")
    assert isinstance(refused, FieldError)
    assert refused.field == "--budget-micro-usd"
    assert model_server.count()["outcomes"] == {}


def test_events_leave_this_machine_only_with_consent(events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --yes and without anybody to ask, a provider elsewhere is sent nothing."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    refused = run("--candidates", "claude-opus-5", "--events", str(events), "--users", "1")
    assert isinstance(refused, ForewordError)
    assert "--yes" in refused.hint


def test_a_provider_without_a_key_is_named(events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate that cannot be asked at all is said to have no key, before anything is read."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    refused = run("--candidates", "extractive,claude-opus-5", "--events", str(events))
    assert isinstance(refused, FieldError)
    assert (refused.field, refused.found) == ("claude-opus-5", "no API key")
