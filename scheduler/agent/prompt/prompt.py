"""What one model is asked about one user: the parts put together, within the tokens they may take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.json_lines import block, json_line
from foreword.llm import ModelRequest
from foreword.tokens import count_tokens
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.findings import Findings
from scheduler.agent.prompt.answer_schema import answer_schema
from scheduler.agent.prompt.event_row import common_attributes, event_row
from scheduler.agent.prompt.instructions import instructions
from scheduler.agent.prompt.prefix import prefix_tokens
from scheduler.agent.prompt.room import Room
from scheduler.agent.prompt.sample import newest_first, representative, said
from scheduler.agent.prompt.self_model_rows import (
    Row,
    aggregate_rows,
    belief_rows,
    expertise_rows,
    goal_rows,
    preference_rows,
)
from scheduler.agent.prompt.shared_context import shared_context
from scheduler.agent.prompt.words import Words
from scheduler.agent.refresh import RefreshInput

# Shares of `agent.prompt_tokens_max`; what one block leaves goes to the next, and the events have all that is left.
_AGGREGATES_SHARE = 0.15
_BELIEFS_SHARE = 0.25
_OTHERS_SHARE = 0.05
# What the user said goes first, but a chat's messages are all said: half of the room shows what else there is.
_SAID_SHARE = 0.5
# With fewer new events than this, some older ones show what they belong to.
_BACKGROUND_EVENTS = 20
# A name no shorter than any that an event is given: a prompt of 100,000 tokens has fewer than 9,999 events.
_LONGEST_NAME = "e9999"
# Tags, roles, and what a server says of the schema beside it; no server publishes its own.
_AROUND_TOKENS = 200


@dataclass(frozen=True)
class Prompt:
    """What one user is asked about, and what its numbers stand for.

    Attributes:
        request: What is sent.
        event_ids: The events in it, oldest first: `event_ids[0]` is e1.
        tokens: An upper bound of what the model reads.
    """

    request: ModelRequest
    event_ids: tuple[str, ...]
    tokens: int


def build_prompt(
    findings: Findings,
    refresh_input: RefreshInput,
    *,
    config: Config,
    model: str,
    unseen: Set[str] | None = None,
    product_schema: Mapping[str, Any] | None = None,
) -> Prompt:
    """Return what a model is asked about one user; the same for the same arguments, byte for byte.

    Args:
        findings: What code knows of the user.
        refresh_input: Where it knows it from; its `previous` holds the self-model in force.
        config: The configuration in force; `agent.prompt_tokens_max` bounds the user's part.
        model: The model's name, as its server knows it.
        unseen: The ids of events that no model has read yet. None: all of them.
        product_schema: JSON schema of the operator's own message; None without one.
    """
    rules = config.foreword.words_of(refresh_input.namespace)
    shared = shared_context(refresh_input.population, rules, refresh_input.now_ms)
    told = instructions(with_product=product_schema is not None)
    schema = answer_schema(product_schema)
    prompt, events = _user_part(findings, refresh_input, config, unseen)
    request = ModelRequest(
        model=model,
        instructions=told,
        shared=shared,
        prompt=prompt,
        schema=schema,
        output_tokens_max=config.agent.output_tokens_max,
    )
    tokens = _AROUND_TOKENS + prefix_tokens(request) + count_tokens(prompt)
    return Prompt(request, tuple(item.event.event_id for item in events), tokens)


def _user_part(
    findings: Findings, source: RefreshInput, config: Config, unseen: Set[str] | None
) -> tuple[str, list[Evidence]]:
    """Return the text about the user and the events in it, oldest first."""
    words, room = Words(findings.names), Room(config.agent.prompt_tokens_max)
    recent_ms = source.now_ms - config.window.recent_days * DAY_MS
    rows = _blocks(findings, source.previous, words, recent_ms)
    blocks = [block(tag, room.take(of_tag, share)) for tag, of_tag, share in rows]
    seen = frozenset() if unseen is None else findings.known.keys() - unseen
    common = common_attributes(findings)

    def line(item: Evidence, name: str = _LONGEST_NAME) -> str:
        return json_line(event_row(item, name, words, common, is_seen=item.event.event_id in seen))

    chosen = _choose(findings.known.values(), seen, line, room)
    events = sorted(chosen, key=lambda item: (item.time_ms, item.event.event_id))
    lines = (line(item, f"e{number}") for number, item in enumerate(events, start=1))
    return "".join([*blocks, block("events", lines)]), events


def _blocks(
    findings: Findings, previous: profile_pb2.Profile | None, words: Words, recent_ms: int
) -> Iterator[tuple[str, Iterator[Row], float]]:
    """Yield tag, rows and share of the room of each block but the events."""
    yield "aggregates", aggregate_rows(findings, words, recent_ms), _AGGREGATES_SHARE
    yield "beliefs", belief_rows(previous, findings, words), _BELIEFS_SHARE
    yield "goals", goal_rows(previous, words), _OTHERS_SHARE
    yield "expertise", expertise_rows(previous, words), _OTHERS_SHARE
    yield "preferences", preference_rows(previous, words), _OTHERS_SHARE


def _choose(
    known: Iterable[Evidence], seen: Set[str], line: Callable[[Evidence], str], room: Room
) -> list[Evidence]:
    """Return the events that fit in the room left, the most telling of them."""
    newest = newest_first(known)
    fresh = [item for item in newest if item.event.event_id not in seen]
    background = [item for item in newest if item.event.event_id in seen]
    chosen: dict[str, Evidence] = {}

    def fill(items: Iterable[Evidence], share: float = 1.0) -> None:
        others = (item for item in items if item.event.event_id not in chosen)
        chosen.update((item.event.event_id, item) for item in room.take_items(others, line, share))

    fill(said(fresh), _SAID_SHARE)
    fill(representative(fresh))
    fill(background[: max(0, _BACKGROUND_EVENTS - len(fresh))])
    return list(chosen.values())
