"""From a question to the text of an answer: by rule, and the same for the same question."""

from __future__ import annotations

import hashlib
import json
import random
import re
from typing import Any

from foreword.model_server.answer import StopReason
from foreword.model_server.answer_faults import spoil
from foreword.model_server.cores import answer_about_facts
from foreword.model_server.faults import Fault
from foreword.model_server.nonsense import nonsense
from foreword.model_server.proposals import propose
from foreword.model_server.question import Question
from foreword.model_server.refresh_prompt import RefreshPrompt, read_refresh_prompt
from foreword.model_server.schema_values import SchemaValues

_PLAIN = (
    "This is a model server for development. It answers refresh prompts; of anything else it only says this."
)
_TOPICS_MAX = 20
_NAMED_OPERATION = re.compile(r"operations?[\[./ ]+(\d+)")


class Thinker:
    """Answers questions."""

    def __init__(self, seed: int, *, is_nonsense: bool) -> None:
        self._seed = seed
        self._is_nonsense = is_nonsense

    def think(self, question: Question, fault: Fault | None) -> tuple[str, StopReason]:
        """Return what the model says and why it stops, with a fault of the kind `answer` in it."""
        if fault is not None and fault.name == "refusal":
            return "", "refusal"
        text = self._text(question, "" if fault is None else fault.name)
        if fault is not None and fault.name == "max-tokens":
            return text[: len(text) // 2], "max_tokens"
        if fault is not None and fault.name == "cut-answer":
            return text[: len(text) * 2 // 3], "end_turn"
        return text, "end_turn"

    def _text(self, question: Question, fault: str) -> str:
        prompt = read_refresh_prompt(question.prompt)
        if prompt is None and question.schema is None:
            return _PLAIN
        prompt = prompt or RefreshPrompt()
        if self._is_nonsense and question.schema is not None:
            answered = nonsense(prompt, question.prompt, question.schema, self._draw(question))
        else:
            answered = self._answered(question, prompt)
        return json.dumps(spoil(fault, answered, prompt), ensure_ascii=False)

    def _answered(self, question: Question, prompt: RefreshPrompt) -> dict[str, Any]:
        schema = question.schema or {}
        of_facts = answer_about_facts(schema, (block.text for block in question.blocks))
        if of_facts is not None:
            return of_facts
        values = SchemaValues(schema, _texts(prompt), lambda options: options[0])
        properties = schema.get("properties", {})
        items = properties.get("operations", {}).get("items", {})
        operations = [one for one in _mended(question, propose(prompt)) if values.allows(one, items)]
        # Whatever else the schema has beside operations, such as the operator's product, is filled by the schema.
        others = {name: values.make(inner) for name, inner in properties.items() if name != "operations"}
        return (
            others if properties and "operations" not in properties else {"operations": operations, **others}
        )

    def _draw(self, question: Question) -> random.Random:
        turns = "\0".join(block.text for block in question.blocks)
        return random.Random(hashlib.blake2b(f"{self._seed}\0{turns}".encode()).digest())


def _mended(question: Question, proposed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the operations of the former answer without those that were found wrong; the proposed ones without it."""
    if question.repair is None:
        return proposed
    former, errors = question.repair
    wrong = {int(place) for place in _NAMED_OPERATION.findall(errors)}
    try:
        operations = json.loads(former)["operations"]
    except (ValueError, KeyError, TypeError):
        return proposed
    if not wrong or not isinstance(operations, list):
        return proposed
    return [one for place, one in enumerate(operations) if place not in wrong]


def _texts(prompt: RefreshPrompt) -> list[str]:
    """Return what a product may be filled with: the topics and values of the aggregates, the strongest first."""
    rows = [row for row in prompt.aggregates if row.get("stance") != "no"]
    named = [str(row.get("topic", row.get("value", ""))) for row in rows]
    return list(dict.fromkeys(name for name in named if name))[:_TOPICS_MAX]
