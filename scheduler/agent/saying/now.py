"""What the user is on: the files, titles and subjects of the newest acts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache

from foreword.naming import Names
from foreword.naming.sites import names_site
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.saying import Saying
from scheduler.agent.subjects import HALF_ACTS, recurring

# On 64 developers three items hit one of the next week's in 35 of 100 weeks, eight in 49.
_ITEMS, _MORE_ITEMS = 3, 5
_SUBJECTS = 2
# A number, a hash, a uuid, a key with a number at its end: it tells a reader nothing.
_OPAQUE = re.compile(r"[\W\d_]*|[\w-]*[-_:#]?\d+|[0-9a-f-]{8,}|(?=\S*\d)[A-Z0-9]{6,}", re.IGNORECASE)
_YEAR = re.compile(r" \(\d{4}\)$")


def now(findings: Findings, self_model: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say which items the newest acts were about, the likeliest next ones first, and which phrases come again in them.

    An item counts by how often and how lately it was at hand: alone, neither foretells the next one as well.
    """
    if findings.is_cold:
        return
    acts = _acts(findings)
    items, subjects = _items(acts, findings.names, claimed), _subjects(acts, findings.names)
    first, more = items[:_ITEMS], items[_ITEMS:]
    joint = f"{findings.kind.lately} " if findings.kind.lately and _are_of_kind(acts, findings) else ""
    # Said among the goals, or as a topic.
    pursued = [row.statement for row in self_model.goals if not row.HasField("valid_to")]
    subjects = [
        subject
        for subject in subjects
        if topic_key(subject.strip('"')) not in claimed and not any(subject in goal for goal in pursued)
    ]
    if first:
        yield Saying("now", f"Lately {joint}{join(first)}{f', on {join(subjects)}' if subjects else ''}.")
    elif subjects:
        yield Saying("now", f"Lately {_verb(acts, findings)} {join(subjects)}.")
    # Whoever never comes back to an item, as to a film once rated, will not be on these next.
    if more and len({act.item_id for act in acts}) < len(acts):
        yield Saying("recent", f"Also lately {joint}{join(more)}.")


def _acts(findings: Findings) -> list[profile_pb2.RecentAct]:
    """Return the newest acts but those about nothing but what the user said no to, topic or item."""
    refused, key = {item.key for item in findings.low}, findings.synonyms.key
    decided: dict[str, int] = {}
    # Newest first: what was said of an item last holds.
    for act in findings.memory.recent.acts:
        if act.stance:
            decided.setdefault(act.item_id, act.stance)
    return [
        act
        for act in findings.memory.recent.acts
        if not (act.item_id and decided.get(act.item_id) == profile_pb2.STANCE_NO)
        and (not act.topics or any(key(topic) not in refused for topic in act.topics))
    ]


def _are_of_kind(acts: Sequence[profile_pb2.RecentAct], findings: Findings) -> bool:
    """Return whether what is said of the kind holds of each of the acts."""
    return all(_type(act) in findings.kind.types for act in acts)


def _type(act: profile_pb2.RecentAct) -> str:
    return act.type.rpartition(".")[2].lower()


def _subjects(acts: Sequence[profile_pb2.RecentAct], names: Names) -> list[str]:
    phrases = (phrase for phrase, _ in recurring([act.subject for act in acts]))
    return [name.shown for name in names.named(phrases, _SUBJECTS)]


def _verb(acts: Sequence[profile_pb2.RecentAct], findings: Findings) -> str:
    """Return what most acts that have a subject do with it."""
    known = findings.words.verbs
    verbs = Counter(known.get(_type(act), "on") for act in acts if act.subject)
    return max(verbs, key=lambda verb: (verbs[verb], verb))


def _items(acts: Sequence[profile_pb2.RecentAct], names: Names, claimed: Set[str]) -> list[str]:
    """Return the items that can be named, the likeliest next ones first; no folder that is named already."""
    weights: dict[str, float] = {}
    for place, act in enumerate(acts):
        if act.item_id:
            weights[act.item_id] = weights.get(act.item_id, 0.0) + 0.5 ** (place / HALF_ACTS)
    ranked = sorted(weights, key=lambda item: (-weights[item], item))
    found: dict[str, None] = {}
    for item in ranked:
        name = next(filter(None, map(names.shown, _called(item))), None)
        if name is not None and topic_key(name.strip('"')) not in claimed:
            found[name] = None
        if len(found) == _ITEMS + _MORE_ITEMS:
            break
    return list(found)


# The same items come again and again.
@lru_cache(maxsize=4096)
def _called(item: str) -> tuple[str, ...]:
    """Return what an item may be called, the best first: a title, or a file by its path or as much of it as fits."""
    folder, _, name = _YEAR.sub("", item).rpartition("/")
    if _OPAQUE.fullmatch(name) or names_site(item):
        return ()
    if folder and name.startswith("__"):
        # What a folder's `__init__.py` is about is the folder.
        return (folder,)
    return (f"{folder}/{name}", f"{folder.rpartition('/')[2]}/{name}", name) if folder else (name,)
