"""How the user takes what is offered: what they accept and what they reject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join, labels
from scheduler.agent.memory import TYPE_FIELD, TopicCount
from scheduler.agent.offers import Offers, is_accepted
from scheduler.agent.saying.saying import Saying

# With fewer, a share is chance.
_OFFERS_MIN = 10
_TOPIC_OFFERS_MIN = 8
# A topic stands out when the share rejected there is so far from the share elsewhere.
_TOPIC_DIFFERENCE_MIN = 0.15
_LENGTHS_MIN = 5
_LENGTH_RATIO_MIN = 1.25
_TOPICS = 2
# What is offered is called so where types do not say.
_THING = "suggestion"


def answering(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say how much of what is offered the user rejects, where more and where less, and how long what they take is."""
    offers = findings.memory.offers
    count = offers.accepted + offers.rejected
    if count < _OFFERS_MIN or findings.is_cold:
        return
    rejects = offers.rejected * 2 > count
    verb, part = ("Rejects", offers.rejected) if rejects else ("Accepts", offers.accepted)
    parts = [f"{verb} {part} of {count} {_things(findings)}", *_topics(findings, rejects), *_lengths(offers)]
    yield Saying("answer", f"{'; '.join(parts)}.")


def _things(findings: Findings) -> str:
    """Return what most of the offers are called."""
    counts: dict[str, int] = {}
    for (field, value), count in findings.memory.attributes.items():
        thing = value.partition(".")[0].lower()
        if field == TYPE_FIELD and is_accepted(value, 0) is not None and thing in findings.words.offers:
            counts[thing] = counts.get(thing, 0) + count.events
    return findings.words.offers[max(counts, key=lambda thing: (counts[thing], thing), default=_THING)]


def _topics(findings: Findings, rejects: bool) -> Iterator[str]:
    """Yield in which topics the share differs most from that of all others."""
    offers = findings.memory.offers
    total = Offers(offers.accepted, offers.rejected)
    rows = [
        (_share(count, rejects) - _share_of_others(count, total, rejects), key, count)
        for key, count in findings.memory.topics.items()
        if count.accepted + count.rejected >= _TOPIC_OFFERS_MIN
        and total.accepted + total.rejected - count.accepted - count.rejected >= _TOPIC_OFFERS_MIN
    ]
    more = sorted((row for row in rows if row[0] >= _TOPIC_DIFFERENCE_MIN), key=lambda row: (-row[0], row[1]))
    less = sorted((row for row in rows if row[0] <= -_TOPIC_DIFFERENCE_MIN), key=lambda row: row[:2])
    for word, found in (("more", more), ("fewer", less)):
        named = _named(findings, [count for _, _, count in found], rejects)
        if named:
            yield f"{word} in {join(named)}"


def _named(findings: Findings, counts: Sequence[TopicCount], rejects: bool) -> list[str]:
    """Return the first topics that have a name, each with its counts."""
    named = []
    for count in counts:
        for name in labels(findings.names, [count.name()], 1):
            part = count.rejected if rejects else count.accepted
            named.append(f"{name} ({part} of {count.accepted + count.rejected})")
    return named[:_TOPICS]


def _share(count: TopicCount, rejects: bool) -> float:
    return (count.rejected if rejects else count.accepted) / (count.accepted + count.rejected)


def _share_of_others(count: TopicCount, total: Offers, rejects: bool) -> float:
    accepted, rejected = total.accepted - count.accepted, total.rejected - count.rejected
    return (rejected if rejects else accepted) / (accepted + rejected)


def _lengths(offers: Offers) -> Iterator[str]:
    if min(offers.accepted_lengths, offers.rejected_lengths) < _LENGTHS_MIN:
        return
    accepted = offers.accepted_length_sum / offers.accepted_lengths
    rejected = offers.rejected_length_sum / offers.rejected_lengths
    if max(accepted, rejected) >= _LENGTH_RATIO_MIN * min(accepted, rejected):
        word = "longer" if accepted > rejected else "shorter"
        yield f"takes {word} ones (mean length {accepted:.0f}, rejected ones {rejected:.0f})"
