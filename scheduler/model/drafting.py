"""Making questions: who in the queue is asked about, with what prompt, at what greatest cost; or why not, for now."""

from __future__ import annotations

import logging
from collections.abc import Callable
from os import urandom

from foreword import keys
from foreword.clock import DAY_MS, Clock
from foreword.config import Price
from foreword.errors import StoreError, StoreRowError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm.prices import estimate_pico_usd
from foreword.naming import escaped, quoted
from foreword.store import ActivityReader, ProfileReader, ProfileWriter
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelState, ModelWait
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.agent.product import ProductSchema
from scheduler.agent.prompt import Prompt, build_prompt, cache_warning
from scheduler.agent.refresh import draft as draft_refresh
from scheduler.health import COMPONENT, Health
from scheduler.model.asking_rules import left_alone, put_off
from scheduler.model.choice import BATCH, MESSAGES, Choice, choose
from scheduler.model.connections import Connections
from scheduler.model.question import Question, event_hash
from scheduler.model.reading import Readings, Standing
from scheduler.model.spend import Spend, Verdict
from scheduler.model.wave import Draft
from scheduler.pauses import Pauses
from scheduler.segments import windowed

logger = logging.getLogger("scheduler")

CALL_ID_BYTES = 16
# Users moved in the queue by one transaction: what a commit costs is shared, and nothing waits for it.
_MOVES_MAX = 64
_WAITS = {
    Verdict.USER_WAITS: ModelWait.MODEL_WAIT_USER_BUDGET,
    Verdict.ALL_WAIT: ModelWait.MODEL_WAIT_DAY_BUDGET,
}


