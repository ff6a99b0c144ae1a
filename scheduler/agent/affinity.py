"""How much each topic draws a user: in what order, by which share, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass

from foreword.v1 import profile_pb2
from scheduler.agent.memory import Memory, TopicCount
from scheduler.agent.population import PopulationView
from scheduler.agent.strength import Pool
from scheduler.agent.window import Window

# How many events of the next wider level stand behind each level: three clicks against five make no passion. 3 to 10
# at any level foretell the next week alike.
_PRIOR_EVENTS = 5.0
# Ratings of a topic count against the user's mean as if this many ratings at the mean came on top.
_RATING_PRIOR = 4.0
# A liking of one standard deviation moves a score by this share; habit predicts better than praise.
_LIKING_SHARE = 0.25
# A topic is turned away from when so much of its weight is against it, and so much more than of the user's whole
# activity (a harsh judge dislikes most of everything), on at least so many events,
_AGAINST_SHARE_MIN = 0.5
_AGAINST_RATIO_MIN = 1.5
_AGAINST_EVENTS_MIN = 2.0
# With less beside it, a topic is all there is to compare with.
_OTHERS_SHARE_MIN = 0.1
# or when its shrunk ratings lie this many standard deviations under the user's mean.
_DISLIKING_MIN = 0.5
_RATING_WEIGHT_MIN = 2.0


@dataclass(frozen=True, slots=True)
class Affinity:
    """How one topic draws the user.

    Attributes:
        key: Its `topic_key`.
        topic: As most events spell it.
        strength: What orders topics: how likely it is among what the user does next, on no scale of its own.
        score: From 0 to 1: the share of the user's activity expected to carry it.
        evidence_count: Events it rests on, unfaded.
        last_seen_ms: Time of the newest such event.
        window_share: Its share of the window's weight.
        memory_share: Its share of the memory's weight.
        population_share: Its share of all users' activity.
        liking: Its ratings against the user's mean, in standard deviations, shrunk; 0 without ratings.
        aversion: How strongly the user turned away from it, 0 to 1; 1 after a no, 0 when not.
        stance: What the user last said of it outright.
        stance_ms: When they said so.
        ranked_effect: How far ranking learned that it moves the user's yes, as a logit; 0 where it is not taken in.
        ranked_count: How many times the user said something of an action, where what ranking learned of that moved the
            topic: what `ranked_effect` rests on.
    """

    key: str
    topic: str
    strength: float
    score: float
    evidence_count: int
    last_seen_ms: int
    window_share: float
    memory_share: float
    population_share: float
    liking: float
    aversion: float
    stance: profile_pb2.Stance
    stance_ms: int
    ranked_effect: float = 0.0
    ranked_count: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether the user said no to it."""
        return self.stance == profile_pb2.STANCE_NO


