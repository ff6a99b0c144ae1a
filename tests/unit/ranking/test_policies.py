"""What other policies would have earned, from a store's own log in which the truth is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from foreword import keys
from foreword.admission import admit
from foreword.cli import main
from foreword.clock import DAY_MS
from foreword.errors import ForewordError
from foreword.store import ActivityReader, ActivityWriter
from foreword.store.check import inspect_store
from foreword.store.decision_key import decision_id, decision_key
from foreword.v1.event_pb2 import Event, Feedback
from foreword.v1.ranking_pb2 import Candidate, RankingDecision
from ranking.block import Floats
from ranking.decided import Decided, Gathering
from ranking.example import Action, Context, Example
from ranking.exploration import Exploration, explore, spread
from ranking.log import feedback_event
from ranking.model import GlobalModel, Layout
from ranking.model_folder import Entry, ModelFolder, Verdict
from ranking.off_policy import NoVerdict
from ranking.off_policy import Verdict as Compared
from ranking.policies import GREEDY, POPULAR, SERVING, UNIFORM, Judged, best, judge, popular
from ranking.ranker import Ranker
from ranking.trainer import models_directory

NOW_MS = 20_000 * DAY_MS
ACTIONS = ("a0", "a1", "a2", "a3")
# What users like most is what the scores say least of.
RATES = np.array([0.2, 0.4, 0.6, 0.8])
LOGITS = np.array([0.3, 0.2, 0.1, 0.0], np.float32)
STRAY = Exploration(epsilon=0.2, worlds=32, scale_max=0.3)


class Opened(NamedTuple):
    """A store that is written and read at once."""

    writer: ActivityWriter
    reader: ActivityReader
    directory: Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Opened]:
    with (
        closing(ActivityWriter(tmp_path, map_size_bytes=1 << 28)) as writer,
        closing(ActivityReader(tmp_path)) as reader,
    ):
        yield Opened(writer, reader, tmp_path)
    assert list(inspect_store(tmp_path)) == []


def decision(user: str, time_ms: int, number: int = 0, **fields: Any) -> tuple[bytes, RankingDecision]:
    """Return a decision as the sidecar logs it, and its key."""
    shown = fields.pop("shown", ACTIONS)
    key = decision_key(keys.user_key(user, fields.get("namespace", "")), time_ms, number)
    made = RankingDecision(
        decision_id=decision_id(key),
        user_id=user,
        offered=[one if isinstance(one, Candidate) else Candidate(action_id=one) for one in shown],
        **{
            "scores": [0.5] * len(shown),
            "propensities": [0.5] * len(shown),
            "candidate_count": len(shown),
            **fields,
        },
    )
    made.time.FromMilliseconds(time_ms)
    return key, made


def put(store: Opened, *decisions: tuple[bytes, RankingDecision]) -> None:
    with store.writer.begin() as txn:
        for key, made in decisions:
            txn.ranking.put_decision(key, made)


def decide(store: Opened, user: str, time_ms: int, number: int = 0, **fields: Any) -> str:
    """Log a decision; return its id."""
    made = decision(user, time_ms, number, **fields)
    put(store, made)
    return made[1].decision_id


def said(user: str, named: str, action: str, time_ms: int, reward: float) -> Event:
    event = feedback_event(
        Context(time_ms), Action(id=action), Feedback.FEEDBACK_UNSPECIFIED, reward=reward, decision_id=named
    )
    event.user_id, event.event_id = user, f"{named}:{action}:{time_ms}:{reward}"
    event.time.FromMilliseconds(time_ms)
    return event


def record(store: Opened, *events: Event) -> None:
    admission = admit(events, NOW_MS)
    assert not admission.refused
    with store.writer.begin() as txn:
        txn.record(admission.kept, NOW_MS)


def simulate(store: Opened, *, propensity: float | None = None, answers: Floats | None = None) -> None:
    """Log 4,000 orders for 80 users, drawn as the sidecar draws them, and what came of the first.

    Args:
        store: Where.
        propensity: Logged in place of the true one.
        answers: How probable it is that an action is answered; all are without.
    """
    random = np.random.default_rng(7)
    features = np.eye(len(ACTIONS), dtype=np.float32)
    scores = 1 / (1 + np.exp(-LOGITS))
    decisions, events = [], []
    for number in range(4_000):
        order = explore(LOGITS, spread(features, features), options=STRAY, random=random)
        user, time_ms = f"u{number % 80}", NOW_MS - DAY_MS + number * 1_000
        chances = order.propensities if propensity is None else [propensity] * len(ACTIONS)
        shown = [ACTIONS[place] for place in order.order]
        made = decision(user, time_ms, shown=shown, scores=scores[order.order], propensities=chances)
        decisions.append(made)
        first = order.order[0]
        reward = float(random.random() < RATES[first])
        if answers is None or random.random() < answers[first]:
            events.append(said(user, made[1].decision_id, ACTIONS[first], time_ms + 500, reward))
    put(store, *decisions)
    record(store, *events)


def judged(store: Opened, *models: GlobalModel, **options: Any) -> Judged:
    return judge(store.reader, models, Ranker(), **options)


def gathered(store: Opened, *models: GlobalModel, **options: Any) -> list[Decided]:
    return Gathering(store.reader, models, Ranker(), **options).run()


def test_intervals_hold_the_truth_of_each_policy(store: Opened) -> None:
    """From 4,000 logged orders every method's interval holds what the policy earns, and the verdict is right."""
    simulate(store)
    found = judged(store)
    assert (found.logged, found.judged) == (4_000, 4_000)
    for name, truth in ((GREEDY, RATES[0]), (UNIFORM, RATES.mean())):
        one = found.policies[name]
        assert set(one.values) == {"ips", "snips", "clipped", "dr"}
        for method, each in one.values.items():
            assert each.low <= truth <= each.high, (name, method)
        assert one.weight.low <= 1 <= one.weight.high
    outcomes = {
        name: one.verdict.outcome
        for name, one in found.policies.items()
        if isinstance(one.verdict, Compared) and name != SERVING
    }
    assert outcomes == {GREEDY: "worse", UNIFORM: "better", POPULAR: "better"}
    # It has found what is liked most after some tens of answers.
    assert found.policies[POPULAR].values["dr"].value == pytest.approx(RATES[3], abs=0.05)


