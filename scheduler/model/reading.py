"""What holds of a user now, read for a question to a model or for its answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from foreword import keys
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.errors import StoreCorruptError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.signs import signs_of
from foreword.store import ActivityReader, ProfileReader
from foreword.store.activity_reader import News, StoredEvent
from foreword.v1.profile_pb2 import Profile
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.agent.evidence import evidence_of
from scheduler.agent.observed import is_statement
from scheduler.agent.refresh import RefreshInput
from scheduler.populations import Populations
from scheduler.ranked_topics import RankedOf, nothing_ranked
from scheduler.segments import cadence, windowed

logger = logging.getLogger("scheduler")


class Standing(NamedTuple):
    """A user as the profile in force knows them, and what came since."""

    state: RefreshState
    input: RefreshInput
    """Without new events: those that no refresh has consumed belong to the next one by code."""
    events: Sequence[StoredEvent]
    """Those of the input, in its order."""
    later: Sequence[StoredEvent]
    """Accepted since the profile was written."""

    @property
    def profile(self) -> Profile:
        """The profile in force."""
        assert self.input.previous is not None
        return self.input.previous

    def has_stated(self, seen_seq: int, config: Config) -> bool:
        """Return whether the user said something outright after an event: a correction, a yes or a no, a statement."""
        newer = [event.event for event in (*self.events, *self.later) if event.sequence > seen_seq]
        found = evidence_of(newer, self.profile, signs_of(config.agent.signs))
        return any(item.decides or is_statement(item) for item in found)


class Readings:
    """Reads users.

    Args:
        profiles: Where profiles and refresh states are read.
        populations: The users of each namespace.
        live: The configuration in force.
        ranked_of: Returns what ranking has learned of a user's topics.
    """

    def __init__(
        self,
        profiles: ProfileReader,
        populations: Populations,
        live: FollowedConfig,
        ranked_of: RankedOf = nothing_ranked,
    ) -> None:
        self._ranked_of = ranked_of
        self._profiles = profiles
        self._populations = populations
        self._live = live

    def standing(self, user: UserKey, activity: ActivityReader, now_ms: int) -> Standing | None:
        """Return what holds of a user; None without a profile of their own that can be read.

        Nothing holds either when the activity store was replaced by one with fewer events: the next refresh by code
        sees to that.

        Raises:
            StoreError: An environment cannot be read.
        """
        state, previous, seen = (
            self._profiles.refresh_state(user),
            self._previous(user),
            activity.user(user),
        )
        if state is None or previous is None or seen is None or seen.last_seq < state.consumed_seq:
            return None
        config = windowed(state.segment, self._live.current)
        from_ms = now_ms - config.window.days * DAY_MS
        stored = activity.events(
            user,
            from_ms=from_ms,
            news=News(state.consumed_seq, seen.last_seq, seen.event_count - state.consumed_count),
            window_max=config.window.events_max,
            limit=config.window.events_max,
        )
        events = [event for event in stored if event.sequence <= state.consumed_seq]
        user_id, namespace = keys.split_user_key(user)
        population = self._populations.view(namespace)
        refresh_input = RefreshInput(
            user_id=user_id,
            namespace=namespace,
            now_ms=now_ms,
            segment=state.segment,
            cadence=cadence(state.segment, config),
            activity=seen,
            new_events=(),
            window_events=[event.event for event in events],
            previous=previous,
            population=population,
            ranked=self._ranked_of(user, activity, population.synonyms),
        )
        later = [event for event in stored if event.sequence > state.consumed_seq]
        return Standing(state, refresh_input, events, later)

    def _previous(self, user: UserKey) -> Profile | None:
        try:
            response = self._profiles.profile(user)
        except StoreCorruptError as exc:
            logger.warning("no model is asked: %s", exc)
            return None
        return None if response is None or response.profile.is_default else response.profile
