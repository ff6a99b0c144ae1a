"""What ranks in the sidecar: blocks from the store, the global model in force, chance, and the log."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from foreword import keys
from foreword.admission import NewEvent, checked
from foreword.clock import Clock
from foreword.config_ranking import Ranking as Settings
from foreword.errors import FieldError, StoreError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.naming import quoted
from foreword.problems import Problems
from foreword.store import ActivityTransaction
from foreword.store.decision_key import key_of
from foreword.store.v1.ranking_pb2 import RankActionsRequest, RankActionsResponse
from foreword.text_size import check_text
from foreword.v1.event_pb2 import Feedback
from foreword.v1.ranking_pb2 import Candidate, RankingDecision, RankingStatus
from foreword.v1.ranking_service_pb2 import (
    ExplainRankingResponse,
    RecordFeedbackRequest,
    RecordFeedbackResponse,
)
from ranking.block import Forgetting, UserBlock
from ranking.catching_up import Taught
from ranking.example import Action, Context, Example
from ranking.explaining import explanations
from ranking.exploration import Exploration
from ranking.log import examples, feedback_event
from ranking.model import GlobalModel
from ranking.packed import packed_floats, packed_numbers
from ranking.ranker import Learned
from ranking.ranker import Ranker as Rules
from ranking.requests import Candidates, check_reward, read_action, read_context
from ranking.trainer import models_directory
from sidecar.activity import Activity
from sidecar.catching_up import CatchingUp
from sidecar.decision_log import DecisionLog, Offer
from sidecar.errors import DecisionUnknownError
from sidecar.models import Models
from sidecar.profiles import Profiles
from sidecar.rebasing import Rebasing

_CORRECTIONS = "catch_up"
_NUMBERS = 1 << 32
# Users whose blocks are at hand, some 15 KB each with what was made of them.
_BLOCKS_KEPT = 2_048
_DECISION_ID = "the 26 characters of a decision's id, or nothing"
_UNKNOWN_HINT = "ranking.decision_days says how long one is kept; feedback by user and action needs none"


class Answer(NamedTuple):
    """What feedback is answered with, and what it teaches everybody; nothing when it was known before."""

    response: RecordFeedbackResponse
    taught: Taught | None


class Said(NamedTuple):
    """What a user said of an action, ready to be written."""

    user: UserKey
    event: NewEvent
    example: Example
    # The decision in which it was offered, where one is named.
    decision: RankingDecision | None


class Ranker:
    """Ranks, learns and explains.

    Attributes:
        log: Where decisions go.
    """

    def __init__(
        self,
        activity: Activity,
        profiles: Profiles,
        *,
        live: FollowedConfig,
        problems: Problems,
        clock: Clock,
        random: np.random.Generator | None = None,
    ) -> None:
        self._activity = activity
        self._profiles = profiles
        self._live = live
        self._clock = clock
        self._random = random if random is not None else np.random.default_rng()
        # Tells decisions within a millisecond apart, also from those of a process before this one.
        self._number = int(self._random.integers(_NUMBERS))
        self._models = Models(live.current, problems, clock)
        self._following: asyncio.Task[None] | None = None
        self._settings = live.current.ranking
        self._rules = _rules(self._settings)
        self._candidates = Candidates(self._settings.vector_size)
        self.log = DecisionLog(activity, self._settings.logged_max)
        self._rebasing = Rebasing(activity, self._models, self._rules, self._settings.replayed_max)
        self._catching_up = CatchingUp(
            models_directory(live.current.store.directory) / _CORRECTIONS,
            self._models,
            problems=problems,
            clock=clock,
            every_seconds=self._settings.catch_up_seconds,
        )
        self._feedback_count = self._duplicate_count = self._unknown_count = 0
        self._unknown_candidate_count = self._other_version_count = 0

    async def follow(self) -> None:
        """Take over changed settings, and begin to take over a new global model; the next call finds it begun."""
        # Not awaited: a model takes seconds to be got ready, and who ticks has other things to look at.
        if self._following is None or self._following.done():
            if self._following is not None:
                self._following.result()
            self._following = asyncio.create_task(self._follow_model())
        settings = self._live.current.ranking
        if settings != self._settings:
            self._settings, self._rules = settings, _rules(settings)
            self._candidates = Candidates(settings.vector_size)
            self.log.logged_max = settings.logged_max
            self._rebasing.rules, self._rebasing.replayed_max = self._rules, settings.replayed_max
            self._catching_up.every_seconds = settings.catch_up_seconds

    async def _follow_model(self) -> None:
        await self._models.follow()
        await self._catching_up.tick()

    # -- ranking ----------------------------------------------------------------------------------------------

    def rank(self, user: UserKey, request: RankActionsRequest) -> RankActionsResponse:
        """Return the order of a request's candidates, and log it.

        Raises:
            FieldError: A field is malformed.
        """
        now_ms = self._clock.now_ms()
        actions = self._candidates.read(request.candidates)
        context = read_context(request.context, now_ms)
        model, block = self._served(user, context, now_ms)
        may_explore = request.explore or not request.HasField("explore")
        ranked = self._rules.rank(
            model,
            block,
            context,
            actions,
            random=self._random if may_explore else None,
            correction=self._models.correction,
        )
        limit = request.limit or len(actions)
        self._unknown_candidate_count += len(ranked.unknown)
        self._number = (self._number + 1) % _NUMBERS
        return RankActionsResponse(
            decision_id=self.log.add(Offer(user, now_ms, request, ranked, block), self._number),
            order=packed_numbers(ranked.order.order[:limit]),
            scores=packed_floats(ranked.scores),
            propensities=packed_floats(ranked.order.propensities[:limit]),
            model_version=model.version,
            is_uniform=ranked.order.is_uniform,
            observation_count=block.observations,
            unknown=ranked.unknown,
        )

    def _served(self, user: UserKey, context: Context, now_ms: int) -> tuple[GlobalModel, UserBlock]:
        """Return a user's block, and the model that it belongs to: never one with the other's."""
        model = self._models.current
        block = None if user in self._profiles.hidden else self._block(user)
        if block is not None and block.model_version != model.version:
            self._rebasing.ask(user)
            former = self._models.of(block.model_version)
            if former is not None:
                return former, block
            # Older than any model that is at hand: the user is new until the block is made anew.
            self._other_version_count += 1
            block = None
        elif block is None and self._activity.user(user) is not None:
            # What they said before there was a block, or before it was lost.
            self._rebasing.ask(user)
        return model, block or self._rules.fresh(model, context, now_ms)

    def _block(self, user: UserKey) -> UserBlock | None:
        reader = self._activity.reader
        row = None if reader is None else reader.ranking_block(user)
        return None if row is None else read_block(row)

    # -- learning ---------------------------------------------------------------------------------------------

    async def feedback(
        self, request: RecordFeedbackRequest, sees: Callable[[str], bool]
    ) -> RecordFeedbackResponse:
        """Take what a user said of an action, and answer once it is on disk.

        Args:
            request: What was said.
            sees: Returns whether the caller may know of a decision in a namespace.

        Raises:
            FieldError: A field is missing, malformed or contradicts another.
            DecisionUnknownError: The decision is not in the log, or not for the caller.
        """
        key = _check_feedback(request)
        if not key:
            self._candidates.one(request.action)
            read_context(request.context, 0)
        self._activity.reserve(1)
        # What was offered a moment ago is looked for in the same queue.
        self.log.flush()
        receipt_ms, model = self._clock.now_ms(), self._models.current

        def job(transaction: ActivityTransaction) -> Answer | FieldError | None:
            # Returned rather than raised: an exception would have the whole group written again one by one.
            try:
                said = self._said(transaction, request, key, receipt_ms, sees=sees)
            except FieldError as exc:
                return exc
            return None if said is None else self._learn(transaction, said, model)

        answer = await self._activity.write(job, releasing=1)
        if answer is None:
            self._unknown_count += 1
            raise DecisionUnknownError(
                f"decision {request.decision_id} is not in the log", hint=_UNKNOWN_HINT
            )
        if isinstance(answer, FieldError):
            raise answer
        # Only now: a group that failed is written again, job by job.
        if answer.taught is not None:
            self._catching_up.add(answer.taught)
        self._feedback_count += answer.response.accepted
        self._duplicate_count += not answer.response.accepted
        return answer.response

    def _said(
        self,
        transaction: ActivityTransaction,
        request: RecordFeedbackRequest,
        key: bytes,
        receipt_ms: int,
        *,
        sees: Callable[[str], bool],
    ) -> Said | None:
        """Return what was said, of the decision where one is named; None when that is not in the log for the caller."""
        if key:
            decision = transaction.ranking.decision(key)
            if decision is None or not sees(decision.namespace):
                return None
            _check_owner(request, decision)
            user_id, namespace = decision.user_id, decision.namespace
            candidate, context = _offered(decision, request.action_id), decision.context
            offered_ms = decision.time.ToMilliseconds()
        else:
            decision = None
            user_id, namespace = request.user_id, request.namespace
            candidate, context, offered_ms = request.action, request.context, receipt_ms
        action = read_action(candidate, len(candidate.vector) if key else self._settings.vector_size)
        event = feedback_event(
            read_context(context, offered_ms),
            action,
            request.feedback,
            reward=request.reward if request.HasField("reward") else None,
            text=request.text,
            decision_id=request.decision_id,
        )
        event.user_id, event.namespace = user_id, namespace
        event.event_id = request.feedback_id or _feedback_id(request, action)
        if request.HasField("time"):
            event.time.CopyFrom(request.time)
        new = checked(event, receipt_ms)
        return Said(new.user, new, next(examples([event])), decision)

    def _learn(self, transaction: ActivityTransaction, said: Said, model: GlobalModel) -> Answer:
        """Record what was said, and move the user's parameters by it; none but this user's row is written."""
        if not transaction.record([said.event], self._clock.now_ms())[0]:
            row = transaction.ranking.block(said.user)
            known = None if row is None else read_block(row)
            former = RecordFeedbackResponse(
                accepted=False,
                observation_count=known.observations if known is not None else 0,
                model_version=known.model_version if known is not None else model.version,
            )
            return Answer(former, None)
        block, logit = self._move(transaction, said, model)
        response = RecordFeedbackResponse(
            accepted=True, observation_count=block.observations, model_version=block.model_version
        )
        return Answer(response, Taught(said.example, logit))

    def _move(self, transaction: ActivityTransaction, said: Said, model: GlobalModel) -> Learned:
        """Write a user's parameters after what was said."""
        row = transaction.ranking.block(said.user)
        block = None if row is None else read_block(row)
        if block is None or block.model_version != model.version:
            # All that was said before, without this event, which readers do not see yet.
            block = self._rebasing.replayed(said.user, model, said.event.time_ms)
        offered = None
        if said.decision is not None and said.decision.model_version == model.version:
            # What came of others of the same decision tells of this one, and the model would be believed for it.
            offered = np.asarray(said.decision.mean, np.float32)
        learned = self._rules.learn(model, block, said.example, said.event.time_ms, offered=offered)
        transaction.ranking.put_block(said.user, learned.block.to_bytes())
        return learned

    # -- explaining -------------------------------------------------------------------------------------------

    async def explain(self, key: bytes, limit: int, sees: Callable[[str], bool]) -> ExplainRankingResponse:
        """Return why a decision was what it was.

        Args:
            key: The decision's.
            limit: Most actions to explain.
            sees: Returns whether the caller may know of a decision in a namespace.

        Raises:
            DecisionUnknownError: It is not in the log, or not for the caller.
        """
        await self.log.settle()
        reader = self._activity.reader
        decision = None if reader is None else reader.ranking_decision(key)
        if decision is None or not sees(decision.namespace):
            raise DecisionUnknownError("no such decision is in the log", hint=_UNKNOWN_HINT)
        model = await self._models.read(decision.model_version)
        if model is None:
            absent = f"global model {decision.model_version}, with which it was scored, is no longer kept"
            return ExplainRankingResponse(decision=decision, absent=absent)
        return ExplainRankingResponse(
            decision=decision, explanations=explanations(model, decision, limit, self._models.correction)
        )

    def status(self) -> RankingStatus:
        """Return figures since the start."""
        return RankingStatus(
            model_version=self._models.current.version,
            decision_count=self.log.decision_count,
            unlogged_count=self.log.lost_count,
            feedback_count=self._feedback_count,
            duplicate_count=self._duplicate_count,
            unknown_count=self._unknown_count,
            unknown_candidate_count=self._unknown_candidate_count,
            rebased_count=self._rebasing.done_count,
            other_version_count=self._other_version_count,
        )

    async def close(self) -> None:
        """Log what waits, and give up what is under way."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._catching_up.close()
        await self._rebasing.close()
        await self.log.settle()


@lru_cache(maxsize=_BLOCKS_KEPT)
def read_block(row: bytes) -> UserBlock | None:
    """Return a stored block; None when it is of a later version or no block, and is to be made anew.

    By its bytes, so that one that was kept is never an older one: who is asked for again in a moment has it at hand,
    with what was made of it.
    """
    try:
        return UserBlock.from_bytes(row)
    except StoreError:
        return None


def _rules(settings: Settings) -> Rules:
    return Rules(
        exploration=Exploration(
            epsilon=settings.epsilon, worlds=settings.worlds, scale_max=settings.thompson_scale
        ),
        forgetting=Forgetting(half_life_days=settings.half_life_days),
    )


def _check_feedback(request: RecordFeedbackRequest) -> bytes:
    """Check what needs no look at the log; return the decision's key, or nothing when none is named."""
    has_reward = request.HasField("reward")
    if has_reward:
        check_reward("reward", request.reward)
    if request.feedback not in Feedback.values():
        raise FieldError("feedback", str(request.feedback), "a value of the enum Feedback")
    if not request.feedback and not has_reward:
        raise FieldError("feedback", "neither feedback nor reward", "one of them")
    if request.text and request.feedback != Feedback.FEEDBACK_CORRECTION:
        raise FieldError("text", "a text without a correction", "a text beside FEEDBACK_CORRECTION")
    check_text("feedback_id", request.feedback_id, keys.EVENT_ID_BYTES_MAX)
    if not request.decision_id:
        keys.user_key(request.user_id, request.namespace)
        return b""
    key = key_of(request.decision_id)
    if key is None:
        raise FieldError("decision_id", quoted(request.decision_id), _DECISION_ID)
    for field in ("action", "context"):
        if request.HasField(field):
            raise FieldError(field, f"{field} beside a decision", "one of both")
    return key


