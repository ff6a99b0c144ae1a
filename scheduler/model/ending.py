"""The end of a question: its row, its cost and the user's state, in the transaction that writes what it brought."""

from __future__ import annotations

from dataclasses import dataclass, field

from foreword.config import Scheduler
from foreword.keys import UserKey
from foreword.store import ProfileTransaction
from foreword.store.model_writer import ModelTransaction
from foreword.v1.model_work_pb2 import ModelCall, ModelOutcome, ModelState
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.model.asking_rules import after_answer, with_cost
from scheduler.model.question import Question


@dataclass
class Ending:
    """What became of a question.

    Attributes:
        question: The question.
        call: Its row as it is to be kept, with outcome, tokens and cost.
        retry_after_ms: How long the provider asks to wait; 0 when it does not say.
        repair: The row of a second call that is to mend the answer, opened by the same transaction; None for none.
        is_open: Whether the cost is not yet known, so that the row stays among those under way until it is.
        is_done: Set by `end`: False when the question had been dealt with before, so that nothing was written.
    """

    question: Question
    call: ModelCall
    retry_after_ms: int = 0
    repair: ModelCall | None = None
    is_open: bool = False
    is_done: bool = field(default=False, init=False)


def begin(txn: ModelTransaction, ending: Ending) -> bool:
    """Take a question out of those under way; return whether its user is still to be written.

    Exactly once: a question that is no longer under way was dealt with before. One whose row lost its user was of
    somebody who was erased, and is written as such, whatever was made of it.
    """
    question = ending.question
    if question.batch:
        item = txn.item(question.batch, question.place)
        ending.is_done = txn.delete_item(question.batch, question.place)
        owner = item.user_key if item is not None else b""
    else:
        row = txn.opened_call(ending.call.call_id)
        ending.is_done = row is not None and not row.outcome
        owner = row.user_key if row is not None else b""
    if ending.is_done and not owner:
        ending.call.outcome = ModelOutcome.MODEL_OUTCOME_ERASED
        ending.call.applied_count = 0
        ending.call.ClearField("user_key")
        ending.repair = None
    return ending.is_done and bool(owner)


def end(
    txn: ModelTransaction,
    user: UserKey,
    ending: Ending,
    *,
    consumed_seq: int,
    revision: int,
    now_ms: int,
    settings: Scheduler,
) -> None:
    """Write the end of a question that `begin` has taken.

    Args:
        txn: The transaction that also writes what the answer brought.
        user: User key.
        ending: What became of it.
        consumed_seq: The newest event that the user's profile has read.
        revision: The revision that the answer made; 0 when none.
        now_ms: The time.
        settings: The backoff.
    """
    former = txn.state(user) or ModelState()
    if ending.repair is not None:
        # The user stays under way, though a part of the answer may have been applied.
        state = with_cost(former, ending.call.cost_pico_usd, now_ms)
        state.revision = revision or former.revision
        txn.schedule(user, state)
        txn.open_call(ending.repair)
    else:
        state = after_answer(
            user,
            former,
            ending.call,
            seen_seq=ending.question.seen_seq,
            consumed_seq=consumed_seq,
            revision=revision,
            retry_after_ms=ending.retry_after_ms,
            now_ms=now_ms,
            settings=settings,
        )
        txn.schedule(user, state)
    put_row(txn, ending, now_ms)


def put_row(txn: ModelTransaction, ending: Ending, now_ms: int) -> None:
    """Write the row of a question that `begin` has taken: among those that ended, or to wait for its cost."""
    if ending.is_open:
        txn.open_call(ending.call)
    else:
        txn.end_call(ending.call, now_ms)


def end_alone(txn: ProfileTransaction, ending: Ending, now_ms: int, settings: Scheduler) -> None:
    """End a question that changes no profile: write its row and the user's state; nothing a second time."""
    user = ending.question.user
    if begin(txn.model, ending):
        state = txn.refresh_state(user) or RefreshState()
        end(
            txn.model,
            user,
            ending,
            consumed_seq=state.consumed_seq,
            revision=0,
            now_ms=now_ms,
            settings=settings,
        )
    elif ending.is_done:
        put_row(txn.model, ending, now_ms)
