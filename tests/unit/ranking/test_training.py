"""Training: what it finds again, what it honours, and that it repeats itself."""

from __future__ import annotations

import numpy as np
import pytest

from foreword.clock import DAY_MS
from foreword.errors import FieldError
from ranking import Action, Context, Example, Forgetting, Table, Training, TrainingOptions, UserBlock, train

ACTIONS = [Action(f"a{number}", topics=("odd",) if number % 2 else ("even",)) for number in range(20)]


def examples(count: int = 1_500, taste: float = 2.0) -> list[Example]:
    """Half of the users take odd actions, half even ones; low numbers are taken more by all."""
    draw = np.random.default_rng(11)
    found = []
    for number in range(count):
        user, action = int(draw.integers(40)), int(draw.integers(20))
        logit = (taste if user % 2 == action % 2 else -taste) + (10 - action) / 5
        reward = float(draw.random() < 1 / (1 + np.exp(-logit)))
        found.append(Example(f"user{user}", Context(number * 60_000), ACTIONS[action], reward))
    return found


def trained(given: list[Example], seed: int = 1, **options: object) -> Training:
    table = Table()
    table.extend(given)
    return Training(
        table,
        TrainingOptions(sweeps=10, **options),
        number=1,
        now_ms=given[-1].context.time_ms,
        random=np.random.default_rng(seed),
    )


def test_the_same_draws_make_the_same_model() -> None:
    """Training is a function of examples, options and random numbers."""
    one, same, other = (trained(examples(600), seed).model.arrays for seed in (1, 1, 2))
    assert all((one[name] == same[name]).all() for name in one)
    assert (one["action"] != other["action"]).any()


def test_users_are_told_apart() -> None:
    """A user who takes odd actions is foreseen to take another odd one, and one who does not, not."""
    training = trained(examples())
    foreseen, model = training.foreseen, training.model
    features = model.encode(Context(0), [Action("new", ("odd",)), Action("new", ("even",))]).features
    for user in ("user1", "user3", "user2", "user4"):
        place = training.table.users[user]
        gap = float((features[0] - features[1]) @ foreseen.mean[place])
        assert (gap > 0.5) == (user in ("user1", "user3"))


def test_what_all_take_scores_higher() -> None:
    """An action that everybody takes has a higher score for everybody."""
    model = trained(examples()).model
    offset = model.encode(Context(0), [ACTIONS[1], ACTIONS[18]]).offset
    assert offset[0] - offset[1] > 1


def test_replayed_blocks_are_the_blocks_that_serving_learns() -> None:
    """The weights of all users that training finds side by side are those that a user's block learns one by one."""
    training = trained(examples(400))
    table, model = training.table, training.model
    offsets, features = training.offsets(), model.encode(Context(0), table.actions).features
    for user in range(3):
        block = UserBlock.fresh(model.prior(), 1, 0)
        for place in table.rows_of_user[user]:
            block = block.learn(
                offsets[place],
                features[table.action[place]],
                table.reward[place],
                now_ms=table.time_ms[place],
                prior=model.prior(),
            )
        assert training.foreseen.mean[user] == pytest.approx(block.mean, abs=2e-3)
        assert training.foreseen.covariance[user] == pytest.approx(block.covariance, abs=2e-3)


def test_weights_are_honoured() -> None:
    """Examples of a small weight move the model little, and of weight 0 not at all."""
    given = examples(600)
    against = [
        Example("critic", Context(one.context.time_ms), ACTIONS[1], 0.0, weight=weight)
        for weight in (0.0, 1.0)
        for one in given[:100]
    ]
    plain, none, full = (
        float(trained([*given, *more]).model.encode(Context(0), [ACTIONS[1]]).offset[0])
        for more in (
            [Example("critic", Context(0), ACTIONS[2], 0.0, weight=0.0)],
            against[:100],
            against[100:],
        )
    )
    assert none == pytest.approx(plain, abs=0.1)
    assert full < plain - 0.2


def test_values_not_seen_for_long_leave() -> None:
    """An action that expired has the unknown row in the next model."""
    given = examples(300)
    late = [
        Example(one.user, Context(one.context.time_ms + 400 * DAY_MS), ACTIONS[number % 5], one.reward)
        for number, one in enumerate(given)
    ]
    model = trained([*given, *late]).model
    assert model.row_of(ACTIONS[0]) > 0 == model.row_of(ACTIONS[19])


def test_few_users_leave_room_for_what_is_not_learned() -> None:
    """With few users most weights are for seed features, with many for learned ones."""
    assert trained(examples(100)[:10]).model.layout.factors == 1
    assert trained(examples(600)).model.layout.factors == 5
    assert trained(examples(600)).model.dimensions == 16


def test_training_from_a_training_on_fewer_examples() -> None:
    """A training that starts from another foresees about as well as one from the start, in a third of the sweeps."""
    table, given = Table(), examples(1_500)
    table.extend(given[:1_000])
    options = TrainingOptions(sweeps=12)
    first = Training(table, options, number=1, now_ms=0, random=np.random.default_rng(0))
    table.extend(given[1_000:])
    second = Training(table, options, number=2, now_ms=0, random=np.random.default_rng(0), before=first)
    cold = Training(table, options, number=2, now_ms=0, random=np.random.default_rng(0))
    warm_loss, cold_loss = (
        float((np.logaddexp(0, logit) - table.column("reward") * logit).mean())
        for logit in (second.foreseen.logit, cold.foreseen.logit)
    )
    assert warm_loss < cold_loss + 0.01
    assert second.model.number == 2


def test_nothing_to_train_on_is_refused() -> None:
    """Training without examples is an error that says so."""
    with pytest.raises(FieldError, match="at least one"):
        train([], number=1, now_ms=0, random=np.random.default_rng(0))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_handful_of_examples_is_enough(count: int) -> None:
    """A model trained on next to nothing serves: it knows little and fails at nothing."""
    training = trained(examples(10)[:count], forgetting=Forgetting())
    encoded = training.model.encode(Context(0), ACTIONS)
    assert np.isfinite(encoded.offset).all()
    assert np.isfinite(encoded.features).all()
