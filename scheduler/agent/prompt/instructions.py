"""What every model is told first, the same for all users: what a self-model is for and what may go into it."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

PROMPT_VERSION = "refresh-1"
"""Names instructions, schema and format of the prompt; stands in `provenance.prompt_version`."""


@lru_cache(maxsize=2)
def instructions(*, with_product: bool) -> str:
    """Return what a model is told before anything about a user: `instructions.md`.

    Args:
        with_product: Whether the answer carries the operator's own message as well; then `product.md` follows.
    """
    names = ["instructions.md", "product.md"] if with_product else ["instructions.md"]
    return "\n".join((files(__package__) / name).read_text("utf-8") for name in names)
