"""What agents' frameworks are given is the same in every language."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

from foreword.integrations.block import CLOSING, OPENING

CLIENTS = Path(__file__).parents[2] / "clients"
BLOCK = CLIENTS / "node" / "src" / "block.js"


def test_node_tells_corrections_from_requests_by_the_same_words() -> None:
    """Its copy of the rule's words, and the verdicts that its tests hold it to, are those of Python's rule."""
    spec = importlib.util.spec_from_file_location("make_corrections", CLIENTS / "make_corrections.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.WORDS_FILE.read_text("utf-8") == script.words(), "run `make clients-vectors`"
    assert script.VECTORS_FILE.read_text("utf-8") == script.vectors(), "run `make clients-vectors`"


def test_the_block_around_a_foreword_has_the_same_words_in_node() -> None:
    """A prompt keeps its bytes when an application moves from one language to the other."""
    source = BLOCK.read_text("utf-8")

    def constant(name: str) -> str:
        (said,) = re.findall(rf"const {name} =\s*((?:\"[^\"]*\"|'[^']*')(?:\s*\+\s*\"[^\"]*\")*)", source)
        return "".join(json.loads(part) for part in re.findall(r'"[^"]*"', said))

    assert (constant("OPENING"), constant("CLOSING")) == (OPENING, CLOSING)
