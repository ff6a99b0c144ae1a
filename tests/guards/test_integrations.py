"""What agents' frameworks are given is the same in every language."""

from __future__ import annotations

import json
import re
from pathlib import Path

from foreword.integrations.block import CLOSING, OPENING

BLOCK = Path(__file__).parents[2] / "clients" / "node" / "src" / "block.js"


def test_the_block_around_a_foreword_has_the_same_words_in_node() -> None:
    """A prompt keeps its bytes when an application moves from one language to the other."""
    source = BLOCK.read_text("utf-8")

    def constant(name: str) -> str:
        (said,) = re.findall(rf"const {name} =\s*((?:\"[^\"]*\"|'[^']*')(?:\s*\+\s*\"[^\"]*\")*)", source)
        return "".join(json.loads(part) for part in re.findall(r'"[^"]*"', said))

    assert (constant("OPENING"), constant("CLOSING")) == (OPENING, CLOSING)
