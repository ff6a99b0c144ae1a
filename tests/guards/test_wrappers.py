"""docs/wrappers.md shows the words that the code makes today."""

from __future__ import annotations

from pathlib import Path

from docs_script import docs_script
from some_cores import styled

from tiering.checking import check_core
from tiering.compose import compose

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/wrappers.md").read_text(encoding="utf-8")


def test_the_page_is_as_it_is_written_today() -> None:
    """Profiles from their events, cores from their articles, words from both; `make wrappers` renews it."""
    assert docs_script("make_wrappers").page() == PAGE


def test_ten_answers_have_three_texts_each_and_no_two_are_alike() -> None:
    """Each with all of its caveats, whoever reads it, from a core that can be put."""
    module = docs_script("make_wrappers")
    readers = module.readers()
    assert readers[-1].style == styled()
    assert PAGE.count("\n## ") == 10
    for core in module.cores():
        check_core(core)
        texts = [compose(core, reader.style).text for reader in readers]
        assert len(set(texts)) == 3
        assert all(text.count(caveat.text) == 1 for text in texts for caveat in core.caveats)