def rank(window: Window, memory: Memory, population: PopulationView, now_ms: int) -> list[Affinity]:
    """Return all topics the user met, the most drawing first; ties go by key.

    The order is that of `Pool`. The score says how much of the activity a topic is; each level is shrunk to the next
    wider one by five events:
        lifetime  l = (events of the topic + 5 × population share) / (all events + 5)
        memory    m = (faded weight of the topic + 5 l) / (faded weight + 5)
        window    w = (window weight of the topic + 5 m) / (window weight + 5)
        score     s = w × all events / (all events + 5)
    so that a new user's topics rank as the population's, a returning user's as his own past, and a busy user's as the
    window's. The last line keeps the order: events of the window count at every level, and without it four clicks on
    one topic would score 0.8.
    """
    fade = memory.fade_factor(now_ms)
    mean, deviation = _rating_scale(memory)
    against, total = _against_and_total(memory)
    memory_weight = memory.weight * fade
    known = memory.events / (memory.events + _PRIOR_EVENTS)
    pool = Pool(memory, now_ms)
    affinities = []
    for topic, count in memory.topics.items():
        population_share = population.share(topic)
        windowed = window.topics.get(topic, 0.0)
        events_for = _events_for(count)
        lifetime = _shrunk(events_for, memory.events, population_share)
        remembered = _shrunk(count.weight * fade, memory_weight, lifetime)
        score = known * _shrunk(windowed, window.weight, remembered)
        liking = _liking(count, mean, deviation) if deviation else 0.0
        # Most topics were never turned down, nor rated: for them both are 0 without asking.
        aversion = (
            _aversion(count, liking, _share_of_others(count, against, total))
            if count.against or count.stance or liking
            else 0.0
        )
        affinity = Affinity(
            key=topic,
            topic=count.name(),
            strength=pool.strength(count.days, events_for, population_share),
            score=min(1.0, max(0.0, score * (1 + _LIKING_SHARE * max(-1.0, min(1.0, liking))))),
            evidence_count=count.events,
            last_seen_ms=count.last_seen_ms,
            window_share=windowed / window.weight if window.weight else 0.0,
            memory_share=count.weight / memory.weight if memory.weight else 0.0,
            population_share=population_share,
            liking=liking,
            aversion=aversion,
            stance=count.stance,
            stance_ms=count.stance_ms,
        )
        affinities.append(affinity)
    affinities.sort(key=lambda affinity: (-affinity.strength, affinity.key))
    return affinities


def _shrunk(weight: float, total: float, prior: float) -> float:
    return (weight + _PRIOR_EVENTS * prior) / (total + _PRIOR_EVENTS)


def _events_for(count: TopicCount) -> float:
    """Return how many of the topic's events, unfaded, speak for it."""
    if not count.against:
        return count.events if count.weight else 0.0
    return count.events * count.weight / (count.weight + count.against)


def _against_and_total(memory: Memory) -> tuple[float, float]:
    """Return the weight of all topics that speaks against them, and all their weight."""
    against = math.fsum(count.against for count in memory.topics.values())
    return against, against + math.fsum(count.weight for count in memory.topics.values())


def _share_of_others(count: TopicCount, against: float, total: float) -> float:
    """Return the share of the other topics' weight that speaks against them; who dislikes one is no harsh judge.

    Of a topic that is all the user met, it is the share of that: it tells how they judge, and nothing of the topic.
    """
    others = total - count.against - count.weight
    return (against - count.against) / others if others > _OTHERS_SHARE_MIN * total else against / total


def _rating_scale(memory: Memory) -> tuple[float, float]:
    """Return mean and standard deviation of the user's ratings; deviation 0 when there is no spread."""
    if memory.rating_weight < _RATING_WEIGHT_MIN:
        return 0.0, 0.0
    mean = memory.rating_sum / memory.rating_weight
    variance = memory.rating_square_sum / memory.rating_weight - mean * mean
    # Rounding leaves tiny variances where all ratings are the same.
    return mean, math.sqrt(variance) if variance > 1e-9 * (1 + mean * mean) else 0.0


def _liking(count: TopicCount, mean: float, deviation: float) -> float:
    if not count.rating_weight:
        return 0.0
    return (count.rating_sum - mean * count.rating_weight) / (count.rating_weight + _RATING_PRIOR) / deviation


def _aversion(count: TopicCount, liking: float, usual_against: float) -> float:
    if count.stance:
        return 1.0 if count.stance == profile_pb2.STANCE_NO else 0.0
    against, total = count.against, count.against + count.weight
    share = against / total if total else 0.0
    # What is offered is rejected for what it says; only where none was ever accepted may its topic be the reason.
    share_min = 1.0 if count.accepted else _AGAINST_SHARE_MIN
    # The number of events beside the share: one dismissal is no aversion.
    unusual = share >= max(share_min, min(1.0, _AGAINST_RATIO_MIN * usual_against))
    rejected = share if unusual and count.events * share >= _AGAINST_EVENTS_MIN else 0.0
    disliked = -liking if liking <= -_DISLIKING_MIN and count.rating_weight >= _RATING_WEIGHT_MIN else 0.0
    return min(1.0, max(rejected, disliked))
