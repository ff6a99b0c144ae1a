"""What is proposed to count as what in a namespace, and what of it is in force by rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from foreword.embedding import Embedder
from foreword.store.v1.store_pb2 import TopicProposals
from foreword.synonyms import PROPOSALS_MAX, Synonyms
from foreword.topics import commonest, topic_key
from foreword.v1.topic_alias_pb2 import TopicAlias
from scheduler.topics.co_occurrence import by_co_occurrence
from scheduler.topics.likeness import Likeness
from scheduler.topics.meaning import by_meaning
from scheduler.topics.spelling import by_spelling


def propose(
    events: Mapping[str, int],
    sample: Sequence[Collection[str]],
    former: TopicProposals,
    now_ms: int,
    *,
    withholds: Callable[[str], bool],
    embedder: Embedder | None,
) -> TopicProposals:
    """Return the proposals for a namespace, the surest first.

    A wrong merge is worse than none: in force is only what is certain, never what would bring a sensitive topic under a
    name that is not, and once in force it keeps its direction and its name whichever becomes the commoner.

    Args:
        events: How many events carry each topic, by `topic_key`.
        sample: The topics of some events, as they are spelled.
        former: What was proposed before; what stands in it keeps its time.
        now_ms: The time.
        withholds: Tells sensitive names.
        embedder: Makes vectors; None for none.
    """
    found = [*by_spelling(events), *by_co_occurrence({topic_key(topic) for topic in each} for each in sample)]
    if embedder is not None:
        found += by_meaning(events, embedder)
    known = {(topic_key(alias.topic), topic_key(alias.canonical)): alias for alias in former.aliases}
    spelled = _spelled(sample)
    proposals = TopicProposals()
    for likeness in _surest(found, known):
        before = known.get((likeness.topic, likeness.canonical))
        alias = proposals.aliases.add(source=likeness.source, confidence=likeness.confidence)
        if before is not None:
            alias.topic, alias.canonical = before.topic, before.canonical
            alias.time.CopyFrom(before.time)
        else:
            alias.topic = spelled.get(likeness.topic, likeness.topic)
            alias.canonical = spelled.get(likeness.canonical, likeness.canonical)
            alias.time.FromMilliseconds(now_ms)
        is_kept_out = withholds(likeness.topic) != withholds(likeness.canonical)
        alias.is_applied = likeness.is_certain and not is_kept_out and _has_room(proposals, alias)
    return proposals


def _spelled(sample: Iterable[Collection[str]]) -> dict[str, str]:
    """Return how most events spell each topic, by `topic_key`."""
    counts: dict[str, dict[str, int]] = {}
    for topics in sample:
        for topic in topics:
            spellings = counts.setdefault(topic_key(topic), {})
            spellings[topic] = spellings.get(topic, 0) + 1
    return {key: commonest(spellings) for key, spellings in counts.items()}


def _surest(found: Iterable[Likeness], known: Mapping[tuple[str, str], TopicAlias]) -> Iterator[Likeness]:
    """Yield each pair once, the surest first, in the direction it had before."""
    seen: set[frozenset[str]] = set()
    ranked = sorted(found, key=lambda each: (-each.confidence, each.topic, each.canonical))
    fresh = (each for each in ranked if not _is_seen(seen, frozenset((each.topic, each.canonical))))
    for likeness in islice(fresh, PROPOSALS_MAX):
        topic, canonical = likeness.topic, likeness.canonical
        turned = known.get((canonical, topic))
        is_turned = turned is not None and turned.is_applied
        yield likeness._replace(topic=canonical, canonical=topic) if is_turned else likeness


def _is_seen(seen: set[frozenset[str]], pair: frozenset[str]) -> bool:
    if pair in seen:
        return True
    seen.add(pair)
    return False


def _has_room(proposals: TopicProposals, alias: TopicAlias) -> bool:
    """Return whether a topic can count as another beside what is in force already."""
    in_force = Synonyms(each for each in proposals.aliases if each.is_applied)
    topic, canonical = topic_key(alias.topic), topic_key(alias.canonical)
    return in_force.key(topic) == topic and in_force.key(canonical) != topic
