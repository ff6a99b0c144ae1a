"""What the docs show is run.

Each fenced block is run by its language, or is preceded by a comment that says why not:

    <!-- not run: needs a second machine -->

    python      a program, run beside the daemons
    console     the lines that begin with `$ `, as one bash script that stops at the first failure
    sh, bash    a bash script, likewise
    toml        a configuration, loaded; one that begins with a kind is a vocabulary
    json        parsed
    jsonl       parsed line by line
    text        output or a picture; nothing to run

The output that docs show is not compared. Blocks of one file run in order in one folder.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from foreword.config_file import ConfigFile
from foreword.vocabulary import built_in
from foreword.vocabulary.reading import parse

if TYPE_CHECKING:
    from conftest import Checkout

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXPECTED = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/configuration.md",
    "docs/deployment.md",
    "docs/errors.md",
    "docs/figures.md",
    "docs/glossary.md",
    "docs/guide.md",
    "docs/in-process.md",
    "docs/integrations.md",
    "docs/mcp.md",
    "docs/metrics.md",
    "docs/migration.md",
    "docs/model-server.md",
    "docs/operations.md",
    "docs/store-format.md",
    "docs/decisions/README.md",
)
DAEMON_LANGUAGES = {"python", "console", "sh", "bash"}
CHECKED_LANGUAGES = {"toml", "json", "jsonl"}
SILENT_LANGUAGES = {"text"}

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<body>.*?)^(?P=indent)```$", re.M | re.S)
_REASON = re.compile(r"<!-- not run: (?P<reason>\S.*?) -->\s*\Z", re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    place: str
    language: str
    text: str
    reason: str
    """Why it is not run; empty when it is."""


def blocks(path: Path) -> Iterator[Block]:
    document = path.read_text("utf-8")
    for match in _FENCE.finditer(document):
        before = document[: match.start()]
        reason = _REASON.search(before)
        indent = match["indent"]
        text = "".join(line.removeprefix(indent) for line in match["body"].splitlines(keepends=True))
        line = before.count("\n") + 1
        yield Block(
            f"{path.relative_to(ROOT)}:{line}",
            match["language"].strip(),
            text,
            reason["reason"] if reason else "",
        )


def runnable(path: Path, languages: set[str]) -> list[Block]:
    return [block for block in blocks(path) if block.language in languages and not block.reason]


def commands(console: str) -> str:
    """Return the script that a console block shows: lines after `$ `, and what continues them."""
    script: list[str] = []
    continued = False
    for line in console.splitlines():
        if continued or line.startswith("$ "):
            script.append(line if continued else line.removeprefix("$ "))
            continued = line.endswith("\\")
    return "\n".join(script)


def command_for(block: Block, checkout: Checkout) -> list[str]:
    text = checkout.localised(block.text)
    if block.language == "python":
        return [sys.executable, "-c", text]
    script = commands(text) if block.language == "console" else text
    assert script.strip(), f"{block.place} shows no command; a console block marks them with `$ `"
    return ["bash", "-euo", "pipefail", "-c", script]


@pytest.mark.parametrize("name", EXPECTED)
def test_document_is_there(name: str) -> None:
    """The documents that readers are sent to exist, and begin with a title."""
    assert (ROOT / name).read_text("utf-8").startswith("# ")


def test_every_block_is_run_or_says_why_not() -> None:
    """A block has a language this file runs, or the reason why it is not run stands before it."""
    known = DAEMON_LANGUAGES | CHECKED_LANGUAGES | SILENT_LANGUAGES
    unknown = [
        f"{block.place}: language {block.language!r} is none of {', '.join(sorted(known))}"
        for path in DOCS
        for block in blocks(path)
        if block.language not in known and not block.reason
    ]
    assert unknown == []


def test_every_fence_is_found() -> None:
    """No block escapes by a fence that this file does not understand."""
    for path in DOCS:
        fences = re.findall(r"^\s*(?:```|~~~)", path.read_text("utf-8"), re.MULTILINE)
        assert len(fences) == 2 * len(list(blocks(path))), path.relative_to(ROOT)


# The guide's forty commands take a sixth of this where nothing else runs.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_programs_and_commands_run(path: Path, request: pytest.FixtureRequest) -> None:
    """The programs and commands of a document end well, one after the other."""
    shown = runnable(path, DAEMON_LANGUAGES)
    if not shown:
        return
    checkout: Checkout = request.getfixturevalue("checkout")
    for block in shown:
        done = checkout.run(command_for(block, checkout))
        assert done.returncode == 0, f"{block.place} ended with {done.returncode}:\n{done.stdout}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_data_is_well_formed(path: Path, tmp_path: Path) -> None:
    """A configuration or a vocabulary in the docs is accepted as it stands, and JSON is JSON."""
    file = tmp_path / "foreword.toml"
    for block in runnable(path, CHECKED_LANGUAGES):
        if block.language == "toml" and block.text.startswith("[kinds."):
            parse(block.text, built_in())
        elif block.language == "toml":
            file.write_text(block.text, encoding="utf-8")
            ConfigFile.find(file).read(environ={})
        for text in {"json": [block.text], "jsonl": block.text.splitlines()}.get(block.language, []):
            json.loads(text)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """A relative link names a file of the repository."""
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text("utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
