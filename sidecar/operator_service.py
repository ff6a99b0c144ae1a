"""OperatorService: shows and steers the refreshing of profiles."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast

import foreword
from foreword import keys, synthetic
from foreword.clock import Clock, format_time_ms
from foreword.config_segments import Segments
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm.breaker import FAILURES_MIN
from foreword.problems import Problem, Problems
from foreword.store import ProfileReader
from foreword.store.v1.store_pb2 import ModelHealth
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.operator_service_pb2 import (
    EnvironmentStatus,
    ExplainBeliefRequest,
    ExplainBeliefResponse,
    GetBackfillRequest,
    GetBackfillResponse,
    GetLedgerRequest,
    GetLedgerResponse,
    GetStatusRequest,
    GetStatusResponse,
    ListTopicsRequest,
    ListTopicsResponse,
    ListUsersRequest,
    ListUsersResponse,
    MergeTopicsRequest,
    MergeTopicsResponse,
    PauseRefreshesRequest,
    PauseRefreshesResponse,
    PauseUserRequest,
    PauseUserResponse,
    RefreshUserRequest,
    RefreshUserResponse,
    ResumeRefreshesRequest,
    ResumeRefreshesResponse,
    ResumeUserRequest,
    ResumeUserResponse,
    RetentionStatus,
    SegmentStatus,
    SplitTopicRequest,
    SplitTopicResponse,
    StartBackfillRequest,
    StartBackfillResponse,
    StatusProblem,
    SteerBackfillRequest,
    SteerBackfillResponse,
)
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshMode, RefreshOutcome
from sidecar import checks
from sidecar.activity import Activity
from sidecar.activity_service import ActivityService
from sidecar.answering import Answering
from sidecar.archiving import Archiving
from sidecar.backfills import Backfills
from sidecar.calls import Calls
from sidecar.counts import Counts, StoreCounter, age_hours
from sidecar.explaining import explain_belief
from sidecar.fronting import Fronting
from sidecar.ledger import get_ledger
from sidecar.model_status import model_status
from sidecar.pauses import EVERYBODY, Pauses
from sidecar.profiles import Profiles
from sidecar.promises import Promises, kept
from sidecar.ranking import Ranking
from sidecar.readers import Readers, ReaderWatch
from sidecar.reads import Reads
from sidecar.refresh_wait import RefreshWait, bounded_seconds
from sidecar.rpc import Context, Handler, unary
from sidecar.scheduler_life import silence_seconds_max
from sidecar.scrub import Scrubber
from sidecar.topics import Topics
from sidecar.user_list import list_users

NAME = "foreword.v1.OperatorService"
COMPONENT = "scheduler"


class OperatorService:
    """Answers from the store; the scheduler is never called."""

    def __init__(
        self,
        *,
        profiles: Profiles,
        activity: Activity,
        counter: StoreCounter,
        promises: Promises,
        events: ActivityService,
        reads: Reads,
        readers: ReaderWatch,
        topics: Topics,
        scrubber: Scrubber,
        answering: Answering,
        archiving: Archiving,
        ranking: Ranking,
        fronting: Fronting,
        calls: Calls,
        problems: Problems,
        live: FollowedConfig,
        clock: Clock,
    ) -> None:
        self._profiles = profiles
        self._activity = activity
        self._events = events
        self._reads = reads
        self._readers = readers
        self._topics = topics
        self._scrubber = scrubber
        self._answering = answering
        self._archiving = archiving
        self._ranking = ranking
        self._fronting = fronting
        self._calls = calls
        self._problems = problems
        self._live = live
        self._clock = clock
        self._judged_models: set[str] = set()
        self._pauses = Pauses(activity, live, clock)
        self._wait = RefreshWait(profiles, activity)
        self._backfills = Backfills(profiles, activity, live, clock)
        self._counter = counter
        self._promises = promises

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {
            "GetStatus": unary(GetStatusRequest, self.get_status),
            "RefreshUser": unary(RefreshUserRequest, self.refresh_user),
            "PauseRefreshes": unary(PauseRefreshesRequest, self.pause_refreshes),
            "ResumeRefreshes": unary(ResumeRefreshesRequest, self.resume_refreshes),
            "PauseUser": unary(PauseUserRequest, self.pause_user),
            "ResumeUser": unary(ResumeUserRequest, self.resume_user),
            "ListUsers": unary(ListUsersRequest, self.list_users),
            "GetLedger": unary(GetLedgerRequest, self.get_ledger),
            "ExplainBelief": unary(ExplainBeliefRequest, self.explain_belief),
            "ListTopics": unary(ListTopicsRequest, self.list_topics),
            "MergeTopics": unary(MergeTopicsRequest, self.merge_topics),
            "SplitTopic": unary(SplitTopicRequest, self.split_topic),
            "StartBackfill": unary(StartBackfillRequest, self.start_backfill),
            "GetBackfill": unary(GetBackfillRequest, self.get_backfill),
            "SteerBackfill": unary(SteerBackfillRequest, self.steer_backfill),
        }

    def _retention(self) -> RetentionStatus:
        reader = self._activity.reader
        return RetentionStatus(
            band_count=reader.bands_count() if reader is not None else 0,
            waiting_count=reader.waiting_count() if reader is not None else 0,
            archived_count=self._archiving.archived_count,
            forgotten_count=self._events.forgotten_count,
        )

    # -- GetStatus --------------------------------------------------------------------------------------------

    async def get_status(self, _request: GetStatusRequest, _context: Context) -> GetStatusResponse:
        """Return counts, freshness and the state of both daemons."""
        return self.status(await self._counter.current())

    def status(self, counts: Counts) -> GetStatusResponse:
        """Return the state of both daemons beside what was counted."""
        response = _counted(counts, self._live.current.segments)
        self._add_pauses(response)
        self._add_breaches(response)
        response.version = foreword.__version__
        response.now.FromMilliseconds(self._clock.now_ms())
        response.write_queue_count = self._activity.waiting_events
        response.events_accepted = self._events.accepted_count
        response.events_refused = self._events.refused_count
        response.retention.CopyFrom(self._retention())
        reader = self._profiles.reader
        health = reader.model.health() if reader is not None else ModelHealth()
        response.model.CopyFrom(model_status(counts.model, health, self._live.current.budget))
        if reader is not None:
            response.ledger.CopyFrom(reader.ledger_totals())
            response.revision = reader.revision()
        response.environments.extend(
            _environment_status(seen, self._scrubber.ended_ms.get(seen.name, 0))
            for seen in self._readers.seen
        )
        answers = self._answering.totals()
        if answers is not None:
            response.answers.CopyFrom(answers)
        ranking = self._ranking.status()
        if ranking is not None:
            response.ranking.CopyFrom(ranking)
        response.front.CopyFrom(self._fronting.status())
        response.calls.extend(self._calls.listed())
        self._judge_scheduler(response, reader)
        self._judge_models(health)
        response.problems.extend(self._listed_problems(reader))
        return response

    def _add_pauses(self, response: GetStatusResponse) -> None:
        pauses = self._pauses.listed()
        response.pauses.extend(pauses)
        response.user_pauses.extend(self._pauses.of_users())
        since = {pause.segment_name: pause.since for pause in pauses}
        for segment in response.segments:
            paused = since.get(segment.segment_name) or since.get(EVERYBODY)
            if paused is not None:
                segment.paused_since.CopyFrom(paused)

    def _add_breaches(self, response: GetStatusResponse) -> None:
        breaches = self._promises.breaches().by_segment
        for segment in response.segments:
            if segment.segment_name in breaches:
                segment.broken_since.FromMilliseconds(breaches[segment.segment_name].since_ms)

    def _listed_problems(self, reader: ProfileReader | None) -> list[StatusProblem]:
        """Return what is wrong in both daemons, oldest first."""
        reported = reader.scheduler_problems() if reader is not None else []
        found = [
            *self._problems.listed(),
            *(Problem(COMPONENT, problem.message, problem.since_ms) for problem in reported),
        ]
        return [_status_problem(problem) for problem in sorted(found, key=lambda problem: problem.since_ms)]

    def _judge_scheduler(self, response: GetStatusResponse, reader: ProfileReader | None) -> None:
        seen_ms = reader.scheduler_seen_ms() if reader is not None else 0
        if not seen_ms:
            self._problems.note(
                COMPONENT, "silent", "no scheduler has run on this store (start one: foreword scheduler)"
            )
            return
        response.scheduler_seen_at.FromMilliseconds(seen_ms)
        silent_seconds = (self._clock.now_ms() - seen_ms) / 1000
        if silent_seconds > silence_seconds_max(self._live.current):
            self._problems.note(
                COMPONENT,
                "silent",
                f"the scheduler has not shown life for {silent_seconds:.0f} s, since {format_time_ms(seen_ms)} "
                "(start one: foreword scheduler)",
            )
        else:
            self._problems.end(COMPONENT, "silent")
            response.scheduler_running = True

    def _judge_models(self, health: ModelHealth) -> None:
        """State providers that fail. One that only limits the rate is no problem: what waits for it is."""
        for provider in health.providers:
            kind = f"model {provider.provider}"
            if not provider.failures:
                self._problems.end(COMPONENT, kind)
            elif provider.held_back or provider.failures >= FAILURES_MIN:
                why = provider.held_back or f"the last {provider.failures} calls failed, one more is tried"
                self._problems.note(
                    COMPONENT,
                    kind,
                    f"{provider.provider} fails, code alone writes profiles meanwhile: {why}",
                )
            # A refused key holds calls back at once; the call that tries it again neither begins nor ends a problem.
        asked = {f"model {provider.provider}" for provider in health.providers}
        for kind in self._judged_models - asked:
            self._problems.end(COMPONENT, kind)
        self._judged_models = asked

    # -- pauses -----------------------------------------------------------------------------------------------

    async def pause_refreshes(
        self, request: PauseRefreshesRequest, _context: Context
    ) -> PauseRefreshesResponse:
        """Stop refreshing the users of some segments, or all."""
        self._activity.refuse_draining()
        return await self._pauses.pause(request)

    async def resume_refreshes(
        self, request: ResumeRefreshesRequest, _context: Context
    ) -> ResumeRefreshesResponse:
        """Go on with what a pause holds back."""
        self._activity.refuse_draining()
        return await self._pauses.resume(request)

    async def pause_user(self, request: PauseUserRequest, _context: Context) -> PauseUserResponse:
        """Stop refreshing one user."""
        synthetic.check_namespace(request.namespace)
        self._activity.refuse_draining()
        return await self._pauses.pause_user(request)

    async def resume_user(self, request: ResumeUserRequest, _context: Context) -> ResumeUserResponse:
        """Go on with a user who was paused."""
        self._activity.refuse_draining()
        return await self._pauses.resume_user(request)

    # -- ListUsers --------------------------------------------------------------------------------------------

    async def list_users(self, request: ListUsersRequest, _context: Context) -> ListUsersResponse:
        """Return a page of users with the state of their profiles."""
        segments, paused = self._live.current.segments, self._pauses.user_since_ms()
        return await list_users(request, self._profiles, segments, self._clock.now_ms(), paused)

    # -- GetLedger --------------------------------------------------------------------------------------------

    async def get_ledger(self, request: GetLedgerRequest, _context: Context) -> GetLedgerResponse:
        """Return what models cost, as sums and call by call, and the newest refresh attempts."""
        return await get_ledger(request, self._profiles, self._activity, self._reads, self._live.current)

    # -- topics -----------------------------------------------------------------------------------------------

    async def explain_belief(self, request: ExplainBeliefRequest, _context: Context) -> ExplainBeliefResponse:
        """Return what is believed of a user with the evidence behind it; asks for no refresh."""
        user = keys.user_key(request.user_id, request.namespace)
        # In a thread: some hundred events are looked up, and meanwhile reads are answered.
        return await asyncio.to_thread(
            explain_belief, self._profiles, self._activity, user, request.belief_id
        )

    async def list_topics(self, request: ListTopicsRequest, _context: Context) -> ListTopicsResponse:
        """Return a page of topics with what means the same."""
        return await self._topics.page(request)

    async def merge_topics(self, request: MergeTopicsRequest, _context: Context) -> MergeTopicsResponse:
        """Make topics one."""
        self._activity.refuse_draining()
        return await self._topics.merge(request)

    async def split_topic(self, request: SplitTopicRequest, _context: Context) -> SplitTopicResponse:
        """Make a topic one of its own again."""
        self._activity.refuse_draining()
        return await self._topics.split(request)

    # -- backfill -------------------------------------------------------------------------------------------

    async def start_backfill(self, request: StartBackfillRequest, _context: Context) -> StartBackfillResponse:
        """Record a backfill, or have it estimated."""
        return StartBackfillResponse(backfill=await self._backfills.start(request))

    async def get_backfill(self, _request: GetBackfillRequest, _context: Context) -> GetBackfillResponse:
        """Return the newest backfill."""
        return GetBackfillResponse(backfill=self._backfills.get())

    async def steer_backfill(self, request: SteerBackfillRequest, _context: Context) -> SteerBackfillResponse:
        """Pause, resume or cancel the backfill under way."""
        return SteerBackfillResponse(backfill=await self._backfills.steer(request.action))

    # -- RefreshUser ------------------------------------------------------------------------------------------

    async def refresh_user(self, request: RefreshUserRequest, context: Context) -> RefreshUserResponse:
        """Record a manual trigger and, on request, wait until the scheduler has refreshed the user."""
        user = keys.user_key(request.user_id, request.namespace)
        synthetic.check_namespace(request.namespace)
        wait_seconds = checks.wait_seconds(request.wait)
        self._activity.refuse_draining()
        now_ms = self._clock.now_ms()
        if self._activity.user(user) is None:
            # There is nothing to compute from, and a mistyped id, or one that was just erased, is not to be kept.
            return self._nothing_new(user, now_ms)
        is_full = request.mode == RefreshMode.REFRESH_MODE_FULL
        asked_ms = {"full_ms" if is_full else "manual_ms": now_ms}
        await self._activity.write(lambda transaction: transaction.request(user, **asked_ms))
        response = RefreshUserResponse()
        response.requested_at.FromMilliseconds(now_ms)
        state = await self._wait.until(
            user, lambda state: state.attempted_ms >= now_ms, bounded_seconds(wait_seconds, context)
        )
        if state is not None:
            response.completed = True
            response.outcome = state.outcome
            response.error = state.error
        current = self._wait.state(user)
        response.revision = current.revision if current is not None else 0
        return response

    def _nothing_new(self, user: UserKey, now_ms: int) -> RefreshUserResponse:
        """Return that a refresh has ended which had nothing to read."""
        current = self._wait.state(user)
        response = RefreshUserResponse(
            completed=True,
            outcome=RefreshOutcome.REFRESH_OUTCOME_UNCHANGED,
            revision=current.revision if current is not None else 0,
        )
        response.requested_at.FromMilliseconds(now_ms)
        return response


def _status_problem(problem: Problem) -> StatusProblem:
    status = StatusProblem(component=problem.component, message=problem.message)
    status.since.FromMilliseconds(problem.since_ms)
    return status


def _environment_status(seen: Readers, scrubbed_ms: int) -> EnvironmentStatus:
    status = EnvironmentStatus(name=seen.name, file_bytes=seen.file_bytes, reader_count=seen.reader_count)
    if scrubbed_ms:
        status.scrubbed_at.FromMilliseconds(scrubbed_ms)
    if seen.oldest is not None:
        view = status.oldest_view
        view.pid, view.page_bytes = seen.oldest.pid, seen.oldest.page_bytes
        view.transactions_behind, view.pages_kept = seen.oldest.transactions_behind, seen.oldest.pages_kept
        view.age.FromMilliseconds(int(seen.age_seconds * 1000))
    return status


def _counted(counts: Counts, segments: Segments) -> GetStatusResponse:
    response = GetStatusResponse(
        due_count=counts.due,
        held_count=counts.held,
        trigger_count=counts.triggers,
        user_count=counts.users,
        event_count=counts.events,
        profile_count=counts.profiles,
        segments=[
            _segment(counts, number, segments)
            for number in sorted({segment for segment, _ in counts.by_segment})
        ],
    )
    response.counted_at.FromMilliseconds(counts.counted_ms)
    return response


def _segment(counts: Counts, number: int, segments: Segments) -> SegmentStatus:
    tried = segments.find(number)
    status = SegmentStatus(
        segment=cast(Segment, number),
        segment_name=segments.name_of(number),
        fresh_count=counts.by_segment[number, Freshness.FRESHNESS_FRESH],
        stale_count=counts.by_segment[number, Freshness.FRESHNESS_STALE],
        expired_count=counts.by_segment[number, Freshness.FRESHNESS_EXPIRED],
        default_count=counts.by_segment[number, Freshness.FRESHNESS_DEFAULT],
    )
    found = kept(tried, counts) if tried is not None else None
    if found is not None:
        status.promised_share, status.found_share = found.promised, found.found
    for name, percentile in (("age_p50", 50), ("age_p95", 95), ("age_max", 100)):
        hours = age_hours(counts, number, percentile)
        if hours is not None:
            getattr(status, name).FromTimedelta(timedelta(hours=hours))
    return status
