"""What the demo does, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import cycle, islice
from typing import Any

import click

from foreword.changes import text_changes
from foreword.cli.demo.answers import AnswerSteps
from foreword.cli.demo.choice import contrasting, other_interest
from foreword.cli.demo.completion import Completion
from foreword.cli.demo.daemons import DemoDaemons
from foreword.cli.demo.data import DemoData, next_session
from foreword.cli.demo.model_process import ModelProcess
from foreword.cli.demo.model_steps import ModelSteps
from foreword.cli.demo.ranking import RankingSteps
from foreword.cli.demo.readable import readable, shortened
from foreword.cli.demo.screen import Screen
from foreword.cli.output import change_line, message_dict
from foreword.cli.progress import progress
from foreword.cli.status import front_text, segment_table
from foreword.client import Foreword
from foreword.clock import ReplayClock, format_time_ms
from foreword.errors import ForewordError
from foreword.latency import call_times_us, percentile
from foreword.local import LocalReader
from foreword.v1.event_pb2 import Event, Feedback
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.operator_service_pb2 import GetStatusResponse
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import GetForewordResponse

_LOCAL_READS, _REMOTE_READS = 20_000, 1000
_SESSION_EVENTS = 8
# A busy machine may sync slowly; better a slow demo than a failed one.
_CALL_SECONDS_MAX = 30.0
_SERVED_SECONDS_MAX = 30.0
_LIVE_SECONDS_MAX = 30.0
_LIVE_POLL_SECONDS = 0.002


class Story:
    """The demo over running daemons.

    Args:
        data: What is replayed.
        daemons: On a store that is empty.
        screen: Where it is shown.
        model: The model they ask, if they ask one.

    Attributes:
        result: What was seen, for machines.
    """

    def __init__(
        self, data: DemoData, daemons: DemoDaemons, screen: Screen, model: ModelProcess | None = None
    ) -> None:
        self._data = data
        self._daemons = daemons
        self._screen = screen
        self._client = Foreword(daemons.address, timeout_seconds=_CALL_SECONDS_MAX, raises=True)
        self._model = None if model is None else ModelSteps(data, daemons, model, screen, self._client)
        self.result: dict[str, Any] = {
            "data": data.title,
            "events": len(data.events),
            "users": len(data.users),
        }

    def tell(self) -> list[Profile]:
        """Go through all steps; return the profiles of the users shown."""
        self._start()
        self._import()
        self._compute()
        if self._model is not None:
            self.result["model"] = self._model.propose()
        shown = contrasting(self._profiles())
        self._show_forewords(shown)
        if shown:
            self._show_profile(shown[0])
        self._show_segments()
        self._measure()
        if shown:
            self._live(shown[-1], other_interest(shown, self._data.topics()))
        self.result["answers"] = AnswerSteps(self._screen, self._client).ask()
        if self._model is not None:
            self.result["outage"] = self._model.outage()
        # An install without the extra `ranking` shows all but this.
        if find_spec("numpy") is not None:
            self.result["ranking"] = RankingSteps(self._screen, self._client).choose()
        self.result["seconds"] = {name: round(seconds, 3) for name, seconds in self._screen.seconds.items()}
        return shown

    def close(self) -> None:
        """Release the connection."""
        self._client.close()

    def _start(self) -> None:
        as_of = format_time_ms(self._data.as_of_ms)
        with self._screen.step("start", "Start both daemons on a temporary store"):
            self._daemons.wait_until_serving()
            self._screen.detail(f"sidecar and scheduler serve at {self._daemons.address}")
            self._screen.detail(
                f"and {self._daemons.port_address}; their clock begins at {as_of}, after the last event"
            )

    def _import(self) -> None:
        from foreword.importers import batches

        with self._screen.step("import", f"Record {self._data.size}"):
            accepted = 0
            started = time.perf_counter()
            with progress(as_json=self._screen.silent) as show:
                for batch in batches(self._data.events):
                    response = self._client.record(batch)
                    if response.refused:
                        raise ForewordError(f"an event was refused: {response.refused[0].message}")
                    accepted += response.accepted_count
                    show("   recording", accepted, len(self._data.events), "events")
            rate = accepted / (time.perf_counter() - started)
            self._screen.detail(f"{accepted:,} acknowledged, each on disk; {rate:,.0f} a second through gRPC")
        self.result["accepted"] = accepted

    def _compute(self) -> None:
        with self._screen.step("compute", "Wait until the scheduler has written every profile"):
            completion = Completion(self._daemons.config.store.directory)
            try:
                with progress(as_json=self._screen.silent) as show:
                    completion.wait(lambda done: show("   computing", done, completion.user_count, "users"))
            finally:
                completion.close()
            ledger = self._served(completion.user_count).ledger
            self._screen.detail(
                f"{completion.user_count:,} users done: {ledger.written:,} profiles written, {ledger.defaults:,} "
                f"with too few events for one (they get the default), {ledger.failed:,} failed"
            )
        self.result["refreshes"] = message_dict(ledger, with_defaults=True)

    def _served(self, user_count: int) -> GetStatusResponse:
        """Return the status once the sidecar serves all profiles; it may open a new store a moment later."""
        deadline = time.monotonic() + _SERVED_SECONDS_MAX
        while (status := self._client.status()).profile_count < user_count:
            if time.monotonic() > deadline:
                raise ForewordError(f"the sidecar serves {status.profile_count} of {user_count} profiles")
            time.sleep(_LIVE_POLL_SECONDS)
        return status

    def _profiles(self) -> list[Profile]:
        return [response.profile for response in self._client.profiles(self._data.users)]

    def _show_forewords(self, shown: Sequence[Profile]) -> None:
        title = "Two forewords as served: of the most active, the two whose interests are least alike"
        served = []
        with self._screen.step("forewords", title if len(shown) > 1 else "A foreword as served"):
            if not shown:
                self._screen.detail(
                    "Nobody has enough events for a profile yet (3 meaningful ones make one)."
                )
            for profile in shown:
                response = self._client.foreword(profile.user_id)
                served.append({"user_id": profile.user_id, **message_dict(response, with_defaults=True)})
                self._screen.detail(click.style(_headline(profile.user_id, response), dim=True))
                self._screen.quote(response.text)
        self.result["forewords"] = served

    def _show_profile(self, profile: Profile) -> None:
        with self._screen.step(
            "profile", f"The profile behind the first one, as JSON (`foreword get {profile.user_id}`)"
        ):
            served = message_dict(self._client.profile(profile.user_id))
            self.result["profile"] = served
            # The faded counts behind the numbers: long, and for the next refresh rather than for people.
            shown = {**served, "profile": {k: v for k, v in served["profile"].items() if k != "memory"}}
            self._screen.detail(readable(shortened(shown)))
            self._screen.detail("(shortened: without its memory, and three entries a list)")

    def _show_segments(self) -> None:
        with self._screen.step("segments", "Users by segment and freshness (`foreword status`)"):
            segments = list(self._client.status().segments)
            self.result["segments"] = [message_dict(segment, with_defaults=True) for segment in segments]
            self._screen.detail(segment_table(segments))

    def _measure(self) -> None:
        users = self._data.users
        clock = ReplayClock(self._data.as_of_ms, self._daemons.started_ms)
        with self._screen.step("latency", "Read latency on this machine, one call at a time"):
            with LocalReader(self._daemons.config.store.directory, clock=clock) as local:
                in_process = _latency(local.profile_response, users, _LOCAL_READS)
                parsed = _latency(local.text, users, _LOCAL_READS)
            rows = {
                "in process, profile as bytes": in_process,
                "in process, foreword as text": parsed,
                "gRPC, foreword, Python client": _latency(self._client.foreword, users, _REMOTE_READS),
            }
            for name, row in rows.items():
                times = f"p50 {_micros(row['p50_us'])}   p99 {_micros(row['p99_us'])}"
                self._screen.detail(f"{name:<30} {times}   n {row['calls']:,}")
            self._screen.detail(f"gRPC reads are answered {front_text(self._client.status().front)}")
        self.result["latency"] = rows

    def _live(self, profile: Profile, topic: str) -> None:
        like = _newest_liked(self._data.events, profile.user_id)
        session = next_session(profile.user_id, like, topic, _SESSION_EVENTS)
        title = f"Live: {profile.user_id} turns to {topic} ({_SESSION_EVENTS} made-up events and the session's end)"
        with self._screen.step("live", title):
            before = self._client.foreword(profile.user_id)
            started = time.perf_counter()
            self._client.record(session)
            acknowledged = time.perf_counter()
            after = self._await_revision(profile.user_id, before.revision)
            served = time.perf_counter()
            self._screen.detail(
                f"recorded in {(acknowledged - started) * 1e3:.1f} ms; revision {after.revision} is served "
                f"{(served - acknowledged) * 1e3:.0f} ms after that. What changed:"
            )
            self._screen.detail(
                "\n".join(change_line(change) for change in text_changes(before.text, after.text))
                or "(nothing: the text stays as it was)"
            )
        self.result["live"] = {
            "user_id": profile.user_id,
            "topic": topic,
            "recorded_ms": (acknowledged - started) * 1e3,
            "served_ms": (served - acknowledged) * 1e3,
            "revision_before": before.revision,
            "revision_after": after.revision,
            "text_after": after.text,
        }

    def _await_revision(self, user: str, former: int) -> GetForewordResponse:
        deadline = time.monotonic() + _LIVE_SECONDS_MAX
        while time.monotonic() < deadline:
            response = self._client.foreword(user)
            if response.revision != former:
                return response
            time.sleep(_LIVE_POLL_SECONDS)
        raise ForewordError(f"no new revision of {user} within {_LIVE_SECONDS_MAX:.0f} s")


def _newest_liked(events: Sequence[Event], user: str) -> Event:
    """Return the user's newest event with the friendliest feedback there is."""
    mine = [event for event in events if event.user_id == user]
    return max(
        mine,
        key=lambda event: (
            event.feedback == Feedback.FEEDBACK_LIKE,
            not event.feedback,
            event.time.ToNanoseconds(),
        ),
    )


def _latency(call: Callable[[str], object], users: Sequence[str], count: int) -> dict[str, Any]:
    """Return how long `count` calls take, over users in turn, after a tenth as many to warm up."""
    call_times_us(call, islice(cycle(users), count // 10))
    taken = call_times_us(call, islice(cycle(users), count))
    return {"calls": count, "p50_us": percentile(taken, 0.5), "p99_us": percentile(taken, 0.99)}


def _headline(user: str, response: GetForewordResponse) -> str:
    freshness = Freshness.Name(response.freshness).removeprefix("FRESHNESS_").lower()
    return f"{user} · revision {response.revision} · {freshness} · {response.token_count} tokens at most"


def _micros(microseconds: float) -> str:
    return f"{microseconds:6.1f} µs" if microseconds < 1000 else f"{microseconds / 1000:6.2f} ms"
