"""Pages of a namespace's topics, the commonest first, with what else means the same."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from foreword.faded_counts import recast
from foreword.store.synonym_rows import synonyms_of
from foreword.store.v1.store_pb2 import Population, TopicAliases, TopicProposals
from foreword.synonyms import Synonyms
from foreword.topics import topic_key
from foreword.v1.operator_service_pb2 import ListTopicsRequest, ListTopicsResponse, TopicEntry
from foreword.v1.topic_alias_pb2 import TopicAlias
from sidecar.pages import no_token, page_size, page_token, read_place

_SHARE = struct.Struct(">d")


class Vocabulary(NamedTuple):
    """What is stored of a namespace's topics."""

    decided: TopicAliases
    """By operators."""
    proposed: TopicProposals
    population: Population

    def synonyms(self) -> Synonyms:
        """Return what is in force."""
        return synonyms_of(self.decided, self.proposed)

    def aliases(self, synonyms: Synonyms) -> dict[str, list[TopicAlias]]:
        """Return by canonical topic what counts as it, and then what is proposed to; by `topic_key`."""
        found: dict[str, list[TopicAlias]] = {}
        for alias in (*self.decided.aliases, *self._open()):
            # What is proposed of topics that are one already is no news.
            is_news = not alias.is_applied and synonyms.key(alias.topic) != synonyms.key(alias.canonical)
            if is_news or (alias.is_applied and synonyms.holds(alias)):
                found.setdefault(synonyms.key(alias.canonical), []).append(alias)
        for aliases in found.values():
            aliases.sort(key=lambda alias: (not alias.is_applied, -alias.confidence, topic_key(alias.topic)))
        return found

    def _open(self) -> Iterator[TopicAlias]:
        """Yield the proposals that no operator has decided on."""
        decided = {topic_key(alias.topic) for alias in self.decided.aliases}
        apart = set(map(topic_key, self.decided.split_topics))
        for alias in self.proposed.aliases:
            topic, canonical = topic_key(alias.topic), topic_key(alias.canonical)
            if topic not in decided and apart.isdisjoint((topic, canonical)):
                yield alias


def list_topics(request: ListTopicsRequest, vocabulary: Vocabulary) -> ListTopicsResponse:
    """Return one page.

    Raises:
        FieldError: A field is out of range, or the token is none of a request with the same filters.
    """
    size, after = page_size(request.page_size), _read_place(request)
    entries = sorted(_entries(vocabulary), key=_place)
    page = ListTopicsResponse()
    for entry in entries:
        if _place(entry) <= after or (request.merged_or_proposed and not entry.aliases):
            continue
        if len(page.topics) == size:
            last = page.topics[-1]
            place = _SHARE.pack(last.share) + topic_key(last.topic).encode()
            page.next_page_token = page_token(request, place)
            break
        page.topics.append(entry)
    return page


def _entries(vocabulary: Vocabulary) -> Iterator[TopicEntry]:
    synonyms = vocabulary.synonyms()
    aliases = vocabulary.aliases(synonyms)
    population = vocabulary.population
    for row in recast(population.topics, synonyms):
        share = min(1.0, row.weight / population.total_weight) if population.total_weight > 0 else 0.0
        key = topic_key(row.value)
        yield TopicEntry(topic=synonyms.title(key) or row.value, share=share, aliases=aliases.pop(key, ()))
    for key, rest in aliases.items():
        # Decided of topics that nobody has, or has any more.
        yield TopicEntry(topic=synonyms.title(key) or rest[0].canonical, aliases=rest)


def _place(entry: TopicEntry) -> tuple[float, str]:
    return -entry.share, topic_key(entry.topic)


def _read_place(request: ListTopicsRequest) -> tuple[float, str]:
    """Return the place of the last topic listed; one before all for the first page.

    A place rather than a number: shares move between two pages, and a number would then leave topics out.
    """
    found = read_place(request)
    if not found:
        return -2.0, ""
    try:
        return -_SHARE.unpack_from(found)[0], found[_SHARE.size :].decode()
    except (struct.error, ValueError) as exc:
        raise no_token() from exc
