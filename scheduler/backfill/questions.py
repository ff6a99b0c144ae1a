"""The questions of a backfill: let into the model queue a few at a time, behind the refreshes, as the budget allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from foreword.clock import Clock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm.prices import estimate_pico_usd
from foreword.store import ActivityReader, ProfileReader, ProfileTransaction
from foreword.store.v1.store_pb2 import BackfillRow
from foreword.v1.backfill_pb2 import BackfillMode, BackfillQuestions
from foreword.v1.model_work_pb2 import ModelState
from foreword.v1.profile_pb2 import Segment
from scheduler.backfill.newest_first import ABOVE_ALL, NewestFirst
from scheduler.backfill.progress import Progress
from scheduler.backfill.refreshes import BACKFILL, prefix_of
from scheduler.model.asking_rules import after_refresh
from scheduler.model.choice import BATCH, MESSAGES, Choice, choose
from scheduler.model.spend import PICO_A_MICRO
from scheduler.pauses import Pauses

# Half of what may be under way in batches at all: the cadences need theirs.
_OPEN_MAX = 50_000
_SLICE_MAX = 50
# Beside a user's part a prompt has schema, instructions and what is said of all users: 3,400 tokens, and up to so many
# with the last of these, or with a message of the operator's own.
_PREFIX_TOKENS_MAX = 5_000


class Questions:
    """Queues users for a model, the newest-active first, each in the transaction that moves the cursor.

    No more wait in the queue than make a full batch: what a trigger or a cadence asks for comes behind these few, and
    not behind ten million.
    """

    def __init__(
        self,
        progress: Progress,
        profiles: ProfileReader,
        *,
        clock: Clock,
        live: FollowedConfig,
        connected: Mapping[str, bool],
        queued: Callable[[], None],
        pauses: Pauses,
    ) -> None:
        self._progress = progress
        self._profiles = profiles
        self._clock = clock
        self._live = live
        self._connected = connected
        self._queued = queued
        self._pauses = pauses
        self._users = NewestFirst()
        self.restart()

    def restart(self) -> None:
        """Go on where the row says."""
        row = self._progress.row or BackfillRow()
        self._users = NewestFirst(row.question_cursor or ABOVE_ALL, prefix=prefix_of(row))

    async def admit(self, activity: ActivityReader, turn: Callable[[], Awaitable[None]]) -> None:
        """Queue as many users as there is room and money for; when there are no more of either, say so in the row.

        Raises:
            StoreError: An environment cannot be read or written.
        """
        row = self._progress.row
        if row is None or row.are_questions_done:
            return
        is_extractive = row.plan.mode == BackfillMode.BACKFILL_MODE_EXTRACTIVE
        if is_extractive or not (self._connected or row.estimate.question_count):
            self._end()
            return
        if not self._connected:
            # A provider whose key is gone for the moment; nobody is passed over for that.
            return
        while (room := self._room()) > 0:
            if self._users.is_empty:
                await self._users.fill(activity, turn)
            has_more = self._queue_some(min(room, _SLICE_MAX))
            await asyncio.sleep(0)
            await turn()
            if not has_more:
                return

    def _room(self) -> int:
        """Return how many more may be queued now; ends the questions when the budget is spent."""
        row, asked = self._progress.row or BackfillRow(), self._progress.questions
        agent = self._live.current.agent
        in_queue = agent.batch_users_max if any(self._connected.values()) else agent.calls_max
        room = min(in_queue - asked.queued_count, _OPEN_MAX - asked.open_count - asked.queued_count)
        affordable = affordable_count(row, asked)
        if affordable is not None and affordable <= 0 and not (asked.queued_count or asked.reserved_pico_usd):
            self._end(is_budget_spent=True)
            return 0
        return room if affordable is None else min(room, affordable)

    def _queue_some(self, count_max: int) -> bool:
        """Look at some users and queue those to be asked about; return whether more could be looked at now."""
        row = self._progress.copy()
        found: list[tuple[UserKey, Choice, ModelState | None]] = []
        looked = 0
        under_way = {UserKey(call.user_key) for call in self._profiles.model.open_calls()}
        while len(found) < count_max and looked < _SLICE_MAX:
            place = self._users.peek()
            is_refreshed = place is not None and (
                row.are_refreshes_done or (row.refresh_cursor and place >= row.refresh_cursor)
            )
            if not is_refreshed:
                break
            following = self._users.next()
            if following is None:
                break
            row.question_cursor, user = following
            looked += 1
            is_left = user in under_way or user in self._pauses.users
            choice = None if is_left else self._choice(user, row.plan.mode)
            if choice is not None:
                found.append((user, choice, self._profiles.model.state(user)))
        is_at_end = self._users.is_at_end and row.are_refreshes_done
        row.are_questions_done = is_at_end
        if looked or is_at_end:
            self._write(row, found)
        return bool(looked) and not is_at_end

    def _write(self, row: BackfillRow, found: Sequence[tuple[UserKey, Choice, ModelState | None]]) -> None:
        now_ms = self._clock.now_ms()

        def also(txn: ProfileTransaction) -> None:
            for user, choice, former in found:
                refreshed = txn.refresh_state(user)
                state = after_refresh(
                    former or ModelState(),
                    choice,
                    reason=BACKFILL,
                    consumed_seq=refreshed.consumed_seq if refreshed is not None else 0,
                    is_rewound=False,
                    now_ms=now_ms,
                )
                if state is not None:
                    txn.model.schedule(user, state)
                    row.counts.queued_count += 1

        self._progress.change(row, also)
        if found:
            self._queued()

    def _choice(self, user: UserKey, mode: BackfillMode) -> Choice | None:
        """Return who is asked about a user, and how; None when nobody is to be, or the queue has the user already."""
        refreshed, header = self._profiles.refresh_state(user), self._profiles.header(user)
        if refreshed is None or header is None or header.is_default:
            return None
        former = self._profiles.model.state(user) or ModelState()
        if former.due_ms or former.batch or former.seen_seq >= refreshed.consumed_seq:
            return None
        return choice_of(refreshed.segment, mode, self._live.current, self._connected)

    def _end(self, *, is_budget_spent: bool = False) -> None:
        row = self._progress.copy()
        row.are_questions_done, row.is_budget_spent = True, is_budget_spent
        self._progress.change(row)


def choice_of(
    segment: Segment, mode: BackfillMode, config: Config, connected: Mapping[str, bool]
) -> Choice | None:
    """Return who is asked about a user of a segment, and how: in a batch wherever the provider has them."""
    if mode == BackfillMode.BACKFILL_MODE_EXTRACTIVE:
        return None
    choice = choose(segment, BACKFILL, config, connected)
    return choice and choice._replace(mode=BATCH if connected[choice.provider] else MESSAGES)


def question_pico_usd_max(choice: Choice, config: Config) -> int:
    """Return what one question can cost at most, by the configuration."""
    price = config.agent.prices[choice.model]
    return estimate_pico_usd(
        question_tokens_max(config), config.agent.output_tokens_max, price, in_batch=choice.mode == BATCH
    )


def question_tokens_max(config: Config) -> int:
    """Return how many tokens of a question a model reads at most."""
    return config.agent.prompt_tokens_max + _PREFIX_TOKENS_MAX


def affordable_count(row: BackfillRow, asked: BackfillQuestions) -> int | None:
    """Return how many more questions a backfill's budget has room for, each at the most it can cost.

    Those in the queue have not been made yet, and count with the same. None without a budget.
    """
    if not row.plan.HasField("budget_micro_usd"):
        return None
    each = max(1, row.estimate.question_micro_usd_max * PICO_A_MICRO)
    left = row.plan.budget_micro_usd * PICO_A_MICRO - asked.spent_pico_usd - asked.reserved_pico_usd
    return left // each - asked.queued_count
