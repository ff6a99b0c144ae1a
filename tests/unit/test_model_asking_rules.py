"""When a model is asked about a user, rule by rule."""

from __future__ import annotations

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.config import Scheduler
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome, ModelState, ModelWait
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.due import backoff_ms
from scheduler.model.asking_rules import FAILURES_MAX, after_answer, after_refresh, under_way
from scheduler.model.choice import BATCH, MESSAGES, Choice

NOW = 1_700_000_000_000
LATER, SOONER = NOW + 50_000, NOW - 50_000
ADA = keys.user_key("ada")
SETTINGS = Scheduler()
MANUAL, SESSION_END = RefreshReason.REFRESH_REASON_MANUAL, RefreshReason.REFRESH_REASON_SESSION_END
CADENCE = RefreshReason.REFRESH_REASON_CADENCE
UNSET = ModelMode.MODEL_MODE_UNSPECIFIED
RETRY, DAY_BUDGET = ModelWait.MODEL_WAIT_RETRY, ModelWait.MODEL_WAIT_DAY_BUDGET
APPLIED, INVALID = ModelOutcome.MODEL_OUTCOME_APPLIED, ModelOutcome.MODEL_OUTCOME_INVALID
OVERLOADED, LOST = ModelOutcome.MODEL_OUTCOME_OVERLOADED, ModelOutcome.MODEL_OUTCOME_LOST
OUTDATED, REJECTED = ModelOutcome.MODEL_OUTCOME_OUTDATED, ModelOutcome.MODEL_OUTCOME_REJECTED


def queue(former: ModelState, mode: ModelMode, reason: RefreshReason, **fields: object) -> ModelState | None:
    """Return what a refresh at NOW that read events up to 7 makes of a state."""
    asked: dict[str, object] = {"consumed_seq": 7, "is_rewound": False, "now_ms": NOW, **fields}
    return after_refresh(former, Choice("anthropic", "m", mode), reason=reason, **asked)  # type: ignore[arg-type]


def end(former: ModelState, outcome: ModelOutcome, **fields: int) -> ModelState:
    """Return the state after a call of five seconds ago, about events up to 5, ended at NOW."""
    call = ModelCall(
        started_ms=NOW - 5000,
        mode=MESSAGES,
        reason=SESSION_END,
        outcome=outcome,
        cost_pico_usd=30,
        error="why",
    )
    asked = {"seen_seq": 5, "consumed_seq": 5, "revision": 0, "retry_after_ms": 0, "now_ms": NOW, **fields}
    return after_answer(ADA, former, call, settings=SETTINGS, **asked)


@pytest.mark.parametrize(
    ("former", "mode", "reason", "expected"),
    [
        # Never asked about, or asked and answered.
        (ModelState(), MESSAGES, SESSION_END, (MESSAGES, NOW, SESSION_END)),
        (ModelState(seen_seq=6), BATCH, CADENCE, (BATCH, NOW, CADENCE)),
        # Queued already: the earlier time stays, a trigger makes a call of what was to join a batch.
        (
            ModelState(mode=BATCH, due_ms=SOONER, reason=CADENCE),
            BATCH,
            CADENCE,
            (BATCH, SOONER, CADENCE),
        ),
        (
            ModelState(mode=BATCH, due_ms=SOONER, reason=CADENCE),
            MESSAGES,
            MANUAL,
            (MESSAGES, SOONER, MANUAL),
        ),
        (
            ModelState(mode=MESSAGES, due_ms=SOONER, reason=MANUAL),
            BATCH,
            CADENCE,
            (MESSAGES, SOONER, MANUAL),
        ),
        # Waiting for a retry or for the next day: only an operator shortens it.
        (
            ModelState(mode=MESSAGES, due_ms=LATER, reason=SESSION_END, wait=RETRY, failures=2),
            MESSAGES,
            SESSION_END,
            (MESSAGES, LATER, SESSION_END),
        ),
        (
            ModelState(mode=BATCH, due_ms=LATER, reason=CADENCE, wait=DAY_BUDGET),
            MESSAGES,
            MANUAL,
            (MESSAGES, NOW, MANUAL),
        ),
        # In a batch: noted, and not due.
        (ModelState(batch=3), MESSAGES, SESSION_END, (MESSAGES, 0, SESSION_END)),
        # Given up after too many failures: news is a reason to try once more.
        (ModelState(failures=FAILURES_MAX), MESSAGES, SESSION_END, (MESSAGES, NOW, SESSION_END)),
    ],
)
def test_a_refresh_with_news_queues(
    former: ModelState, mode: ModelMode, reason: RefreshReason, expected: tuple[int, int, int]
) -> None:
    """What a refresh by code that wrote something makes of the user's place, by where the user stood before."""
    state = queue(former, mode, reason)
    assert state is not None
    assert (state.mode, state.due_ms, state.reason) == expected
    assert (state.seen_seq, state.batch, state.failures) == (former.seen_seq, former.batch, former.failures)