def test_what_was_served_is_worth_what_it_earned(store: Opened) -> None:
    """By every method the serving policy is worth the mean reward: its weights are all 1."""
    simulate(store)
    found = judged(store).policies[SERVING]
    mean = np.mean([one.reward for one in gathered(store)])
    for each in found.values.values():
        assert each.value == pytest.approx(mean)
    assert found.effective == pytest.approx(4_000)


def test_wrong_propensities_miss_the_truth_and_are_told(store: Opened) -> None:
    """Were all propensities logged as even, no interval of the greedy policy would hold its truth, nor its weight 1."""
    simulate(store, propensity=0.25)
    one = judged(store).policies[GREEDY]
    assert not one.weight.low <= 1 <= one.weight.high
    assert not one.values["ips"].low <= RATES[0] <= one.values["ips"].high


def test_silence_that_depends_on_the_action_is_told_and_can_count(store: Opened) -> None:
    """Where a disliked action is mostly not answered, weights are off; counted as noes, the rates are found again."""
    answers = np.array([0.3, 0.9, 0.9, 0.9], np.float32)
    simulate(store, answers=answers)
    left = judged(store)
    assert left.left_out.unanswered == 4_000 - left.judged > 500
    assert not left.policies[UNIFORM].weight.low <= 1 <= left.policies[UNIFORM].weight.high
    counted = judged(store, is_silence_no=True)
    assert counted.judged == 4_000
    one = counted.policies[UNIFORM]
    truth = float((RATES * answers).mean())
    assert one.weight.low <= 1 <= one.weight.high
    assert one.values["ips"].low <= truth <= one.values["ips"].high


