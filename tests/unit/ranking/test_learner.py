"""The product as it runs: predicting, learning, training anew."""

from __future__ import annotations

import numpy as np
import pytest

from ranking import Action, Context, Example, LearnerOptions, OnlineLearner, TrainingOptions

TRAINING = TrainingOptions(sweeps=4)
ACTIONS = [Action(f"a{number}", attributes={"kind": str(number % 4)}) for number in range(12)]


def learner(**options: object) -> OnlineLearner:
    return OnlineLearner(LearnerOptions(training=TRAINING, **options), random=np.random.default_rng(0))


def examples(count: int, users: str = "user") -> list[Example]:
    draw = np.random.default_rng(4)
    return [
        Example(
            f"{users}{draw.integers(30)}",
            Context(number * 1_000),
            ACTIONS[int(draw.integers(12))],
            float(draw.integers(2)),
        )
        for number in range(count)
    ]


def test_updates_of_others_leave_a_user_alone() -> None:
    """After 50,000 updates to other users this user's predictions are the same to the bit, under the same model."""
    online = learner(first_refits=(300,), refit_every=10**9)
    for example in examples(300):
        online.learn(example)
    assert online.model.number == 1
    before = online.predict("user1", Context(10**6), ACTIONS).tobytes()
    block = online.block("user1", Context(0)).to_bytes()
    given = examples(5_000, users="other")
    for _ in range(10):
        for example in given:
            online.learn(example)
    assert online.predict("user1", Context(10**6), ACTIONS).tobytes() == before
    assert online.block("user1", Context(0)).to_bytes() == block


def test_first_feedback_counts_at_once() -> None:
    """Before any training, three refusals of one kind put another kind first."""
    online = learner()
    for number in range(3):
        refused = Action(f"r{number}", attributes={"style": "verbose"})
        online.learn(Example("me", Context(number), refused, 0.0))
    chances = online.predict(
        "me",
        Context(9),
        [Action(f"new {style}", attributes={"style": style}) for style in ("verbose", "concise")],
    )
    assert chances[1] > chances[0] + 0.05
    others = online.predict("you", Context(9), [Action("new", attributes={"style": "verbose"})])
    assert others == pytest.approx([0.5])


def test_models_follow_the_schedule() -> None:
    """The model is trained after the first counts and then at every interval, and blocks belong to the newest."""
    online = learner(first_refits=(50, 120), refit_every=200)
    numbers = []
    for example in examples(420):
        online.learn(example)
        numbers.append(online.model.number)
    assert [numbers[at - 1] for at in (49, 50, 119, 120, 199, 200, 399, 400)] == [0, 1, 1, 2, 2, 3, 3, 4]
    assert online.block("user1", Context(0)).model_version == 4


def test_frozen_users_stay_as_trained() -> None:
    """With users frozen, predictions move only when a model is trained."""
    online = learner(first_refits=(100,), refit_every=10**9, are_users_frozen=True)
    given = examples(300)
    for example in given[:100]:
        online.learn(example)
    before = online.block("user1", Context(0)).mean
    for example in given[100:]:
        online.learn(example)
    assert (online.block("user1", Context(0)).mean == before).all()


def test_simulated_examples_reach_no_block() -> None:
    """A simulated example teaches the model at the next training, and no user's block."""
    online = learner()
    online.learn(Example("me", Context(0), ACTIONS[0], 0.0, is_synthetic=True))
    assert online.block("me", Context(0)).observations == 0


def test_predictions_are_probabilities() -> None:
    """Whatever was learned, what is predicted lies between 0 and 1."""
    online = learner(first_refits=(100,), refit_every=100)
    for example in examples(250):
        online.learn(example)
    chances = online.predict("user1", Context(0), [*ACTIONS, Action("never seen")])
    assert ((chances > 0) & (chances < 1)).all()


def test_a_catch_up_moves_nobodys_own_parameters() -> None:
    """With catch-ups and without, users' blocks are the same to the bit, and what is said to them is not."""
    caught_up, plain = learner(first_refits=(300,), catch_up_seconds=10), learner(first_refits=(300,))
    for example in examples(500):
        liked = example.action.attributes["kind"] == "1"
        for online in (caught_up, plain):
            online.learn(Example(example.user, example.context, example.action, float(liked)))
    moment = Context(10**6)
    for user in ("user1", "user2"):
        said = [online.predict(user, moment, ACTIONS).tobytes() for online in (caught_up, plain)]
        assert said[0] != said[1]
        assert caught_up.block(user, moment).to_bytes() == plain.block(user, moment).to_bytes()


def test_what_is_said_stays_between_two_catch_ups() -> None:
    """Within the interval what others teach moves nothing that is said; after it, it does."""
    online = learner(first_refits=(), catch_up_seconds=10)
    for example in examples(100):
        online.learn(Example(example.user, Context(0), ACTIONS[0], 1.0))
    before = online.predict("me", Context(0), ACTIONS).tobytes()
    assert online.predict("me", Context(0), [ACTIONS[0]]) > 0.5
    online.learn(Example("other", Context(0), ACTIONS[0], 0.0))
    assert online.predict("me", Context(9_999), ACTIONS).tobytes() == before
    assert online.predict("me", Context(10_000), ACTIONS).tobytes() != before


def test_a_catch_up_that_foretells_worse_is_not_served() -> None:
    """Where rewards come by lot, what is said is as without catch-ups, to the bit."""
    caught_up, plain = learner(first_refits=(), catch_up_seconds=10), learner(first_refits=())
    for example in examples(400):
        for online in (caught_up, plain):
            online.learn(
                Example(
                    f"only once {example.context.time_ms}", example.context, example.action, example.reward
                )
            )
    said = [online.predict("me", Context(10**6), ACTIONS).tobytes() for online in (caught_up, plain)]
    assert said[0] == said[1]
