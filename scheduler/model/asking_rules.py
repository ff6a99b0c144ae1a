"""When a model is asked about a user. Every rule that decides it is here, pure, so that each can be tested alone.

A user is at any time in one of four places, told by their `ModelState`: nowhere; queued (`due_ms`); under way in a
call (nothing in the state, a row in `model_open`); in a batch (`batch`). News that comes while a batch is under way is
noted in `mode` and `reason` and queued when the batch lets go of the user.
"""

from __future__ import annotations

from foreword.clock import DAY_MS
from foreword.config import Scheduler
from foreword.keys import UserKey
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome, ModelState, ModelWait
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.due import backoff_ms
from scheduler.model.choice import MESSAGES, Choice

# With the default backoff over a day of retries; what then still fails is left until the user does something new,
# which is tried once each time.
FAILURES_MAX = 10

# The model has read the events, whatever it made of them.
READ = frozenset(
    {
        ModelOutcome.MODEL_OUTCOME_APPLIED,
        ModelOutcome.MODEL_OUTCOME_NOTHING,
        ModelOutcome.MODEL_OUTCOME_UNSUPPORTED,
        ModelOutcome.MODEL_OUTCOME_INVALID,
        ModelOutcome.MODEL_OUTCOME_REFUSED,
        ModelOutcome.MODEL_OUTCOME_TRUNCATED,
    }
)
_USED = frozenset(
    {
        ModelOutcome.MODEL_OUTCOME_APPLIED,
        ModelOutcome.MODEL_OUTCOME_NOTHING,
        ModelOutcome.MODEL_OUTCOME_UNSUPPORTED,
    }
)
# No fault of the question: it is asked again as it is, and at once.
_ASKED_AGAIN = frozenset(
    {
        ModelOutcome.MODEL_OUTCOME_LOST,
        ModelOutcome.MODEL_OUTCOME_CANCELED,
        ModelOutcome.MODEL_OUTCOME_EXPIRED,
    }
)
# The same question would be answered likewise, or there is another to ask by now.
_FINAL = READ | {ModelOutcome.MODEL_OUTCOME_REJECTED, ModelOutcome.MODEL_OUTCOME_OUTDATED}


def after_refresh(
    former: ModelState,
    choice: Choice | None,
    *,
    reason: RefreshReason,
    consumed_seq: int,
    is_rewound: bool,
    now_ms: int,
) -> ModelState | None:
    """Return the state of a user whose refresh by code wrote something; None when it stays.

    - Nothing that a model has not read: it stays.
    - Who waits for a retry waits it out, unless an operator asks: a storm of triggers must not become a storm of calls.
    - Who is queued keeps the earlier time; a trigger makes a call of what was to join a batch, never the other way.
    - Who is in a batch is noted as having news.

    Args:
        former: The state before; an empty one for a user never asked about.
        choice: Who is asked; None when nobody is.
        reason: Why the refresh was started.
        consumed_seq: The newest event it read.
        is_rewound: Whether the order of acceptance started over, so that what the model has read is not known.
        now_ms: The time.
    """
    if choice is None or (consumed_seq <= former.seen_seq and not is_rewound):
        return None
    state = ModelState()
    state.CopyFrom(former)
    if is_rewound:
        state.seen_seq = 0
    if not former.mode or choice.mode == MESSAGES:
        state.mode, state.reason = choice.mode, reason
    if former.batch:
        return state
    is_waiting = former.wait != ModelWait.MODEL_WAIT_UNSPECIFIED and former.due_ms > now_ms
    if is_waiting and reason != RefreshReason.REFRESH_REASON_MANUAL:
        state.mode = former.mode or choice.mode
        return state
    state.wait = ModelWait.MODEL_WAIT_UNSPECIFIED
    state.due_ms = min(former.due_ms, now_ms) if former.due_ms else now_ms
    return state


def under_way(former: ModelState, now_ms: int) -> ModelState:
    """Return the state of a user who is taken out of the queue because the question goes out."""
    state = ModelState()
    state.CopyFrom(former)
    state.due_ms, state.mode = 0, ModelMode.MODEL_MODE_UNSPECIFIED
    state.wait, state.asked_ms = ModelWait.MODEL_WAIT_UNSPECIFIED, now_ms
    return state