def test_decisions_that_tell_nothing_are_left_out_and_counted(store: Opened) -> None:
    """Each is counted under its reason, and what is left is judged."""
    start = NOW_MS - DAY_MS
    decide(store, "ann", start, propensities=[1, 1, 1, 1])
    decide(store, "ann", start + 1, shown=ACTIONS[:1], propensities=[1])
    decide(store, "ann", start + 2, candidate_count=500)
    decide(store, "ann", start + 3)
    decide(store, "ann", start + 4, namespace="foreword.synthetic")
    kept = decide(store, "ann", start + 5)
    record(store, said("ann", kept, "a0", start + 6, 1.0))
    found = judged(store)
    assert (found.logged, found.judged) == (6, 1)
    out = found.left_out
    assert (out.certain, out.shortened, out.unanswered, out.simulated) == (2, 1, 1, 1)
    assert isinstance(found.policies[UNIFORM].verdict, NoVerdict)


def test_the_newest_are_judged_by_and_the_others_counted(store: Opened) -> None:
    """Of more decisions than are asked for the newest are kept, of all users together, in the order of time."""
    start = NOW_MS - DAY_MS
    for number in range(10):
        user = f"u{number % 3}"
        named = decide(store, user, start + number)
        record(store, said(user, named, "a0", start + 100, 1.0))
    gathering = Gathering(store.reader, [], Ranker(), decisions_max=4)
    assert [one.time_ms - start for one in gathering.run()] == [6, 7, 8, 9]
    assert gathering.left_out.older == 6


def test_the_last_word_on_the_first_action_is_the_reward(store: Opened) -> None:
    """A later reward replaces an earlier one; what is said of an action further down, or elsewhere, is another's."""
    start = NOW_MS - DAY_MS
    named = decide(store, "ann", start)
    record(
        store,
        said("ann", named, "a0", start + 30, 0.25),
        said("ann", named, "a0", start + 10, 1.0),
        said("ann", named, "a1", start + 40, 0.5),
        said("ann", "", "a0", start + 50, 0.75),
    )
    (one,) = gathered(store)
    assert (one.reward, one.answered_ms) == (0.25, start + 30)


def test_what_is_irreversible_is_no_policys_choice(store: Opened) -> None:
    """An action that is never varied has no chance at the first place, and takes none from the others."""
    start = NOW_MS - DAY_MS
    shown = ["a0", Candidate(action_id="force-push", irreversible=True), "a1"]
    named = decide(store, "ann", start, shown=shown, scores=[0.4, 0.9, 0.3], propensities=[0.5, 1, 0.5])
    record(store, said("ann", named, "a0", start + 1, 1.0))
    (one,) = gathered(store)
    assert one.actions == ("a0", "a1")
    assert judged(store).policies[UNIFORM].values["ips"].value == pytest.approx(1.0)


def test_a_model_knows_of_a_user_only_what_was_said_before(store: Opened) -> None:
    """What a model would have shown rests on earlier answers, never on the decision's own, whatever time it bears."""
    start, model = NOW_MS - DAY_MS, GlobalModel.seed()
    decisions = [decide(store, "ann", start + 1_000 * number, number) for number in range(3)]
    answers = [
        said("ann", decisions[0], "a0", start + 500, 1.0),
        # By a caller's clock that is an hour slow.
        said("ann", decisions[1], "a0", start + 1_000 - 3_600_000, 0.0),
        said("ann", decisions[2], "a0", start + 9_000, 0.0),
    ]
    record(store, *answers)
    found = gathered(store, model)
    rules = Ranker()
    for one, rewards in zip(found, ([], [1.0], [1.0, 0.0]), strict=True):
        moments = [Context(answer.time.ToMilliseconds()) for answer in answers]
        known = [
            Example("ann", moment, Action(id="a0"), reward)
            for moment, reward in zip(moments, rewards, strict=False)
        ]
        block = rules.replay(model, known, one.time_ms)
        actions = [Action(id=each) for each in one.actions]
        expected = rules.rank(model, block, Context(one.time_ms), actions, random=None).scores
        assert one.by_model[0] == pytest.approx(expected)
    assert found[0].by_model[0] == pytest.approx([0.5] * 4)
    assert found[1].by_model[0][0] > 0.5


