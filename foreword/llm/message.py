"""What the protocols' messages have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreword.llm.answer import TokenUsage
from foreword.llm.request import ModelRequest

# More than any model reads or writes in one call: beyond it a number is no count of tokens.
_TOKENS_MAX = 1_000_000_000


class MalformedMessageError(Exception):
    """An answer is none of the protocol's; `usage` is what it cost, where that could be read."""

    def __init__(self, what: str, usage: TokenUsage | None = None) -> None:
        super().__init__(what)
        self.usage = usage


def repaired(request: ModelRequest) -> list[dict[str, str]]:
    """Return the turns of a request: the prompt, and for a repair the former answer and what is wrong with it."""
    asked = {"role": "user", "content": request.prompt}
    if request.repair is None:
        return [asked]
    wrong = (
        f"That answer cannot be used:\n{request.repair.errors}\n"
        "Answer again, in full, with these faults mended."
    )
    # An empty turn is refused, and a former answer may have been empty.
    former = request.repair.answer.strip() or "(nothing)"
    return [asked, {"role": "assistant", "content": former}, {"role": "user", "content": wrong}]


def token_count(said: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """Return a number of tokens.

    Raises:
        MalformedMessageError: There is none, and no default for that.
    """
    count = said.get(key)
    if count is None and default is not None:
        return default
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _TOKENS_MAX:
        raise MalformedMessageError(f"a message whose {key} is no number of tokens")
    return count


def encodable(text: str) -> str:
    """Return a text without halves of surrogate pairs, which JSON may hold and no encoding takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