def left_alone(former: ModelState, error: str = "") -> ModelState:
    """Return the state of a user about whom no model is asked until there is news."""
    state = under_way(former, former.asked_ms)
    state.reason, state.error = RefreshReason.REFRESH_REASON_UNSPECIFIED, error
    return state


def put_off(former: ModelState, wait: ModelWait, until_ms: int) -> ModelState:
    """Return the state of a user in the queue who waits until a time, and why."""
    state = ModelState()
    state.CopyFrom(former)
    state.wait, state.due_ms = wait, until_ms
    return state


def after_answer(
    user: UserKey,
    former: ModelState,
    call: ModelCall,
    *,
    seen_seq: int,
    consumed_seq: int,
    revision: int,
    retry_after_ms: int,
    now_ms: int,
    settings: Scheduler,
) -> ModelState:
    """Return the state of a user whose question ended, with an answer or without.

    - An answer, usable or not, is the end of it: the events count as read, and the same question would be answered
      likewise. So is a request that the provider rejects.
    - An answer that came too late to be applied leaves the events unread; the refresh that made it so has queued the
      user again, and if not, this does.
    - What was lost, canceled or expired is asked again at once.
    - Whatever else failed comes again after the backoff, or when the provider says, whichever is later; after
      `FAILURES_MAX` in a row with the user's next news.
    - News noted meanwhile is queued, and so is news that came while the question was on its way out.

    Args:
        user: User key; decides the jitter.
        former: The state before.
        call: The question's row, with its outcome, cost and error.
        seen_seq: The newest event that was read for the question.
        consumed_seq: The newest event that the profile has read by now.
        revision: The revision the answer made; 0 when none.
        retry_after_ms: How long the provider asks to wait; 0 when it does not say.
        now_ms: The time.
        settings: The backoff.
    """
    state = with_cost(former, call.cost_pico_usd, now_ms)
    state.batch = state.batch_item = 0
    state.asked_ms, state.outcome, state.error = call.started_ms, call.outcome, call.error
    state.revision = revision or former.revision
    is_queued = bool(former.due_ms or former.mode)
    if call.outcome in READ:
        state.seen_seq = max(former.seen_seq, seen_seq)
    if call.outcome in _ASKED_AGAIN:
        _queue(state, call, now_ms)
        return state
    if call.outcome in _USED:
        state.failures = 0
    elif call.outcome != ModelOutcome.MODEL_OUTCOME_OUTDATED:
        state.failures = former.failures + 1
    if call.outcome not in _FINAL and (is_queued or state.failures < FAILURES_MAX):
        wait_ms = max(retry_after_ms, backoff_ms(user, state.failures, settings))
        _queue(state, call, now_ms + wait_ms)
        state.wait = ModelWait.MODEL_WAIT_PROVIDER if retry_after_ms else ModelWait.MODEL_WAIT_RETRY
    elif consumed_seq > seen_seq and not is_queued:
        _queue(state, call, now_ms)
    return _with_news(state, now_ms)


def spent_today_pico_usd(state: ModelState, now_ms: int) -> int:
    """Return what was spent on a user today, UTC."""
    return state.spent_pico_usd if state.spent_day == now_ms // DAY_MS else 0


def with_cost(former: ModelState, cost_pico_usd: int, now_ms: int) -> ModelState:
    """Return the state of a user on whom more was spent today."""
    state = ModelState()
    state.CopyFrom(former)
    state.spent_pico_usd = spent_today_pico_usd(former, now_ms) + cost_pico_usd
    state.spent_day = now_ms // DAY_MS
    return state


def _with_news(state: ModelState, now_ms: int) -> ModelState:
    """Queue a user who has news that was noted during a batch."""
    if state.mode and not state.due_ms:
        state.due_ms = now_ms
    return state


def _queue(state: ModelState, call: ModelCall, due_ms: int) -> None:
    """Put a user back into the queue for the same question, unless news has them in it for another already."""
    if not state.mode:
        state.mode, state.reason = call.mode, call.reason
    state.due_ms = max(due_ms, state.due_ms)
