"""What a language model adds, and what becomes of it all when the model is gone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

import click

from foreword.cli.demo.daemons import DemoDaemons
from foreword.cli.demo.data import DemoData, next_session
from foreword.cli.demo.model_process import ModelProcess
from foreword.cli.demo.screen import Screen
from foreword.cli.model_text import model_rows, request_path_text
from foreword.cli.output import message_dict, table
from foreword.client import Foreword
from foreword.clock import format_time_ms
from foreword.errors import ForewordError
from foreword.keys import user_key
from foreword.latency import call_times_us, percentile
from foreword.store import ProfileReader
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import GetStatusResponse
from foreword.v1.profile_pb2 import Profile

_EVENTS_SHOWN = 8
_TEXT_CHARACTERS = 96
_READS = 1000
_POLL_SECONDS = 0.1
# With no call ended for so long, something is wrong.
_STANDSTILL_SECONDS = 30.0


class ModelSteps:
    """The demo's steps about the model.

    Args:
        data: What is replayed.
        daemons: Running, and configured to ask the model.
        server: The model.
        screen: Where it is shown.
        client: Speaks to the daemons.
    """

    def __init__(
        self, data: DemoData, daemons: DemoDaemons, server: ModelProcess, screen: Screen, client: Foreword
    ) -> None:
        self._data = data
        self._daemons = daemons
        self._server = server
        self._screen = screen
        self._client = client

    def propose(self) -> dict[str, Any]:
        """Wait for the model's proposals and show what one of them changed; return it."""
        with self._screen.step("model", "What a language model adds, asked after the profiles were written"):
            self._screen.detail(
                f"It is the model server of this machine, {self._server.url}: it answers by rule, costs nothing, and"
            )
            self._screen.detail(
                "stands in for a provider's model. Prices are those of the model it is asked as."
            )
            status = self._answered()
            profile = self._richest()
            if profile is None:
                self._screen.detail("It proposed nothing: the newest events have no phrase that recurs.")
                shown: dict[str, Any] = {}
            else:
                shown = self._show(profile)
            self._screen.detail("")
            self._screen.detail(table(list(model_rows(status.model, ()))))
            self._screen.detail(request_path_text(status.model.request_path))
        return {**shown, "status": message_dict(status.model, with_defaults=True)}

    def outage(self) -> dict[str, Any]:
        """Stop the model, and show that reads and refreshes go on."""
        with self._screen.step("outage", "The model goes away: its server is stopped, and a user goes on"):
            self._server.stop()
            user = self._data.users[0]
            before = self._client.foreword(user).revision
            like = next(event for event in self._data.events if event.user_id == user)
            started = time.perf_counter()
            self._client.record(_another_session(user, like, self._data.topics()))
            taken = call_times_us(
                self._client.foreword, itertools.islice(itertools.cycle(self._data.users), _READS)
            )
            revision = self._refreshed(user, before)
            seconds = time.perf_counter() - started
            p99_us = percentile(taken, 0.99)
            self._screen.detail(
                f"{_READS:,} reads meanwhile, none failed, p99 {p99_us / 1000:.2f} ms; {user} was refreshed by code"
            )
            self._screen.detail(
                f"within {seconds:.1f} s (revision {before} to {revision}), and waits for the model:"
            )
            status = self._client.status()
            self._screen.detail(
                table(list(itertools.takewhile(lambda row: row[0] != "spent", model_rows(status.model, ()))))
            )
        return {"reads": _READS, "p99_us": p99_us, "revision_before": before, "revision_after": revision}

    def _answered(self) -> GetStatusResponse:
        """Return the status when every user was asked about, or none has been for a while."""
        moved, calls = time.monotonic(), 0
        while True:
            status = self._client.status()
            model = status.model
            if model.month.calls and not (
                model.open_call_count or model.messages_due_count or model.batch_due_count
            ):
                return status
            if model.month.calls != calls:
                moved, calls = time.monotonic(), model.month.calls
            if time.monotonic() - moved > _STANDSTILL_SECONDS:
                if calls:
                    return status
                raise ForewordError("the model was never asked", hint=f"see {self._daemons.log}")
            time.sleep(_POLL_SECONDS)

    def _richest(self) -> Profile | None:
        """Return the profile with the most goals of those the model has a part in; of equals the most active user's."""
        profiles = [response.profile for response in self._client.profiles(self._data.users)]
        proposed = [profile for profile in profiles if profile.provenance.model]
        return max(proposed, key=lambda profile: len(profile.self_model.goals), default=None)

    def _show(self, profile: Profile) -> dict[str, Any]:
        user = profile.user_id
        newest = _newest(self._data.events, user)
        self._screen.detail(
            click.style(f"{user}, the newest of {_count(self._data.events, user):,} events:", dim=True)
        )
        for event in newest:
            day = format_time_ms(event.time.ToMilliseconds())[:10]
            self._screen.detail(f"  {day}  {_cut(event.text or event.item_id)}")
        by_counts = self._by_counts(user)
        if by_counts is not None:
            self._screen.detail(click.style(f"By counts alone, revision {by_counts.revision}:", dim=True))
            self._screen.quote(by_counts.foreword.text)
        asked = f"{profile.provenance.generator} {profile.provenance.model}"
        self._screen.detail(click.style(f"With {asked}, revision {profile.revision}:", dim=True))
        self._screen.quote(profile.foreword.text)
        said = _proposed(profile, by_counts)
        for line in said:
            self._screen.detail(click.style(f"+ {line}", fg="green"))
        return {
            "user_id": user,
            "events": [event.text for event in newest],
            "by_counts": by_counts.foreword.text if by_counts is not None else None,
            "by_model": profile.foreword.text,
            "proposed": said,
        }

    def _by_counts(self, user: str) -> Profile | None:
        """Return the newest kept revision of a user that code alone wrote."""
        reader = ProfileReader(self._daemons.config.store.directory)
        try:
            kept = [
                reader.kept_profile(user_key(user), revision)
                for revision, _ in reader.revisions(user_key(user))
            ]
        finally:
            reader.close()
        alone = [profile for profile in kept if profile is not None and not profile.provenance.model]
        return alone[-1] if alone else None

    def _refreshed(self, user: str, former: int) -> int:
        deadline = time.monotonic() + _STANDSTILL_SECONDS
        while (revision := self._client.foreword(user).revision) == former:
            if time.monotonic() > deadline:
                raise ForewordError(f"no new revision of {user} within {_STANDSTILL_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS / 10)
        return revision


def _another_session(user: str, like: Event, topics: Sequence[str]) -> list[Event]:
    """Return a made-up session of a user, with ids that no other step uses."""
    session = next_session(user, like, topics[0], 4)
    for number, event in enumerate(session):
        event.event_id = f"demo-outage-{number}"
    return session


def _newest(events: Sequence[Event], user: str) -> list[Event]:
    mine = [event for event in events if event.user_id == user]
    return sorted(mine, key=lambda event: event.time.ToNanoseconds())[-_EVENTS_SHOWN:]


def _count(events: Sequence[Event], user: str) -> int:
    return sum(event.user_id == user for event in events)


def _proposed(profile: Profile, by_counts: Profile | None) -> list[str]:
    """Return what the self-model holds that counts alone did not give."""
    former = by_counts.self_model if by_counts is not None else Profile().self_model
    model = profile.self_model
    known = {belief.statement for belief in former.beliefs}
    return [
        *(f"goal: {goal.statement} ({len(goal.evidence)} events)" for goal in model.goals),
        *(
            f"belief: {belief.statement} ({belief.evidence_count} events)"
            for belief in model.beliefs
            if belief.statement not in known
        ),
    ]


def _cut(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= _TEXT_CHARACTERS else f"{line[: _TEXT_CHARACTERS - 1].rstrip()}…"