class Drafting:
    """Makes questions about users in the queue. About whom no question is to go out now is moved in the queue instead.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where states are read.
        readings: Reads users.
        spend: Says what fits.
        connections: Who can be asked.
        activity: Returns where events are read; None while there is no activity store.
        clock: Tells the time.
        live: The configuration in force.
        health: Where a question is stated that can never be paid.
        pauses: Whose questions wait in the queue.
        product_schema: The operator's own message; None without one.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        readings: Readings,
        spend: Spend,
        connections: Connections,
        *,
        activity: Callable[[], ActivityReader | None],
        clock: Clock,
        live: FollowedConfig,
        health: Health,
        pauses: Pauses,
        product_schema: ProductSchema | None = None,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._readings = readings
        self._spend = spend
        self._connections = connections
        self._activity = activity
        self._clock = clock
        self._live = live
        self._health = health
        self._pauses = pauses
        self._schema = None if product_schema is None else product_schema.json_schema
        self._looked_at: set[str] = set()
        self._moves: dict[UserKey, tuple[ModelState, ModelState]] = {}
        self.not_yet_pico_usd: int | None = None
        """What the last question would have cost that waits for the end of those under way; None when none does."""

    @property
    def paused_count(self) -> int:
        """How many users at most are stepped over in the queue for a pause of their own."""
        return len(self._pauses.users)

    def choice(self, user: UserKey, mode: ModelMode = BATCH) -> Choice | None:
        """Return who is asked about a user who is queued for a way of asking; None when nobody is, in that way.

        Raises:
            StoreError: profiles.lmdb cannot be read.
        """
        state, refresh_state = self._profiles.model.state(user), self._profiles.refresh_state(user)
        if state is None or not state.due_ms or user in self._moves:
            return None
        if self._pauses.holds_by_name(user, state.reason):
            # They stand where they stood, being few, and go on at once. A backfill passes them over, or would not end.
            if state.reason == RefreshReason.REFRESH_REASON_BACKFILL:
                self._move(user, state, left_alone(state))
            return None
        segment = refresh_state.segment if refresh_state is not None else Segment.SEGMENT_UNSPECIFIED
        chosen = choose(segment, state.reason, self._live.current, self._connections.connected)
        if chosen is None:
            self._move(user, state, left_alone(state))
            return None
        if mode == BATCH and not self._connections.connected[chosen.provider]:
            self._move(user, state, _moved(state, MESSAGES, self._clock.now_ms()))
            return None
        # The way that the queue says stays: a call may have become a row of a batch for want of money.
        return chosen._replace(mode=mode)

    async def draft(self, user: UserKey, choice: Choice) -> Draft | None:
        """Return the question about a user; None when none goes out now.

        Raises:
            StoreError: An environment cannot be read.
        """
        return self.make(user, choice)

    def make(self, user: UserKey, choice: Choice, held_pico_usd: int = 0) -> Draft | None:
        """Return the question about a user; None when none goes out now.

        Args:
            user: User key.
            choice: Who is asked, and how.
            held_pico_usd: The most that questions can cost that are about to be stored.

        Raises:
            StoreError: An environment cannot be read.
        """
        activity, now_ms = self._activity(), self._clock.now_ms()
        state = self._profiles.model.state(user)
        if activity is None or state is None or not state.due_ms:
            return None
        try:
            standing = self._readings.standing(user, activity, now_ms)
            prompt = None if standing is None else self._prompt(standing, state, choice)
        except StoreError as exc:
            if not isinstance(exc, StoreRowError):
                raise
            self._leave_alone(user, state, exc)
            return None
        except Exception as exc:
            self._leave_alone(user, state, exc)
            return None
        if standing is None or prompt is None:
            self._move(user, state, left_alone(state))
            return None
        if not self._is_paid(user, state, choice, prompt, held_pico_usd):
            return None
        call = ModelCall(
            call_id=urandom(CALL_ID_BYTES),
            user_key=user,
            started_ms=now_ms,
            mode=choice.mode,
            segment=standing.state.segment,
            reason=state.reason,
            provider=choice.provider,
            model=choice.model,
            input_tokens=prompt.tokens,
            output_tokens=prompt.request.output_tokens_max,
            cost_pico_usd=self._most(prompt, choice, choice.mode),
            is_estimate=True,
        )
        hashes = tuple(map(event_hash, prompt.event_ids))
        question = Question(user, call, hashes, standing.state.consumed_seq)
        return Draft(question, prompt.request, state)

    def flush(self) -> None:
        """Write what was found about users who are not asked about now.

        Raises:
            StoreError: It could not be written; they are found again.
        """
        moves, self._moves = self._moves, {}
        if not moves:
            return
        with self._writer.begin() as txn:
            for user, (former, state) in moves.items():
                # Who moved on meanwhile is looked at again.
                if txn.model.state(user) == former:
                    txn.model.schedule(user, state)

    # -- the parts ------------------------------------------------------------------------------------------

    def _prompt(self, standing: Standing, state: ModelState, choice: Choice) -> Prompt | None:
        config = windowed(standing.state.segment, self._live.current)
        drafted = draft_refresh(standing.input, config)
        if drafted.findings is None:
            return None
        unseen = frozenset(
            event.event.event_id for event in standing.events if event.sequence > state.seen_seq
        )
        prompt = build_prompt(
            drafted.findings,
            standing.input,
            config=config,
            model=choice.model,
            unseen=unseen,
            product_schema=self._schema,
        )
        self._warn_of_cache(prompt)
        return prompt if prompt.event_ids else None

    def _warn_of_cache(self, prompt: Prompt) -> None:
        """Say once of a model that its provider will cache nothing of what all users have in common."""
        model = prompt.request.model
        if model not in self._looked_at:
            self._looked_at.add(model)
            warning = cache_warning(prompt.request)
            if warning is not None:
                logger.warning("%s", warning)

    def _leave_alone(self, user: UserKey, state: ModelState, exc: Exception) -> None:
        """Put a user aside of whom no question can be made: a fault in one user's data is no other's affair."""
        user_id, namespace = keys.split_user_key(user)
        logger.warning(
            "no question about user %s in namespace %s: %s", quoted(user_id), quoted(namespace), exc
        )
        self._move(user, state, left_alone(state, escaped((str(exc) or type(exc).__name__)[:500])))

    def _is_paid(
        self, user: UserKey, state: ModelState, choice: Choice, prompt: Prompt, held_pico_usd: int
    ) -> bool:
        """Return whether a question may go out; if not, leave its user waiting, and say why."""
        now_ms, most = self._clock.now_ms(), self._most(prompt, choice, choice.mode)
        is_of_backfill = state.reason == RefreshReason.REFRESH_REASON_BACKFILL
        if is_of_backfill and not self._spend.fits_backfill(most):
            self._move(user, state, left_alone(state, "the backfill is canceled, or its budget is spent"))
            return False
        verdict = self._spend.judge(state, most, held_pico_usd)
        # A wave has limits of its own, by which it ends.
        if verdict == Verdict.FITS or (verdict == Verdict.NOT_YET and choice.mode == BATCH):
            return True
        if verdict == Verdict.NOT_YET:
            self.not_yet_pico_usd = most
            return False
        if choice.mode == MESSAGES and self._connections.connected[choice.provider]:
            in_batch = self._most(prompt, choice, BATCH)
            if self._spend.judge(state, in_batch, held_pico_usd) in (Verdict.FITS, Verdict.NOT_YET):
                # The cheapest useful work goes on: the same question in a batch.
                self._move(user, state, _moved(state, BATCH, now_ms))
                return False
        if verdict == Verdict.NEVER_FITS:
            error = self._state_never(choice, most)
            self._move(user, state, left_alone(state, error))
        else:
            next_day_ms = (now_ms // DAY_MS + 1) * DAY_MS
            self._move(user, state, put_off(state, _WAITS[verdict], next_day_ms))
        return False

    def _state_never(self, choice: Choice, most_pico_usd: int) -> str:
        error = (
            f"one question to {quoted(choice.model)} can cost {most_pico_usd // 1_000_000} micro-USD, more than the "
            "limit of a whole day; raise budget.day_micro_usd or budget.user_day_micro_usd, or lower "
            "agent.prompt_tokens_max"
        )
        self._health.problems.note(COMPONENT, "model question", error)
        return error

    def _most(self, prompt: Prompt, choice: Choice, mode: ModelMode) -> int:
        price: Price = self._live.current.agent.prices[choice.model]
        output_tokens_max = prompt.request.output_tokens_max
        return estimate_pico_usd(prompt.tokens, output_tokens_max, price, in_batch=mode == BATCH)

    def _move(self, user: UserKey, former: ModelState, state: ModelState) -> None:
        self._moves[user] = (former, state)
        if len(self._moves) >= _MOVES_MAX:
            self.flush()


def _moved(former: ModelState, mode: ModelMode, now_ms: int) -> ModelState:
    """Return the state of a user who is asked about in another way, and now."""
    state = put_off(former, ModelWait.MODEL_WAIT_UNSPECIFIED, now_ms)
    state.mode = mode
    return state
