"""Activity as sessions, each with the profile that the product's own refresh writes after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.evidence import time_ms_of
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, refresh
from scheduler.optimal import Outline, distance, outline


@dataclass(frozen=True)
class Session:
    """What a user did without a longer pause.

    Attributes:
        times_ms: Of its events, ascending.
        known: Of the profile that holds all events until its end, what is compared.
        is_default: Whether there were too few events for a profile.
    """

    times_ms: Sequence[int]
    known: Outline
    is_default: bool

    @property
    def start_ms(self) -> int:
        """When it was opened."""
        return self.times_ms[0]

    @property
    def end_ms(self) -> int:
        """When its last event was."""
        return self.times_ms[-1]


@dataclass(frozen=True)
class Traced:
    """A user's sessions, by time.

    Attributes:
        key: Stands for the user in all files.
        sessions: All of them.
        material: Distance from which on two profiles are not the same.
    """

    key: str
    sessions: Sequence[Session]
    material: float
    _fresh: dict[tuple[int, int], bool] = field(default_factory=dict, repr=False)

    def is_fresh(self, stored: int, number: int) -> bool:
        """Return whether the profile as of one session still says what there is to say after another; -1: none."""
        if stored == number or stored < 0:
            return stored == number
        pair = (stored, number)
        if pair not in self._fresh:
            apart = distance(self.sessions[stored].known, self.sessions[number].known)
            self._fresh[pair] = apart < self.material
        return self._fresh[pair]

    def counted_opens(self) -> Iterator[int]:
        """Yield the sessions before whose start there was something to know."""
        return (number for number in range(1, len(self.sessions)) if not self.sessions[number - 1].is_default)


def trace(events: Sequence[event_pb2.Event], name: str, config: Config, material: float) -> list[Traced]:
    """Return the users of one file, each of whose sessions is followed by a refresh, in the order of time.

    Args:
        events: Ascending by time.
        name: Of the file.
        config: The product's; its `session.idle_timeout_seconds` parts sessions.
        material: Distance from which on a change is material.
    """
    population = PopulationView(config.window.half_life_days)
    history: dict[str, list[event_pb2.Event]] = {}
    profiles: dict[str, profile_pb2.Profile] = {}
    sessions: dict[str, list[Session]] = {}
    for user_id, news in _sessions(events, int(config.session.idle_timeout_seconds * 1000)):
        before = history.setdefault(user_id, [])
        before += news
        now_ms = time_ms_of(news[-1])
        recent = before[-config.window.events_max :]
        result = refresh(
            RefreshInput(
                user_id=user_id,
                namespace="",
                now_ms=now_ms,
                segment=profile_pb2.SEGMENT_ACTIVE,
                cadence=profile_pb2.CADENCE_NIGHTLY,
                activity=activity_pb2.UserActivity(),
                new_events=news,
                window_events=[
                    event for event in recent if time_ms_of(event) >= now_ms - config.window.days * DAY_MS
                ],
                previous=profiles.get(user_id),
                population=population,
            ),
            config,
        )
        population.fold(result.population_delta)
        profiles[user_id] = result.profile
        session = Session([time_ms_of(event) for event in news], outline(result.profile), result.is_default)
        sessions.setdefault(user_id, []).append(session)
    return [Traced(f"{name} {user_id}", rows, material) for user_id, rows in sessions.items()]


def _sessions(events: Sequence[event_pb2.Event], idle_ms: int) -> Iterator[tuple[str, list[event_pb2.Event]]]:
    """Yield each session with its user, by when it ended."""
    by_user: dict[str, list[list[event_pb2.Event]]] = {}
    for event in events:
        rows = by_user.setdefault(event.user_id, [])
        if rows and time_ms_of(event) - time_ms_of(rows[-1][-1]) <= idle_ms:
            rows[-1].append(event)
        else:
            rows.append([event])
    ended = [(time_ms_of(row[-1]), user_id, row) for user_id, rows in by_user.items() for row in rows]
    ended.sort(key=lambda entry: entry[:2])
    for _, user_id, row in ended:
        yield user_id, row
