"""Whatever stands in an article, it becomes a core that may be stored, or an error that says where; nothing is lost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from foreword.errors import FieldError
from foreword.v1.core_pb2 import Core
from tiering.checking import check_core
from tiering.claims import core_text
from tiering.markdown import read_article

MARKS = [
    *("# ", "## ", "### ", "###### ", "> ", "> > ", "- ", "1. ", "  ", "\t", "    ", "\n", "\n\n", "---\n"),
    *(
        "+++\n",
        "```\n",
        "```py\n",
        "~~~\n",
        "| a | b |\n",
        "|---|---|\n",
        "[",
        "](",
        ")",
        "[a]: b\n",
        "![",
        "<!--",
    ),
    *(
        "-->",
        "<b>",
        "</b>",
        "&amp;",
        "\\",
        "`",
        "``",
        "**",
        "_",
        ": ",
        "!!! note\n",
        ":::warning\n",
        "[!NOTE]",
    ),
    *(
        "Note: ",
        "**Warning:** ",
        "## Sources\n\n",
        "## Example (java)\n\n",
        "### More\n\n",
        "## Overview\n\n",
    ),
    *(
        "{#a .b}",
        "tags: [a]\n",
        "aliases:\n",
        "locale: de\n",
        "question: Why?\n",
        "summary: |\n",
        "\r\n",
        "\r",
    ),
    *("A word. ", "eins", "日本語。", "é", "\ufeff", "\u200b", "\x00", "\x85", "\ud800", "\U0001f600"),
]
WORDS = st.sampled_from(
    ["Press", "the", "button", "twice.", "Then", "wait", "14", "days.", "Why?", "e.g.", "(so)"]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


def core_or_fault(text: str) -> Core | None:
    try:
        article = read_article(text)
    except FieldError as error:
        fault = error
    else:
        check_core(article.core)
        assert article.core.question not in article.aliases
        return article.core
    assert fault.field.startswith("markdown")
    return None


@given(st.text(st.characters(codec=None), max_size=400))
def test_any_text_is_a_core_or_an_error(text: str) -> None:
    """Nothing else is ever raised."""
    core_or_fault(text)
    core_or_fault("# Q\n\n" + text)


@given(st.lists(st.sampled_from(MARKS), max_size=60).map("".join), st.booleans())
@example("> " * 200 + "a", True)
def test_any_mix_of_marks_is_a_core_or_an_error(text: str, begins: bool) -> None:
    """Marks of blocks, links and front matter in any order, at the start and behind a lead."""
    core_or_fault(f"# Q\n\nLead.\n\n{text}" if begins else text)


@given(st.text(st.characters(codec=None), max_size=60), st.sampled_from(["---", "+++"]))
@example(r'aliases: ["\ud800"]', "---")
@example(r'question: "\x00"', "---")
@example(r'summary = "\u0000"', "+++")
def test_any_front_matter_is_read_or_refused(text: str, fence: str) -> None:
    """Whatever YAML or TOML makes of it."""
    core_or_fault(f"{fence}\n{text}\n{fence}\n# Q\n\nLead.\n")


@given(st.lists(st.tuples(SENTENCES, st.lists(SENTENCES, min_size=1, max_size=3)), min_size=1, max_size=6))
def test_no_word_of_an_article_is_lost(sections: list[tuple[str, list[str]]]) -> None:
    """All that stands under its headings stands in the core."""
    parts = (f"## {title}\n\n" + "\n\n".join(body) for title, body in sections)
    core = core_or_fault("# Q\n\nLead.\n\n" + "\n\n".join(parts))
    assert core is not None
    said = core_text(core)
    for title, body in sections:
        for text in (title, *body):
            assert text in said
