"""An article in Markdown becomes a core: each rule, and what is refused with its line."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from foreword.errors import FieldError
from foreword.v1.core_pb2 import Core, SectionKind
from tiering.checking import personal_fields
from tiering.markdown import core_from_markdown, read_article
from tiering.private import private_reason

ARTICLES = sorted((Path(__file__).parents[2] / "examples/help-centre").glob("*.md"))

ARTICLE = """\
---
question: How do I undo the last commit in git?
tags: [git, undo]
aliases:
  - revert my last commit
locale: en-GB
date: 2026-01-01
---

# Undoing the last commit

`git reset --soft HEAD~1` takes it back and keeps its changes,
e.g. to commit them anew. [Nothing][manual] is lost.

<!-- for writers: keep this short -->

> **Warning:** never rewrite commits that others
> have pulled.

## Before you push {#local .undo .safety}

To undo it:

1. Look at what would go. It is shown.
2. Run this:

   ```sh
   git reset --soft HEAD~1
   ```
3. Commit anew. It is fine.

   > [!IMPORTANT]
   > Check the branch.

### More

The commit stays in the reflog.

## Options

What each one keeps.

| option | keeps |
|---|---|
| --soft | index |

## Examples

In Java, with JGit:

```java
git.reset();
```

With GitPython:

```py
repo.head.reset()
```

### Frontend

There is a button.

## Example (SQL): nothing to undo

A rollback.

## If it does not work

Ask.

## How git works

A commit points to its parent.

## See also

