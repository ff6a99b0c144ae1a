"""Moments crossed with actions: which form is kept, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest

from ranking.crossing import FORMS, Moments, choose_crossing, make_slots, train_crossing

SIZES = (4, 6)


def moments(strength: float, level: float = 0.0, count: int = 3_000) -> Moments:
    """Return examples with two fields on either side, of which the first ones go together by `strength`."""
    draw = np.random.default_rng(3)
    here, there = draw.integers(2, size=(2, count))
    action = there * 2 + draw.integers(2, size=count)
    logit = strength * (1 - 2 * (here ^ there)) + level * (1 - 2 * here)
    reward = (draw.random(count) < 1 / (1 + np.exp(-logit))).astype(float)
    rows = np.repeat(np.arange(count), 2)
    numbers = np.stack([here, 2 + draw.integers(2, size=count)], axis=1).ravel()
    context = make_slots(count, 2, (rows, np.tile([0, 1], count), numbers, np.ones(2 * count)))
    known = np.repeat(np.arange(4), 2)
    values = np.stack([np.arange(4) // 2, 2 + np.arange(4)], axis=1).ravel()
    actions = make_slots(4, 2, (known, np.tile([0, 1], 4), values, np.ones(8)))
    none = np.zeros(0, np.int64)
    return Moments(
        context,
        make_slots(count, 2, (none, none, none, none)),
        actions,
        make_slots(4, 2, (known[::2], np.zeros(4, np.int64), values[::2], np.ones(4))),
        np.arange(4) // 2,
        np.arange(count) % 50,
        action,
        np.zeros(count),
        reward,
        np.ones(count),
    )


def chosen(given: Moments) -> str:
    return choose_crossing(given, sizes=SIZES, random=np.random.default_rng(0), epochs=10)


def test_a_form_is_kept_only_when_it_foresees_better() -> None:
    """Without anything in the moment none is kept, with a level its facts alone, with a product a machine for
    products."""
    assert chosen(moments(0.0)) == "none"
    assert chosen(moments(0.0, level=1.5)) == "linear"
    assert FORMS.index(chosen(moments(1.5))) >= FORMS.index("wide")


def test_too_few_days_prove_no_form() -> None:
    """What foresees one day's examples better may only tell that day from others: the plainest form stays."""
    given = moments(1.5)
    assert chosen(given._replace(occasion=given.occasion % 3)) == "none"


def test_a_flag_counts_in_the_plainest_form() -> None:
    """Where nothing of the moment is looked at, what simulated users like more is still not taken for what all like."""
    given = moments(0.0, level=2.0)
    flags = given.context._replace(weights=given.context.weights * (given.context.fields == 0))
    crossing = train_crossing(
        given._replace(flags=flags), "none", sizes=SIZES, random=np.random.default_rng(0), epochs=10
    )
    assert crossing.arrays["context"][0] - crossing.arrays["context"][1] > 2
    assert np.abs(crossing.arrays["own"]).max() < 0.5


@pytest.mark.parametrize("form", ["wide", "fm", "fwfm", "cross"])
def test_each_form_learns_products(form: str) -> None:
    """Every form that crosses finds the logits that the examples were drawn from."""
    given = moments(1.5)
    crossing = train_crossing(given, form, sizes=SIZES, random=np.random.default_rng(0), epochs=10)
    logit = crossing.logits(given)
    loss = (np.logaddexp(0, logit) - given.reward * logit).mean()
    assert loss < 0.50 < np.log(2)


@pytest.mark.parametrize("form", ["none", "linear", "wide", "fm", "fwfm", "cross"])
def test_gradients_are_the_slopes(form: str) -> None:
    """What goes back through the numbers is how the loss changes with each, by finite differences."""
    from ranking.crossing import _Pass

    given = moments(1.0).take(np.arange(40))
    crossing = train_crossing(given, form, sizes=SIZES, random=np.random.default_rng(0), epochs=1)
    crossing.arrays = {name: array.astype(np.float64) for name, array in crossing.arrays.items()}
    slope = np.linspace(-1, 1, 40)
    found = _Pass(crossing, given).gradients(slope)
    for name, given_back in found.items():
        array, gradient = crossing.arrays[name], given_back
        if isinstance(gradient, tuple):
            rows, sums, _ = gradient
            whole = np.zeros(array.shape)
            whole[rows] = sums.reshape(whole[rows].shape)
            gradient = whole
        for place in list(np.ndindex(array.shape))[:12]:
            array[place] += 1e-4
            above = slope @ _Pass(crossing, given).logit
            array[place] -= 2e-4
            below = slope @ _Pass(crossing, given).logit
            array[place] += 1e-4
            assert gradient[place] == pytest.approx((above - below) / 2e-4, abs=1e-3)
