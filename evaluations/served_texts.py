"""The texts that the product serves over a file of events, each with what is true at its time."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evaluations.forms import Known
from evaluations.raw_counts import Namespace, User, acts_of
from evaluations.replay import Replay
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, refresh


class ServedText(NamedTuple):
    """A text of a user at a time.

    Attributes:
        user_id: The user.
        time_ms: When it was written.
        text: The text; empty where too little is known.
        known: What is true at that time; the namespace grows when the next text is asked for.
    """

    user_id: str
    time_ms: int
    text: str
    known: Known


def texts_over_time(events: Sequence[event_pb2.Event], config: Config) -> Iterator[ServedText]:
    """Yield the text that every refresh writes, week by week."""
    replay = Replay(events, config, frozenset())
    acts, namespace, place = acts_of(events), Namespace(), 0
    for week, cut_ms in enumerate(replay.cuts):
        end = bisect.bisect_left(acts, cut_ms, key=lambda act: act.time_ms)
        namespace.add(acts[place:end])
        place = end
        for due in replay.due(week):
            text = replay.refresh(due).foreword.text
            if due.user_id in namespace.users:
                known = Known(namespace.users[due.user_id], namespace)
                yield ServedText(due.user_id, cut_ms, text, known)


def texts_after_import(
    events: Sequence[event_pb2.Event], config: Config, *, cut_ms: int, now_ms: int
) -> Iterator[ServedText]:
    """Yield the text of each user after all that came before a cut was imported at once, perhaps years later.

    Everybody is refreshed twice, so that each is compared with all the others, as on the night after an import.
    """
    acts = [act for act in acts_of(events) if act.time_ms < cut_ms]
    namespace, population = Namespace(), PopulationView(config.window.half_life_days)
    namespace.add(acts)
    first = {}
    for user_id, user in sorted(namespace.users.items()):
        source = _input(user, population, config, now_ms=now_ms, previous=None)
        result = refresh(source, config)
        population.fold(result.population_delta)
        first[user_id] = result.profile
    for user_id, user in sorted(namespace.users.items()):
        source = _input(user, population, config, now_ms=now_ms, previous=first[user_id])
        text = refresh(source, config).foreword.text
        yield ServedText(user_id, now_ms, text, Known(user, namespace))


def _input(
    user: User,
    population: PopulationView,
    config: Config,
    *,
    now_ms: int,
    previous: profile_pb2.Profile | None,
) -> RefreshInput:
    """Return what a refresh knows: all of the user's events are news to it unless there is a profile."""
    start_ms = now_ms - config.window.days * DAY_MS
    events = [act.event for act in user.acts]
    window = [act.event for act in user.acts if act.time_ms >= start_ms]
    return RefreshInput(
        user_id=events[0].user_id,
        namespace="",
        now_ms=now_ms,
        segment=profile_pb2.SEGMENT_ACTIVE,
        cadence=profile_pb2.CADENCE_INTERVAL,
        activity=activity_pb2.UserActivity(),
        new_events=events if previous is None else [],
        window_events=window[-config.window.events_max :],
        previous=previous,
        population=population,
    )