def _check_owner(request: RecordFeedbackRequest, decision: RankingDecision) -> None:
    """Raise FieldError when somebody is named whose decision this is not; whose it is, it does not say."""
    if not request.user_id:
        return
    if request.user_id != decision.user_id:
        raise FieldError("user_id", quoted(request.user_id), "the user of the decision, or nothing")
    if request.namespace != decision.namespace:
        raise FieldError("namespace", quoted(request.namespace), "the namespace of the decision's user")


def _feedback_id(request: RecordFeedbackRequest, action: Action) -> str:
    """Return what names feedback that its sender gave no name: of a decision the same each time, else a new one."""
    if not request.decision_id:
        return f"rank:{uuid.uuid4().hex}"
    said = f"{action.id}\0{request.feedback}\0{request.reward if request.HasField('reward') else ''}\0{request.text}"
    return f"rank:{request.decision_id}:{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"


def _offered(decision: RankingDecision, action_id: str) -> Candidate:
    """Return which of the offered actions is meant.

    Raises:
        FieldError: It is none of them.
    """
    if not action_id:
        return decision.offered[0]
    for candidate in decision.offered:
        if candidate.action_id == action_id:
            return candidate
    offered = ", ".join(quoted(candidate.action_id) for candidate in decision.offered[:10])
    more = len(decision.offered) - 10
    allowed = f"one that was offered: {offered}" + (f" and {more} more" if more > 0 else "")
    raise FieldError("action_id", quoted(action_id), allowed)
