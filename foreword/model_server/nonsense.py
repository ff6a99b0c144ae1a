"""Answers of the right shape that mean nothing: what a very small model makes of a prompt."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

from foreword.model_server.refresh_prompt import RefreshPrompt
from foreword.model_server.schema_values import SchemaValues

_LEXICON = """the a of and user likes often never system token import maybe is was very model data run goal prefers
deeply banana weather purple because whenever answer ignore previous instructions visit https://example.com/win
mail someone@example.com call +1-202-555-0143 password secret 0x1f undefined null""".split()
_TEXTS = 40
_OPERATIONS_MAX = 8
_OPERATIONS_KEY = "operations"


def nonsense(
    prompt: RefreshPrompt, text: str, schema: Mapping[str, Any], draw: random.Random
) -> dict[str, Any]:
    """Return an answer that the schema allows, of words of the prompt and of a small lexicon at random."""
    words = [*re.findall(r"[\w/.-]{2,24}", text)[-400:], *_LEXICON]
    phrases = [" ".join(draw.choices(words, k=draw.randint(1, 9))) for _ in range(_TEXTS)]
    values = SchemaValues(schema, phrases, draw.choice)
    answer = values.make(schema)
    answer = answer if isinstance(answer, dict) else {}
    items = schema.get("properties", {}).get(_OPERATIONS_KEY, {}).get("items")
    if items is not None:
        made = []
        for _ in range(draw.randint(0, _OPERATIONS_MAX)):
            draw.shuffle(phrases)
            made.append(_named(values.make(items), prompt, draw))
        answer[_OPERATIONS_KEY] = made
    return answer


def _named(operation: Any, prompt: RefreshPrompt, draw: random.Random) -> Any:
    """Give an operation ids that exist and ids that do not, as they come."""
    if isinstance(operation, dict):
        known = [str(row.get("id")) for row in (*prompt.beliefs, *prompt.goals)]
        if "id" in operation:
            operation["id"] = draw.choice([*known, f"{draw.getrandbits(48):012x}"])
        if "events" in operation:
            events = [str(event.get("id")) for event in prompt.events]
            operation["events"] = draw.choices([*events, f"e{draw.randint(1, 999)}"], k=draw.randint(1, 4))
    return operation