- [The manual](https://git-scm.com/docs/git-reset), of git
- [A](a.md), [B](b.md)
- Somebody who knows

[manual]: https://git-scm.com
"""


@pytest.fixture(scope="module")
def core() -> Core:
    return core_from_markdown(ARTICLE)


def test_front_matter_and_names(core: Core) -> None:
    """Question, tags and locale come from the front matter; its aliases and the heading lead to the core as well."""
    assert core.question == "How do I undo the last commit in git?"
    assert list(core.tags) == ["git", "undo"]
    assert core.locale == "en-GB"
    article = read_article(ARTICLE, question="uncommit")
    assert article.aliases == ("Undoing the last commit", "uncommit", "revert my last commit")
    assert article.core == core


def test_the_first_paragraph_is_the_lead(core: Core) -> None:
    """Its first sentence is the short lead, all of it the standard one; a link carries its target with it."""
    lead = "`git reset --soft HEAD~1` takes it back and keeps its changes, e.g. to commit them anew."
    assert core.lead_short == lead
    assert core.lead_standard == lead + " [Nothing](https://git-scm.com) is lost."


def test_headings_begin_sections_of_a_kind(core: Core) -> None:
    """Ids and tags come from the heading, the kind from its words or from what stands below it."""
    found = [
        (section.section_id, SectionKind.Name(section.kind).removeprefix("SECTION_KIND_"))
        for section in core.sections
    ]
    assert found == [
        ("local", "STEPS"),
        ("options", "REFERENCE"),
        ("if-it-does-not-work", "TROUBLESHOOTING"),
        ("how-git-works", "BACKGROUND"),
    ]
    assert core.sections[0].title == "Before you push"
    assert list(core.sections[0].tags) == ["undo", "safety"]


def test_a_section_has_depths(core: Core) -> None:
    """Steps are short in the overview and none is missing; what is below `More` stands in the deep text alone."""
    steps = core.sections[0]
    code = "2. Run this:\n\n   ```sh\n   git reset --soft HEAD~1\n   ```\n"
    assert steps.overview == f"To undo it:\n\n1. Look at what would go.\n{code}3. Commit anew."
    assert steps.standard.startswith(
        f"To undo it:\n\n1. Look at what would go. It is shown.\n{code}3. Commit anew. It is"
    )
    assert steps.deep == steps.standard + "\n\n### More\n\nThe commit stays in the reflog."
    assert core.sections[1].overview == "What each one keeps."
    assert core.sections[1].standard.endswith("| --soft | index |")
    assert (core.sections[2].overview, core.sections[2].standard, core.sections[2].deep) == ("", "Ask.", "")


def test_what_must_not_be_dropped_is_a_caveat(core: Core) -> None:
    """A warning leaves the flow and becomes a caveat; one within a step becomes one too and stays in its step."""
    assert [(caveat.caveat_id, caveat.text) for caveat in core.caveats] == [
        ("warning", "never rewrite commits that others have pulled."),
        ("important", "Check the branch."),
    ]
    assert "Check the branch." in core.sections[0].standard


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Note: it costs.", "it costs."),
        ("**Important**: it costs.", "it costs."),
        ("> [!CAUTION]\n> It costs.\n>\n> A lot.", "It costs. A lot."),
        ('!!! warning "Cost"\n    It costs.\n\n    A lot.', "Cost: It costs. A lot."),
        ("!!! note\n    It costs.", "It costs."),
        (
            ":::warning[Does it cost?]\n\nIt costs [much][m].\n\n:::\n\n[m]: m.md",
            "Does it cost? It costs [much](m.md).",
        ),
        (":::caution Cost\nIt costs.", "Cost: It costs."),
        (":::danger\nIt costs.\n:::", "It costs."),
    ],
)
def test_caveats_are_written_in_many_ways(markdown: str, text: str) -> None:
    """Block quotes, admonitions and paragraphs that begin with the word are caveats."""
    core = core_from_markdown(f"# Q\n\nLead.\n\n{markdown}\n")
    assert [caveat.text for caveat in core.caveats] == [text]
    assert not core.sections


@pytest.mark.parametrize(
    "markdown", ["> A word of a poet.", "Note that it costs.", "**Note:**", "Notes: none."]
)
def test_other_quotes_and_paragraphs_are_text(markdown: str) -> None:
    """What only looks like a caveat stays where it is."""
    core = core_from_markdown(f"# Q\n\nLead.\n\n{markdown}\n")
    assert not core.caveats
    assert core.sections[0].standard == markdown


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (":::tip Faster\n\n- a\n- b\n\n:::", "**Faster**\n\n- a\n- b"),
        ("!!! example\n    ```sh\n    ls\n    ```", "```sh\nls\n```"),
        (":::warning\n:::\n\nText.", "Text."),
    ],
)
def test_other_notes_are_text_without_their_marks(markdown: str, text: str) -> None:
    """What a tip holds stays as it is written."""
    core = core_from_markdown(f"# Q\n\nLead.\n\n{markdown}\n")
    assert not core.caveats
    assert core.sections[0].standard == text


def test_examples_have_their_domain(core: Core) -> None:
    """The domain is the language of the code, the heading below, or what the heading says; a title stays in it."""
    assert [(example.domain, example.text) for example in core.examples] == [
        ("java", "In Java, with JGit:\n\n```java\ngit.reset();\n```"),
        ("python", "With GitPython:\n\n```py\nrepo.head.reset()\n```"),
        ("frontend", "There is a button."),
        ("sql", "nothing to undo\n\nA rollback."),
    ]


def test_links_below_see_also_are_sources(core: Core) -> None:
    """Each link is a source with what is said of it; a line without a link is one too."""
    assert [(source.title, source.uri) for source in core.sources] == [
        ("The manual, of git", "https://git-scm.com/docs/git-reset"),
        ("A", "a.md"),
        ("B", "b.md"),
        ("Somebody who knows", ""),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "- [Mail](mailto:help@example.com)",
        "```\ncode\n```",
        "- a\n  - b",
        "\n".join(f"- [{n}](a)" for n in range(13)),
    ],
)
def test_what_cannot_be_sources_stays_text(body: str) -> None:
    """A section called sources that holds something else is a section like any other, and whole."""
    core = core_from_markdown(f"# Q\n\nLead.\n\n## Sources\n\n{body}\n")
    assert not core.sources
    assert core.sections[0].title == "Sources"
    assert core.sections[0].standard == body


def test_the_question_may_be_given(core: Core) -> None:
    """An article without a heading takes the question it is given, and one in TOML says its own."""
    assert core_from_markdown("Yes.\n", question="Is it so?").question == "Is it so?"
    assert core_from_markdown("---\ntitle: Is it so?\n---\nYes.\n\n### Why\n\nSo.\n").question == "Is it so?"
    toml = '+++\nquestion = "Is it so?"\ntags = "a, b"\nsummary = "Yes."\n+++\n## Why\n\nBecause.\n'
    read = core_from_markdown(toml)
    assert (read.question, read.lead_short, list(read.tags)) == ("Is it so?", "Yes.", ["a", "b"])
    assert [section.title for section in read.sections] == ["Why"]


def test_a_long_section_keeps_its_whole_in_the_deep_text() -> None:
    """The standard text holds as many whole blocks as it may; the deep one all of them."""
    blocks = [f"Block {number}. " + "Word " * 150 for number in range(8)]
    section = core_from_markdown("# Q\n\nLead.\n\n## Long\n\n" + "\n\n".join(blocks)).sections[0]
    assert section.standard == "\n\n".join(block.strip() for block in blocks[:5])
    assert section.deep == "\n\n".join(block.strip() for block in blocks)
    assert section.overview == "Block 0."


REFUSED = [
    ("", "markdown line 1: found no question"),
    ("Lead.\n", "markdown line 1: found no question"),
    ("# Q\n", "markdown line 1: found no paragraph in front of the first section"),
    ("# Q\n\n## S\n\nText.\n", "markdown line 3: found no paragraph in front of the first section"),
    (
        "# Q\n\nLead.\n\n## Empty\n\n## Next\n\nText.\n",
        "markdown line 5: found the heading 'Empty' with nothing",
    ),
    ("# Q\n\na\x00b\n", "markdown line 3: found the control character U+0000"),
    ("\x7fELF\n", "markdown line 1: found the control character U+007F"),
    ("# Q\n\n" + "x" * 401, "markdown line 3, core.lead_short: found 401 bytes; allowed: 1 to 400"),
    ("# Q\n\nLead.\n\n## S\n\n" + "x " * 4500, "markdown line 5, core.sections[0].deep: found 8,999 bytes"),
    ("# Q\n\nLead.\n\n> Note: " + "x" * 501, "markdown line 5, core.caveats[0].text: found 501 bytes"),
    (
        "# Q\n\nLead.\n" + "\n## S\n\nText.\n" * 13,
        "markdown line 53, core.sections: found 13; allowed: at most 12",
    ),
    ("# Q\n\nLead.\n\n" + "Note: x.\n\n" * 9, "markdown line 21, core.caveats: found 9; allowed: at most 8"),
    ("---\ntags: [a\n---\n# Q\n\nLead.\n", "markdown line 3: found front matter that is no YAML"),
    ("---\n" + "[" * 5000 + "\n---\n", "markdown line 1: found front matter that is no YAML"),
    (
        "---\naliases: [Why not?, Why]\n---\n",
        "markdown line 2: found front matter that is no YAML; allowed: YAML (expected ',' or ']', but got '?')",
    ),
    ("+++\na = \n+++\n# Q\n", "markdown line 1: found front matter that is no TOML"),
    ("---\ntags: a\n# Q\n\nLead.\n", "markdown line 1: found front matter without an end"),
    ("---\n- a\n---\n# Q\n\nLead.\n", "markdown line 2: found front matter without keys"),
    ("---\nquestion: [a]\n---\nLead.\n", "markdown line 1: found `question` that is no text"),
    ("---\ntags: {a: b}\n---\n# Q\n\nLead.\n", "markdown line 1: found `tags` that is no list of texts"),
    (
        "---\nlocale: Deutsch, bitte\n---\n# Q\n\nLead.\n",
        "markdown line 1, core.locale: found 'Deutsch, bitte'",
    ),
    ("# Q\n\n" + "é" * 40_000, "markdown: found 80,005 bytes; allowed: at most 65,536 bytes"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_a_core_is_refused_with_its_line(text: str, said: str) -> None:
    """The sentence names the line, what was found there, and what is allowed."""
    with pytest.raises(FieldError) as raised:
        core_from_markdown(text)
    assert str(raised.value).startswith(said)


HOSTILE = {
    "quotes": ">" * 65_000,
    "lists": "- " * 32_000,
    "deep lists": "\n".join("  " * depth + "- a" for depth in range(240)),
    "brackets": "[" * 65_000,
    "images": "![" * 32_000,
    "stars": "**a*" * 16_000,
    "links": "[a](b" * 13_000,
    "tags": "<a " * 21_000,
    "comments": "<!--" * 16_000,
    "definitions": "".join(f"[a{number}]: b\n" for number in range(5000)),
    "references": "[a]: b\n" + "[a][" * 16_000,
    "paragraphs": "a\n\n" * 21_000,
    "sentences": "A. " * 21_000,
    "code": "`" * 65_000,
    "headings": "#### a\n\n" * 8000,
    "notes": ":::note\n" * 8000,
    "deep notes": "\n".join("    " * depth + "!!! note" for depth in range(240)),
    "imports": "import a from 'b';" * 3600 + "!",
    "terms": "a\n: b\n\n" * 9000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("start", ["# Q\n\nLead.\n\n", "# Q\n\nLead.\n\n## Sources\n\n", "# Q\n\n", "---\n"])
def test_hostile_markdown_is_an_answer_or_an_error_soon(start: str, text: str) -> None:
    """Whatever nests or repeats is either kept or refused by name; what takes ever longer ends with the test's time."""
    with suppress(FieldError):
        assert core_from_markdown(start + text).question == "Q"


def test_html_is_text() -> None:
    """HTML is kept as it is written; a comment that stands alone is none of the text, nor are imports."""
    pages = core_from_markdown("import a from 'b';\nimport {c} from 'd';\n\n# Q\n\nimport it from there.\n")
    assert (pages.question, pages.lead_short) == ("Q", "import it from there.")
    core = core_from_markdown("# Q\n\nLead <b>bold</b>.\n\n<!-- x -->\n\n<script>alert(1)</script>\n")
    assert core.lead_short == "Lead <b>bold</b>."
    assert core.sections[0].standard == "<script>alert(1)</script>"


@pytest.mark.parametrize("path", ARTICLES, ids=[path.stem for path in ARTICLES])
def test_an_article_of_the_example_uses_all_there_is(path: Path) -> None:
    """Each has three depths, steps or a table, a caveat, several domains, and questions that are everybody's."""
    core, aliases = read_article(path.read_text("utf-8"))
    questions = [question for question in (core.question, *aliases) if question.endswith("?")]
    assert len(questions) > 1
    for question in questions:
        assert not private_reason(question, conversation=(), standalone_question="", locale="en"), question
    assert not personal_fields(core)
    assert core.tags
    assert core.caveats
    assert len(core.sections) >= 3
    assert {example.domain for example in core.examples} == {"retail", "software", "teaching", "health"}
    for depth in ("overview", "standard", "deep"):
        assert any(getattr(section, depth) for section in core.sections), depth
    assert {section.kind for section in core.sections} & {
        SectionKind.SECTION_KIND_STEPS,
        SectionKind.SECTION_KIND_REFERENCE,
    }