def test_nothing_new_to_the_model_does_not_queue() -> None:
    """A profile written anew from events that a model has read, by other settings say, is no reason to ask."""
    assert queue(ModelState(seen_seq=7), MESSAGES, MANUAL) is None
    assert (
        after_refresh(ModelState(), None, reason=MANUAL, consumed_seq=7, is_rewound=False, now_ms=NOW) is None
    )


def test_an_order_of_acceptance_that_started_over_is_read_from_its_beginning() -> None:
    """After the activity store was replaced, its lower numbers are news, though higher ones were read."""
    state = queue(ModelState(seen_seq=900), BATCH, CADENCE, is_rewound=True)
    assert state is not None
    assert (state.seen_seq, state.due_ms) == (0, NOW)


def test_what_is_under_way_is_not_queued() -> None:
    """A question that goes out takes its user out of the queue; a trigger meanwhile puts them in again."""
    asked = under_way(ModelState(mode=MESSAGES, due_ms=SOONER, wait=RETRY, seen_seq=2), NOW)
    assert (asked.mode, asked.due_ms, asked.wait, asked.asked_ms) == (UNSET, 0, 0, NOW)
    again = queue(asked, MESSAGES, SESSION_END)
    assert again is not None
    assert again.due_ms == NOW


@pytest.mark.parametrize("outcome", [APPLIED, ModelOutcome.MODEL_OUTCOME_NOTHING, INVALID])
def test_an_answer_ends_it(outcome: ModelOutcome) -> None:
    """Once a model has answered, in whatever way, its events count as read, and it is not asked about them again."""
    state = end(ModelState(seen_seq=1), outcome, revision=9)
    assert (state.mode, state.due_ms, state.seen_seq, state.outcome) == (UNSET, 0, 5, outcome)
    assert (state.asked_ms, state.revision, state.failures) == (NOW - 5000, 9, int(outcome == INVALID))


def test_a_failure_comes_again_through_the_index() -> None:
    """After the n-th failure in a row a user waits as long as a refresh would, and no event counts as read."""
    state = end(ModelState(failures=2), OVERLOADED)
    assert (state.due_ms, state.wait) == (NOW + backoff_ms(ADA, 3, SETTINGS), RETRY)
    assert (state.mode, state.reason, state.failures, state.seen_seq) == (MESSAGES, SESSION_END, 3, 0)


def test_the_provider_may_ask_for_a_longer_wait_and_not_for_a_shorter_one() -> None:
    """Of backoff and `retry-after` the longer counts."""
    longer = end(ModelState(), OVERLOADED, retry_after_ms=DAY_MS)
    assert (longer.due_ms, longer.wait) == (NOW + DAY_MS, ModelWait.MODEL_WAIT_PROVIDER)
    assert end(ModelState(), OVERLOADED, retry_after_ms=1).due_ms == NOW + backoff_ms(ADA, 1, SETTINGS)


def test_too_many_failures_wait_for_news() -> None:
    """The tenth failure in a row is the last, unless news came meanwhile."""
    state = end(ModelState(failures=FAILURES_MAX - 1), OVERLOADED)
    assert (state.due_ms, state.failures) == (0, FAILURES_MAX)
    with_news = end(ModelState(failures=FAILURES_MAX - 1, mode=BATCH, due_ms=NOW), OVERLOADED)
    assert with_news.due_ms > NOW


def test_what_would_be_rejected_again_is_not_sent_again() -> None:
    """A request the provider rejects is left until there is news, and its events are not read."""
    state = end(ModelState(), REJECTED)
    assert (state.due_ms, state.seen_seq, state.failures) == (0, 0, 1)


def test_what_was_lost_is_asked_again_at_once() -> None:
    """A call that ended with the scheduler is no failure of the question."""
    state = end(ModelState(), LOST)
    assert (state.due_ms, state.mode, state.failures, state.wait) == (NOW, MESSAGES, 0, 0)


def test_an_outdated_answer_leaves_its_events_unread() -> None:
    """The refresh that made it outdated has queued the user, or this does, once the news is in the profile."""
    queued = end(ModelState(mode=BATCH, due_ms=SOONER), OUTDATED, consumed_seq=6)
    assert (queued.mode, queued.due_ms, queued.seen_seq) == (BATCH, SOONER, 0)
    assert end(ModelState(), OUTDATED, consumed_seq=6).due_ms == NOW
    assert end(ModelState(), OUTDATED, consumed_seq=5).due_ms == 0


def test_news_during_a_batch_is_queued_at_its_end() -> None:
    """Who was noted as having news is due when the batch lets go of them."""
    state = end(ModelState(batch=4, batch_item=8, mode=MESSAGES, reason=MANUAL), APPLIED)
    assert (state.batch, state.batch_item, state.mode, state.due_ms, state.reason) == (
        0,
        0,
        MESSAGES,
        NOW,
        MANUAL,
    )


def test_what_was_spent_on_a_user_is_summed_by_day() -> None:
    """A cost is added to those of the same day, and replaces those of another."""
    today = NOW // DAY_MS
    assert end(ModelState(spent_day=today, spent_pico_usd=12), APPLIED).spent_pico_usd == 42
    state = end(ModelState(spent_day=today - 1, spent_pico_usd=12), APPLIED)
    assert (state.spent_day, state.spent_pico_usd) == (today, 30)