def test_a_model_is_judged_by_what_came_after_it(store: Opened) -> None:
    """A model may have learned from the decisions before it was made: they are left out, for all policies alike."""
    start = NOW_MS - DAY_MS
    for number in range(6):
        named = decide(store, "ann", start + number, number)
        record(store, said("ann", named, "a0", start + 100 + number, 1.0))
    later = GlobalModel(3, start + 2, Layout(), GlobalModel.seed().arrays)
    found = judged(store, GlobalModel.seed(), later)
    assert (found.judged, found.left_out.before_model) == (3, 3)
    assert {name: one.records for name, one in found.policies.items()} == dict.fromkeys(
        (SERVING, GREEDY, UNIFORM, POPULAR, "model 0", "model 3"), 3
    )


def test_what_is_tied_shares_alike() -> None:
    """The first in the log is what was shown: it must not win a tie by standing first."""
    assert best(np.array([0.5, 0.5, 0.25])).tolist() == [0.5, 0.5, 0.0]
    assert best(np.array([0.5, 0.5 + 1e-8], np.float32)).tolist() == [0.5, 0.5]
    assert best(np.array([0.1, 0.2])).tolist() == [0.0, 1.0]


def test_popular_is_what_was_known_by_then() -> None:
    """An answer counts from the moment it is given, not from the decision that it is about."""

    def one(time_ms: int, action: str, reward: float, answered_ms: int) -> Decided:
        others = tuple(each for each in ("a", "b") if each != action)
        empty = np.zeros(2, np.float32)
        return Decided(keys.user_key("ann"), time_ms, (action, *others), empty, 0.5, reward, answered_ms, ())

    log = [one(0, "a", 1.0, 25), one(10, "b", 0.0, 15), one(20, "a", 1.0, 30), one(30, "b", 0.0, 40)]
    preferred = [
        dict(zip(each.actions, best(values), strict=True))
        for each, values in zip(log, popular(log), strict=True)
    ]
    assert preferred[0] == {"a": 0.5, "b": 0.5}
    assert preferred[2] == {"a": 0.5, "b": 0.5}
    assert preferred[3] == {"a": 1.0, "b": 0.0}


def test_without_a_decision_that_tells_anything_it_says_why(store: Opened) -> None:
    """An empty log is told apart from one that says nothing, whose reasons are named with how many."""
    with pytest.raises(ForewordError, match="no decision to judge by"):
        judged(store)
    decide(store, "ann", NOW_MS - DAY_MS)
    decide(store, "bob", NOW_MS - DAY_MS, propensities=[1, 1, 1, 1])
    with pytest.raises(
        ForewordError, match=r"none of 2 decisions .* 1 of whose first action nothing was said, 1 whose"
    ):
        judged(store)


def test_the_command_prints_estimates_and_what_was_left_out(
    store: Opened, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has a line for each policy and model, the notes what was left out; an unknown model is named."""
    monkeypatch.setenv("FOREWORD_STORE__DIRECTORY", str(store.directory))
    simulate(store)
    decide(store, "ann", NOW_MS, propensities=[1, 1, 1, 1])
    folder = ModelFolder(models_directory(store.directory))
    model = GlobalModel(1, NOW_MS - 2 * DAY_MS, Layout(), GlobalModel.seed().arrays)
    folder.publish(model, Entry(1, NOW_MS, Verdict.TAKEN))
    assert main(["rank", "evaluate", "--model", "1", "--bootstrap", "100"]) == 0
    printed = capsys.readouterr()
    assert "most popular, compared with as served: better: +0." in printed.out
    assert "\nmodel 1, compared with as served: " in printed.out
    assert "Judged by 4,000 of 4,001 decisions in the log, for 80 users" in printed.err
    assert "Left out: 1 whose first place was not left to chance" in printed.err
    assert main(["rank", "evaluate", "--json", "--bootstrap", "20"]) == 0
    fields = json.loads(capsys.readouterr().out)
    assert fields["left_out"]["certain"] == 1
    assert fields["policies"][GREEDY]["verdict"].startswith("worse: -0.")
    assert main(["rank", "evaluate", "--model", "7"]) != 0
    assert "--model" in (told := capsys.readouterr().err)
    assert "foreword rank models" in told
