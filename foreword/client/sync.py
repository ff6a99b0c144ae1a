"""The client for threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeAlias, Unpack, overload

import grpc
from google.protobuf.message import Message

from foreword.client import fallbacks
from foreword.client.answers import ANSWER_SECONDS, Answer
from foreword.client.base import ERASE_WAIT_SECONDS, Client, closed, is_awaited, polls_seconds
from foreword.client.calls import (
    EXPORT_USER,
    LOOKUP_PROFILES,
    WATCH_PROFILES,
    Call,
    CoreLike,
    FreshnessLike,
    LedgerGroupLike,
    ModelOutcomeLike,
    ResponseT,
    SegmentLike,
    TurnLike,
)
from foreword.client.candidates import CandidateLike, ContextLike
from foreword.client.channel import HEALTH_CHECK, OPTIONS, TLS_OPTIONS, stubs
from foreword.client.events import EventFields, EventLike
from foreword.client.feedback import Said
from foreword.client.feeding import Feeding
from foreword.client.lookups import Lookups
from foreword.client.ranking import CandidateT, Ranking, ranking_of
from foreword.client.reach import Reach, is_passing
from foreword.errors import ForewordError, ServiceError
from foreword.v1.activity_service_pb2 import (
    DeleteEventsResponse,
    RecordEventsResponse,
    StreamEventsRequest,
    StreamEventsResponse,
)
from foreword.v1.answer_service_pb2 import (
    AuditAnswersResponse,
    ExplainAnswerResponse,
    GetCoreResponse,
    InvalidateCoresResponse,
    ListCoresResponse,
    PutCoreResponse,
)
from foreword.v1.backfill_pb2 import BackfillMode
from foreword.v1.core_pb2 import Core
from foreword.v1.operator_service_pb2 import (
    BackfillAction,
    ExplainBeliefResponse,
    GetBackfillResponse,
    GetLedgerResponse,
    GetStatusResponse,
    ListTopicsResponse,
    ListUsersResponse,
    MergeTopicsResponse,
    PauseRefreshesResponse,
    PauseUserResponse,
    RefreshUserResponse,
    ResumeRefreshesResponse,
    ResumeUserResponse,
    SplitTopicResponse,
    StartBackfillResponse,
    SteerBackfillResponse,
)
from foreword.v1.profile_service_pb2 import (
    GetForewordResponse,
    GetProfileResponse,
    ListRevisionsResponse,
    LookupProfilesResponse,
    RollbackProfileResponse,
    WatchProfilesResponse,
)
from foreword.v1.ranking_service_pb2 import ExplainRankingResponse, RecordFeedbackResponse
from foreword.v1.user_data_service_pb2 import EraseUserResponse, ExportUserResponse

# An application's own inference: takes a question, returns Markdown or a core.
Generate: TypeAlias = Callable[[str], CoreLike]


def _as_it_is(response: Any) -> Any:
    return response


class Foreword(Client):
    """Talks to a sidecar. One client serves all threads of a process; it connects at the first call.

    A process forked before that connects by itself. One forked later connects anew, but gRPC does not promise to
    survive such a fork: start workers first, or make the client in each.

    Unless `raises`, a call that fails answers as if nothing were known, and a warning is logged at most once a
    minute: `text` is empty, a profile is the default one with FRESHNESS_UNSPECIFIED, which no sidecar sends, and of
    `record` every event is refused with the cause. The first call that finds no sidecar tries for a third of a
    second; those after it answer at once, until one is there again.

    Args:
        target: Where the sidecar serves: `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`.
        namespace: The tenant's space of users where a call names none, and of events that name none.
        timeout_seconds: Longest time of one call, retries included.
        raises: Whether a failing call raises: FieldError for an argument of the wrong kind, else ServiceError.
        certificate_file: PEM roots to trust, for a sidecar that serves with TLS.
        token: What names the caller where the sidecar asks who calls, or what returns it, asked before each call. None
            takes FOREWORD_TOKEN, if no `token_file` is named.
        token_file: A file that holds the token instead, read anew when it changes. None takes FOREWORD_TOKEN_FILE.
        client_certificate_file: PEM certificate chain that names the caller by TLS.
        client_key_file: PEM private key of it.
    """

    def _prepare(self) -> None:
        self._opening = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._process_id = 0

    def text(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> str:
        """Return the prompt-ready text about a user; empty when nothing is known.

        Args:
            user_id: The user.
            max_tokens: Budget, up to 200; more means 200, and so does 0.
            session_id: The running session, whose newest events are to be named within the budget.
            namespace: The tenant's space; None takes the client's. So in every method.
        """
        return self.foreword(user_id, max_tokens, session_id, namespace=namespace).text

    def foreword(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> GetForewordResponse:
        """Return the text with its revision, etag, freshness and cuts; arguments as for `text`."""
        return self._ask(self._foreword(user_id, max_tokens, session_id, namespace))

    def profile(self, user_id: str, *, namespace: str | None = None) -> GetProfileResponse:
        """Return the profile of a user and how current it is."""
        return self._ask(self._profile(user_id, namespace))

    def profiles(self, user_ids: Iterable[str], *, namespace: str | None = None) -> list[GetProfileResponse]:
        """Return the profiles of any number of users, in order, by calls of 1,000."""
        found: list[GetProfileResponse] = []
        for call in self._profiles(user_ids, namespace):
            found += self._ask(call).results
        return found

    def lookup(
        self, user_ids: Iterable[str], *, namespace: str | None = None
    ) -> Iterator[LookupProfilesResponse]:
        """Yield the profile of each user, in order, over one stream: without the cost of a call each.

        A stream that breaks is made again, and goes on where it was. Where no sidecar answers, the rest are default
        profiles, as for `profile`. A user whose id the sidecar refuses has a `refusal` and no profile.

        Args:
            user_ids: The users, any number; taken from in another thread, ahead of the answers.
            namespace: The tenant's space; None takes the client's.

        Raises:
            FieldError: An id is no text, whatever `raises` says; those before it were answered.
            ServiceError: With `raises`, when it fails.
        """
        lookups = Lookups(user_ids, self._space(namespace))
        wait_seconds: float | None = 0.0
        while wait_seconds is not None:
            call = self._stub(LOOKUP_PROFILES.path)(lookups.requests())
            try:
                for answer in call:
                    lookups.answered()
                    yield answer
            except grpc.RpcError as exc:
                error = self._failures.translate(exc)
            else:
                lookups.end()
                return
            finally:
                call.cancel()
            wait_seconds = lookups.broke(error, self._reach)
            time.sleep(wait_seconds or 0)
        self._failures.handle(error)
        yield from lookups.defaults()
        lookups.end()

    def watch(
        self,
        user_ids: Iterable[str] = (),
        *,
        namespace: str | None = None,
        all_namespaces: bool = False,
        resume_token: bytes = b"",
        after_revision: int = 0,
        from_now: bool = False,
    ) -> Iterator[WatchProfilesResponse]:
        """Yield what happens to profiles: all of them first, then each change, a user's in order, none left out.

        It goes on by itself when the sidecar restarts. A message tells where it belongs by its `phase`: at a BEGINNING,
        the first message and one whenever the sidecar cannot tell what was missed, note whose profiles you hold; at
        the first LIVE message behind it, remove whom you were not told of since. One without changes is a sign of life.

        Args:
            user_ids: Only these users, at most 1,000; none means the whole namespace.
            namespace: The tenant's space; None takes the client's.
            all_namespaces: Watch all of them.
            resume_token: Go on behind the message of an earlier watch of the same users that had it.
            after_revision: Begin with the changes after a revision instead.
            from_now: Begin with what changes from now on instead.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Whatever `raises` says, when it cannot go on: silence must not pass for no changes.
        """
        watching = self._watching(
            user_ids,
            namespace,
            all_namespaces=all_namespaces,
            resume_token=resume_token,
            after_revision=after_revision,
            from_now=from_now,
        )
        while True:
            call = self._stub(WATCH_PROFILES.path)(watching.request)
            error = None
            try:
                for message in call:
                    watching.received(message)
                    yield message
            except grpc.RpcError as exc:
                error = self._failures.translate(exc)
            finally:
                call.cancel()
            time.sleep(watching.broke(error))

    def stream_events(self, events: Iterable[EventLike]) -> StreamEventsResponse:
        """Record a long feed of events, by streams that are each answered once their events are on disk.

        The same as `record`, but for any number of events, which are taken from as they are sent, and in less time. A
        stream that breaks is sent again; an event counts once.

        Args:
            events: Events, each an Event or a mapping of its fields.

        Returns:
            What became of all of them; the first 1,000 that the sidecar refused are named.

        Raises:
            FieldError: An event is of the wrong kind, whatever `raises` says; some of those before it were recorded.
            ServiceError: Always when it fails, whatever `raises` says: what was not recorded must not pass for it.
        """
        feeding, call = Feeding(events, self._namespace), self._stream_events()
        for messages in feeding.streams():
            deadline = time.monotonic() + self._timeout_seconds * len(messages)
            try:
                feeding.add(messages, self._make(call, messages, deadline))
            except (ForewordError, ValueError) as exc:
                self._failures.handle(exc, always_raises=True)
        return feeding.response

    def list_revisions(self, user_id: str, *, namespace: str | None = None) -> ListRevisionsResponse:
        """Return the kept revisions of a user, newest first, each with what changed in it.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: no answer must not pass for no revisions.
        """
        return self._ask(self._list_revisions(user_id, namespace))

    def rollback(
        self, user_id: str, revision: int, wait_seconds: float = 0, *, namespace: str | None = None
    ) -> RollbackProfileResponse:
        """Return a user to an earlier revision, as a new one, and wait up to `wait_seconds`, at most 60, for it.

        What the user said since still holds, and what was counted stays counted.
        """
        return self._ask(self._rollback(user_id, revision, wait_seconds, namespace))

    def explain(
        self, user_id: str, belief_id: str = "", *, namespace: str | None = None
    ) -> ExplainBeliefResponse:
        """Return what is believed of a user, how sure that is and why, with the events behind it.

        Args:
            user_id: The user.
            belief_id: The id of a belief or goal, the key of a preference, an area of expertise, or a topic; empty
                means all.
            namespace: The tenant's space; None takes the client's.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: no answer must not pass for no belief.
        """
        return self._ask(self._explain(user_id, belief_id, namespace))

    @overload
    def record(self, events: EventLike | Iterable[EventLike], /) -> RecordEventsResponse: ...

    @overload
    def record(self, /, **fields: Unpack[EventFields]) -> RecordEventsResponse: ...

    def record(self, events: EventLike | Iterable[EventLike] = (), /, **fields: Any) -> RecordEventsResponse:
        """Record any number of events, by calls of up to 1,000; returns once the kept ones are on disk.

        An event without `event_id` gets one. Give ids of your own where the same event may be sent again later.
        An event that breaks a limit, or of several the one with a value of the wrong kind, is named in `refused`;
        the others are kept.

        Args:
            events: One event or several: `Event`, or mappings of its fields.
            fields: Fields of a single event, instead: `record(user_id="ada", type="view", topics=["tests"])`.

        Raises:
            FieldError: With `raises`, before anything is sent: a field that no event has, or a keyword's value of the
                wrong kind.
            ServiceError: With `raises`: a call failed. Those before it were recorded; sent again, events count once.
        """
        recording = self._recording(events, fields)
        for batch in recording.batches():
            recording.add(batch, self._ask(self._record([event for _, event in batch])))
        return recording.response

    def record_history(self, events: EventLike | Iterable[EventLike], /) -> RecordEventsResponse:
        """Record history that a backfill will take up: as `record` does, but the events start no refresh.

        Users who are new by them get their profile from `foreword backfill`, or when they are read or do something.
        """
        recording = self._recording(events, {})
        for batch in recording.batches():
            call = self._record([event for _, event in batch], for_backfill=True)
            recording.add(batch, self._ask(call))
        return recording.response

    def refresh(
        self,
        user_id: str,
        wait_seconds: float = 0,
        *,
        full: bool = False,
        namespace: str | None = None,
    ) -> RefreshUserResponse:
        """Ask for a refresh of a user and wait up to `wait_seconds`, at most 60, for its end.

        Args:
            user_id: The user.
            wait_seconds: How long; 0 only asks.
            full: From the events alone, as far back as they are kept, rather than from the profile in force and what
                is new.
            namespace: The tenant's space; None takes the client's.
        """
        return self._ask(self._refresh(user_id, wait_seconds, namespace, full=full))

    def delete_events(
        self,
        user_id: str,
        event_ids: Iterable[str],
        wait_seconds: float = 0,
        *,
        namespace: str | None = None,
    ) -> DeleteEventsResponse:
        """Delete events of a user, as if they had never happened; their ids stay taken.

        Args:
            user_id: The user.
            event_ids: 1 to 1,000 ids.
            wait_seconds: How long to wait until the profile is without them, at most 60; 0 returns at once.
            namespace: The tenant's space; None takes the client's.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: what was not deleted must not pass for deleted.
        """
        return self._ask(self._delete_events(user_id, event_ids, wait_seconds, namespace))

    def status(self) -> GetStatusResponse:
        """Return counts, freshness and what is wrong now."""
        return self._ask(self._status())

    def pause_refreshes(self, segment_names: Iterable[str] = ()) -> PauseRefreshesResponse:
        """Stop refreshing the users of segments, by their names in the configuration, or all when none is named.

        What an operator asks for by name, deletions and erasures are carried out all the same. Outlives both daemons.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says.
        """
        return self._ask(self._pause_refreshes(segment_names))

    def resume_refreshes(self, segment_names: Iterable[str] = ()) -> ResumeRefreshesResponse:
        """End the pauses of segments, or all but those of single users; raises as `pause_refreshes` does."""
        return self._ask(self._resume_refreshes(segment_names))

    def pause_user(self, user_id: str, *, namespace: str | None = None) -> PauseUserResponse:
        """Stop refreshing one user, beside pauses of segments and of all; at most 1,000 users at a time.

        What an operator asks for by name, deletions and the user's erasure are carried out all the same, and the last
        one ends the pause. Outlives both daemons.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says; also when no event of the user was recorded.
        """
        return self._ask(self._pause_user(user_id, namespace))

    def resume_user(self, user_id: str, *, namespace: str | None = None) -> ResumeUserResponse:
        """End the pause of one user; raises as `pause_user` does, also when the user is not paused."""
        return self._ask(self._resume_user(user_id, namespace))

    def list_users(
        self,
        *,
        segments: Iterable[SegmentLike] = (),
        segment_names: Iterable[str] = (),
        freshness: Iterable[FreshnessLike] = (),
        failed: bool = False,
        page_size: int = 0,
        page_token: str = "",
        user_id_prefix: str = "",
        namespace: str | None = None,
    ) -> ListUsersResponse:
        """Return a page of users with the state of their profiles; `next_page_token` leads to the next one.

        Args:
            segments: Only users of these; empty means any.
            segment_names: Only users of these, by their names in the configuration; adds to `segments`.
            freshness: Only users whose profile is this current; empty means any.
            failed: Only users whose newest refresh failed.
            page_size: Most users of the page, at most 1,000; 0 means 100. A page may hold fewer and not be the last.
            page_token: The `next_page_token` of the page before, asked for with the same filters.
            user_id_prefix: Only users whose id begins with this.
            namespace: The tenant's space; None takes the client's, and all when it has none.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: part of a list must not pass for the whole.
        """
        return self._ask(
            self._list_users(
                namespace,
                segments=segments,
                segment_names=segment_names,
                freshness=freshness,
                failed=failed,
                page_size=page_size,
                page_token=page_token,
                user_id_prefix=user_id_prefix,
            )
        )

    def ledger(
        self,
        *,
        from_day: str = "",
        to_day: str = "",
        group_by: Iterable[LedgerGroupLike] = (),
        calls_max: int = 0,
        attempts_max: int = 0,
        outcomes: Iterable[ModelOutcomeLike] = (),
        user_id: str = "",
        namespace: str | None = None,
    ) -> GetLedgerResponse:
        """Return what language models cost: sums, single calls, and what the same reads would have cost with a model.

        Args:
            from_day: The first day, UTC, such as 2026-11-25; empty means the oldest there is.
            to_day: The last day; empty means the newest there is.
            group_by: What sums are told apart by; empty means the total alone.
            calls_max: Most single calls, newest first; at most 1,000.
            attempts_max: Most refresh attempts, likewise.
            outcomes: Only calls with one of these; empty means any.
            user_id: Only this user's calls and attempts; empty means all users'. Sums are always of all.
            namespace: The user's tenant's space; None takes the client's.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: a part of a sum must not pass for the whole.
        """
        return self._ask(
            self._ledger(
                user_id,
                namespace,
                from_day=from_day,
                to_day=to_day,
                group_by=group_by,
                calls_max=calls_max,
                attempts_max=attempts_max,
                outcomes=outcomes,
            )
        )

    def topics(
        self,
        *,
        merged_or_proposed: bool = False,
        page_size: int = 0,
        page_token: str = "",
        namespace: str | None = None,
    ) -> ListTopicsResponse:
        """Return a page of the topics of a namespace, the commonest first, with what else means the same.

        Args:
            merged_or_proposed: Only topics that others were merged into, or that a merge is proposed for.
            page_size: Most topics of the page, at most 1,000; 0 means 100.
            page_token: The `next_page_token` of the page before; empty for the first page.
            namespace: The tenant's space; None takes the client's.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: part of a list must not pass for the whole.
        """
        return self._ask(
            self._list_topics(
                namespace, merged_or_proposed=merged_or_proposed, page_size=page_size, page_token=page_token
            )
        )

    def merge_topics(
        self, canonical: str, topics: Iterable[str], *, namespace: str | None = None
    ) -> MergeTopicsResponse:
        """Make topics one: from each user's next refresh on, events of each count as events of the canonical one.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says.
        """
        return self._ask(self._merge_topics(canonical, topics, namespace))

    def split_topic(self, topic: str, *, namespace: str | None = None) -> SplitTopicResponse:
        """Make a topic one of its own again, which no proposal merges any more; raises as `merge_topics` does."""
        return self._ask(self._split_topic(topic, namespace))

    def start_backfill(
        self,
        *,
        mode: BackfillMode = BackfillMode.BACKFILL_MODE_UNSPECIFIED,
        budget_micro_usd: int | None = None,
        users_per_second: float = 0,
        estimate_only: bool = False,
        backfill_id: bytes | None = None,
        namespace: str | None = None,
    ) -> StartBackfillResponse:
        """Have profiles written for all users, newest-active first, or only have that estimated.

        Args:
            mode: Who writes: a model in batches behind code, or code alone.
            budget_micro_usd: What its questions to models may cost; None for no limit of its own.
            users_per_second: Refreshes begun in a second, at most 10,000; 0 means 200.
            estimate_only: Only count and estimate.
            backfill_id: An estimated backfill that is to begin; the other arguments must then be left out.
            namespace: The tenant's space; None takes the client's, and where that is empty all.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says; BACKFILL_STATE while another is under way.
        """
        call = self._start_backfill(
            namespace,
            mode=mode or None,
            budget_micro_usd=budget_micro_usd,
            users_per_second=users_per_second or None,
            estimate_only=estimate_only or None,
            backfill_id=backfill_id,
        )
        return self._ask(call)

    def get_backfill(self) -> GetBackfillResponse:
        """Return the newest backfill; raises as `start_backfill` does."""
        return self._ask(self._get_backfill())

    def steer_backfill(self, action: BackfillAction) -> SteerBackfillResponse:
        """Pause, resume or cancel the backfill under way; raises as `start_backfill` does."""
        return self._ask(self._steer_backfill(action))

    def erase(
        self, user_id: str, wait_seconds: float = ERASE_WAIT_SECONDS, *, namespace: str | None = None
    ) -> EraseUserResponse:
        """Remove everything kept of a user and wait up to `wait_seconds`, at most 60, until nothing is left."""
        return self._ask(self._erase(user_id, wait_seconds, namespace))

    def export(self, user_id: str, *, namespace: str | None = None) -> Iterator[ExportUserResponse]:
        """Yield everything kept of a user, one record at a time; takes as long as it takes.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: part of an export must not pass for the whole.
        """
        request = self._export(user_id, namespace).request()
        try:
            yield from self._stub(EXPORT_USER.path)(request)
        except (grpc.RpcError, ValueError) as exc:
            raise self._failures.translate(exc) from exc

    def answer(
        self,
        user_id: str,
        question: str,
        *,
        standalone_question: str = "",
        locale: str = "",
        namespace: str | None = None,
        conversation: Sequence[TurnLike] = (),
        tags: Iterable[str] = (),
        cached_only: bool = False,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """Answer a question of a user, from a core that many share, in words for this one.

        `client.answer("ada", "How do I ...?").text` is all of it; looped over, it gives its words as they come. Where
        none can be had, the text is empty, and `error` says why.

        Args:
            user_id: The user.
            question: 1 to 2,000 bytes.
            standalone_question: The same in words that need no conversation; with a conversation only this is shared.
            locale: The language, as BCP 47 has it; empty takes `tiering.locale`.
            namespace: The tenant's space; None takes the client's.
            conversation: What was said before, the newest last: at most 50 turns.
            tags: Put on the core if one is written, to purge it by.
            cached_only: Whether no model is to be asked.
            timeout_seconds: Longest time until the answer is there, in place of the client's.
        """
        call = self._answer(
            user_id,
            namespace,
            timeout_seconds,
            question=question,
            standalone_question=standalone_question,
            locale=locale,
            conversation=conversation,
            tags=tags,
            cached_only=cached_only,
        )
        return Answer(call, self._make, self._failures)

    def core_or(
        self,
        question: str,
        generate: Generate,
        *,
        locale: str = "",
        namespace: str | None = None,
        tags: Iterable[str] = (),
        wait_seconds: float = ANSWER_SECONDS,
    ) -> Core:
        """Return the core of a question, written by the application where there is none, or none that is fresh.

        Of all callers in all processes one writes, and the others wait for it, or are served a stale core at once.
        Nothing is stored of a question that is not shared, nor with the sidecar down: then `generate` alone answers.
        Never raises for the cache's sake, whatever `raises` says.

        Args:
            question: What is asked, in words that need no conversation: 1 to 2,000 bytes.
            generate: The application's own inference: takes the question, returns Markdown or a Core. It must know
                nothing of the user, since others get what it returns. What it raises is raised, unless a stale core
                can serve.
            locale: The language, as BCP 47 has it; empty takes `tiering.locale`.
            namespace: The tenant's space; None takes the client's.
            tags: Put on the core, to purge it by.
            wait_seconds: How long to wait for somebody else who writes; then `generate` is called, and nothing stored.
        """
        claim = self._claim_core(question, locale, namespace)
        deadline = time.monotonic() + wait_seconds
        waits_seconds = polls_seconds()
        found = self._ask(claim)
        while is_awaited(found) and time.monotonic() < deadline:
            time.sleep(next(waits_seconds))
            found = self._ask(claim)
        if found.HasField("core") and not found.claim:
            return found.core
        try:
            written = generate(question)
        except Exception as exc:
            if not found.HasField("core"):
                raise
            self._failures.log_unwritten(exc)
            return found.core
        if not found.claim:
            return fallbacks.core_of(written, question)
        put = self._put_claimed(found, written, question, namespace, locale=locale, tags=tags)
        return self._ask(put).core

    def wrap(self, core: Core, user_id: str, *, locale: str = "", namespace: str | None = None) -> str:
        """Return what a core says in words for one user; in its usual words for everybody when that cannot be had.

        Markdown that `core_or` did not store is returned as it was written. Never raises for the sidecar's sake,
        whatever `raises` says.
        """
        if not core.lead_short:
            return fallbacks.plain_text(core)
        return self._ask(self._wrap(core, user_id, locale, namespace)).text

    def put_core(
        self,
        content: CoreLike,
        *,
        question: str = "",
        locale: str = "",
        namespace: str | None = None,
        tags: Iterable[str] = (),
        aliases: Iterable[str] = (),
        replace: bool = False,
    ) -> PutCoreResponse:
        """Store a core that people wrote; it answers until it is replaced or invalidated.

        Args:
            content: The core, or Markdown that is split by rule: the first heading is the question, the first paragraph
                the lead, further headings begin sections.
            question: The question, where the content does not say.
            locale: The language, as BCP 47 has it; empty takes `tiering.locale`.
            namespace: The tenant's space; None takes the client's.
            tags: What it is purged by, beside the content's own.
            aliases: Other questions that it answers, at most 50.
            replace: Whether it takes the place of a core that a person put for this question.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: what is not stored must not pass for stored.
        """
        asked = {"question": question, "locale": locale, "tags": tags, "aliases": aliases, "replace": replace}
        return self._ask(self._put_core(content, namespace, **asked))

    def get_core(
        self, question: str = "", *, core_id: str = "", locale: str = "", namespace: str | None = None
    ) -> GetCoreResponse:
        """Return the core of a question or id, and what leads to it, without asking a model; raises as `put_core`."""
        return self._ask(self._get_core(question, core_id, locale, namespace))

    def invalidate(
        self,
        *,
        tag: str = "",
        core_id: str = "",
        alias_id: str = "",
        question: str = "",
        everything: bool = False,
        dry_run: bool = False,
        locale: str = "",
        namespace: str | None = None,
    ) -> InvalidateCoresResponse:
        """Remove cores, or an alias that leads to one; name exactly one of the first five. Raises as `put_core`.

        Args:
            tag: All cores with this tag.
            core_id: One core.
            alias_id: One alias: its question leads to the core no longer.
            question: The core of a question.
            everything: All that a model made in the namespace; what people put stays.
            dry_run: Whether to remove nothing and only say what would go.
            locale: The language of the question; empty takes `tiering.locale`.
            namespace: The tenant's space; None takes the client's.
        """
        selectors = {"tag": tag, "core_id": core_id, "alias_id": alias_id, "question": question}
        return self._ask(
            self._invalidate(locale, namespace, dry_run=dry_run, everything=everything, **selectors)
        )

    def explain_answer(self, answer_id: str) -> ExplainAnswerResponse:
        """Return why an answer was what it was, by `done.answer_id`; raises as `put_core`."""
        return self._ask(self._explain_answer(answer_id))

    def audit_answers(
        self, count: int = 0, *, served_only: bool = False, namespace: str | None = None
    ) -> AuditAnswersResponse:
        """Return near questions that were met, newest first, for a person to look at; raises as `put_core`.

        Args:
            count: Most to return, at most 1,000; 0 means 100.
            served_only: Only those whose near core was served.
            namespace: The tenant's space; None takes the client's, and all when it has none.
        """
        return self._ask(self._audit_answers(namespace, count=count, served_only=served_only))

    def list_cores(
        self, *, page_size: int = 0, page_token: str = "", namespace: str | None = None
    ) -> ListCoresResponse:
        """Return a page of the cores that are stored, the newest first; `next_page_token` leads to the next one.

        Args:
            page_size: Most cores of the page, at most 1,000; 0 means 100. A page may hold fewer and not be the last.
            page_token: The `next_page_token` of the page before, asked for with the same namespace.
            namespace: The tenant's space; None takes the client's, and all when it has none.
        """
        return self._ask(self._list_cores(namespace, page_size=page_size, page_token=page_token))

    def rank(
        self,
        user_id: str,
        candidates: Iterable[CandidateT],
        *,
        context: ContextLike | None = None,
        text: str = "",
        session_id: str = "",
        explore: bool = True,
        limit: int = 0,
        namespace: str | None = None,
    ) -> Ranking[CandidateT]:
        """Return candidates in the order in which they suit a user now.

        `client.rank("ada", ["concise", "verbose"], context={"domain": "python"}).best` is one of them. Where none ranks
        them, they come back as they were given, and `is_ranked` is False.

        Args:
            user_id: The user.
            candidates: 1 to 500, each id once: an id, a mapping of `id`, `topics`, `attributes`, `text`, `vector` and
                `irreversible`, or a Candidate. What is irreversible is never tried for the sake of learning.
            context: Facts of the moment by name, such as domain, repo, error_type; or a RankingContext.
            text: What was asked.
            session_id: The running session.
            explore: Whether the order may be varied to learn from.
            limit: How many to return; 0 means all.
            namespace: The tenant's space; None takes the client's.
        """
        given = self._candidates(candidates)
        moment = (context, text, session_id)
        call = self._rank(user_id, given, namespace, context=moment, explore=explore, limit=limit)
        return ranking_of(given, limit, self._ask(call))

    def feedback(
        self,
        decision_id: str | None = None,
        *,
        action_id: str = "",
        accepted: bool | None = None,
        liked: bool | None = None,
        correction: str = "",
        reward: float | None = None,
        feedback_id: str = "",
        user_id: str = "",
        action: CandidateLike | None = None,
        context: ContextLike | None = None,
        namespace: str | None = None,
    ) -> RecordFeedbackResponse:
        """Tell what a user said of an action, or how good it turned out to be; nobody else's order moves by it.

        `client.feedback(ranking.decision_id, accepted=True)` is of the first one offered. `accepted` False, `liked`
        False and a correction are a no. Told again, it counts once. Of an unranked order, whose decision id is empty,
        nothing is learned, and `accepted` of the response is False.

        Args:
            decision_id: That of a ranking; without one, `user_id` and `action` are given.
            action_id: Which of the offered actions; empty means the first.
            accepted: Whether the user took it.
            liked: Whether the user liked it.
            correction: How it shall be instead, in the user's words; the profile takes them up.
            reward: How good it turned out to be, 0 to 1; may come days later.
            feedback_id: Names this feedback: the same one counts once. Empty makes one: of a decision of what is said,
                else anew.
            user_id: Of whom, without a decision. With one, whose it must be; empty takes it for whoever's it is.
            action: Of what, without a decision.
            context: In which moment, without a decision.
            namespace: The tenant's space of `user_id`; None takes the client's.

        Raises:
            FieldError: With `raises`: nothing is said, one thing contradicts another, or one is of the wrong kind.
            ServiceError: With `raises`: the call failed; DECISION_UNKNOWN where the decision is not in the log.
        """
        call = self._feedback(
            decision_id,
            Said(accepted, liked, correction, reward),
            namespace,
            action_id=action_id,
            feedback_id=feedback_id,
            user_id=user_id,
            action=action,
            context=context,
        )
        return RecordFeedbackResponse() if call is None else self._ask(call)

    def explain_ranking(self, decision_id: str, limit: int = 0) -> ExplainRankingResponse:
        """Return why an order was what it was, of its first `limit` actions, at most 20; 0 means 20.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says; DECISION_UNKNOWN where the decision is not in
                the log.
        """
        return self._ask(self._explain_ranking(decision_id, limit))

    def close(self) -> None:
        """Disconnect."""
        with self._opening:
            self._closed = True
            channel, self._channel, self._stubs = self._channel, None, {}
        if channel is not None:
            channel.close()

    def __enter__(self) -> Foreword:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, call: Call[ResponseT]) -> ResponseT:
        try:
            request = call.request()
            response: ResponseT = self._make(
                call, request, time.monotonic() + self._timeout_seconds + call.wait_seconds
            )
        except (ForewordError, ValueError) as exc:
            return call.otherwise(
                self._failures.handle(exc, always_raises=call.always_raises, never_raises=call.never_raises)
            )
        return response

    def _make(
        self,
        call: Call[ResponseT],
        request: Message | list[StreamEventsRequest],
        deadline: float,
        receive: Callable[[Any], Any] = _as_it_is,
    ) -> Any:
        """Make a call until somebody is there to answer; `receive` waits for the first part of an answer in several."""
        stub = self._stub(call.method.path)
        reach = self._reach
        if reach.is_silent:
            self._ask_health(reach)
            raise self._failures.silent()
        waits_seconds = iter(reach.waits_seconds)
        while True:
            try:
                response = receive(stub(request, timeout=deadline - time.monotonic()))
            except grpc.RpcError as exc:
                error = self._failures.translate(exc, call.patience_seconds)
                wait_seconds = next(waits_seconds, None) if is_passing(error) else None
                if wait_seconds is None or time.monotonic() + wait_seconds >= deadline:
                    reach.failed(error, waits_for_model=call.patience_seconds > 0)
                    raise error from exc
                time.sleep(wait_seconds)
            else:
                reach.answered()
                return response

    def _ask_health(self, reach: Reach) -> None:
        """Ask behind the call whether the sidecar answers again; gRPC's own thread waits for it."""
        if reach.begin_asking():
            future = self._stub(HEALTH_CHECK).future(b"", timeout=self._timeout_seconds)
            future.add_done_callback(lambda done: reach.end_asking(self._failure_of(done)))

    def _failure_of(self, done: Any) -> ServiceError | None:
        return None if done.code() is grpc.StatusCode.OK else self._failures.translate(done)

    def _stub(self, path: str) -> Any:
        if self._process_id != os.getpid() or self._channel is None or self._tls.have_changed():
            self._open()
        try:
            return self._stubs[path]
        except KeyError:
            # Another thread has closed the client since it was looked at.
            raise closed() from None

    def _open(self) -> None:
        with self._opening:
            if self._closed:
                raise closed()
            is_open = self._process_id == os.getpid() and self._channel is not None
            if is_open and not self._tls.take_over():
                return
            secret = self._tls.credentials()
            # A former channel is not closed: what is under way on it goes on, and its connection ends with that.
            self._channel = (
                grpc.secure_channel(self._target, secret, TLS_OPTIONS)
                if secret
                else grpc.insecure_channel(self._target, OPTIONS)
            )
            self._stubs = stubs(self._channel, self._proof)
            self._reach = Reach()
            self._process_id = os.getpid()
