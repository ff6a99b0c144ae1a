"""An article in Markdown, taken apart: the one door to what reads Markdown and its front matter."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml
from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin

from foreword.errors import FieldError

# Blocks alone: what stands within a line stays as it is written, and a hostile one costs no time.
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
# Notes as MkDocs and as Docusaurus have them: `!!! warning "Cost"`, `:::warning[Cost]`.
_BLOCKS.use(deflist_plugin).use(admon_plugin)
_BLOCKS.use(container_plugin, "note", validate=lambda name, *_: bool(name.strip()))
_NOTES = ("admonition", "container_note")
_NOTE = re.compile(r"\s*([\w-]*)\W*(.*?)[\]\"]?\s*")
_LINES = MarkdownIt("commonmark")
_FRONT = re.compile(r"(---|\+\+\+)[ \t]*\n((?:.*\n)*?)\1[ \t]*(?:\n|\Z)")
_REFERENCE = re.compile(r"(?<![\\!\]])\[([^\[\]]{1,200})\](?:\[([^\[\]]{0,200})\])?(?![\[(:])")
_SOFT_BREAK = re.compile(r"(?<!  )(?<!\\)\n[ \t]*")


class Item(NamedTuple):
    """One item of a list: what it begins with, its first paragraph, and all of it as it is written."""

    mark: str
    paragraph: str
    text: str


class Block(NamedTuple):
    """One block of an article.

    Attributes:
        kind: As markdown-it names it, such as paragraph; note, however it is marked.
        line: Its first line, 1 for the first of the article.
        text: Its Markdown; a paragraph stands in one line, of a heading only its words.
        level: Of a heading, 1 to 6; otherwise 0.
        name: Of code its language, of a note its kind, as the article has it in small letters.
        paragraphs: What is said in it, without the marks of blocks.
        items: Of a list.
    """

    kind: str
    line: int
    text: str
    level: int = 0
    name: str = ""
    paragraphs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


class Link(NamedTuple):
    """A piece of text that ends with a link, or at the end of it all."""

    text: str
    uri: str


def line_fault(line: int, found: str, allowed: str, *, hint: str = "") -> FieldError:
    """Return the error about a line of an article."""
    return FieldError(f"markdown line {line}", found, allowed, hint=hint)


def read_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return what stands in front of an article, and the article with as many empty lines in its place.

    Raises:
        FieldError: It has no end, or is neither YAML nor TOML.
    """
    if text.split("\n", 1)[0].rstrip() not in ("---", "+++"):
        return {}, text
    found = _FRONT.match(text)
    if found is None:
        raise line_fault(1, "front matter without an end", f"a line with {text[:3]} behind it")
    try:
        # Texts alone: `no` is the language of Norway, and 1.10 is a version.
        front = tomllib.loads(found[2]) if found[1] == "+++" else yaml.load(found[2], yaml.BaseLoader)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, RecursionError, ValueError) as exc:
        mark = getattr(exc, "problem_mark", None)
        kind = "TOML" if found[1] == "+++" else "YAML"
        hint = getattr(exc, "problem", None) or ""
        raise line_fault(
            2 + mark.line if mark else 1, f"front matter that is no {kind}", kind, hint=hint
        ) from exc
    if not isinstance(front, dict | None):
        raise line_fault(2, "front matter without keys", "lines such as `question: How …?`")
    return front or {}, "\n" * found[0].count("\n") + text[found.end() :]


def read_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of an article in order; all but the definitions of links, which stand in the links."""
    env: dict[str, Any] = {}
    lines, tokens = text.split("\n"), _BLOCKS.parse(text, env)
    starts = [place for place, token in enumerate(tokens) if token.level == 0 and token.nesting >= 0]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=False):
        yield _block(tokens[start], tokens[start + 1 : end], lines, _Targets(env.get("references", {})))


def links_of(text: str) -> list[Link]:
    """Return a line of Markdown cut behind each of its links."""
    links, said, uri = [], "", ""
    for token in _LINES.parseInline(text)[0].children or []:
        if token.type == "link_open":
            uri = str(token.attrGet("href") or "")
        elif token.type == "link_close":
            links.append(Link(said, uri))
            said = ""
        else:
            said += token.content if token.type != "softbreak" else " "
    return [*links, Link(said, "")] if said else links


class _Targets:
    """Where links lead that name a definition; each link gets its own, since an answer holds parts of an article."""

    def __init__(self, targets: Mapping[str, Mapping[str, Any]]) -> None:
        self._targets = targets

    def put_in(self, text: str) -> str:
        """Return Markdown with each link that names a definition leading where the definition says."""
        return _REFERENCE.sub(self._link, text) if self._targets else text

    def _link(self, found: re.Match[str]) -> str:
        target = self._targets.get(normalizeReference(found[2] or found[1]))
        return f"[{found[1]}]({target['href']})" if target is not None else found[0]


def _block(token: Token, inner: Sequence[Token], lines: Sequence[str], targets: _Targets) -> Block:
    kind, (first, last) = token.type.removesuffix("_open"), token.map or (0, 0)
    if kind in _NOTES:
        return _note(token, inner, lines[first + 1 : last], targets)
    text = "\n".join(lines[first:last]).strip("\n")
    said = [_joined(each.content) for each in [token, *inner] if each.content]
    if kind in ("heading", "paragraph"):
        text = said[0] if said else ""
    if kind not in ("fence", "code_block", "html_block"):
        text, said = targets.put_in(text), [targets.put_in(each) for each in said]
    return Block(
        kind,
        first + 1,
        text,
        level=int(token.tag[1]) if kind == "heading" else 0,
        name=(token.info.split() or [""])[0].lower() if kind == "fence" else "",
        paragraphs=tuple(said),
        items=tuple(_items(inner, lines, targets)) if kind.endswith("_list") else (),
    )


def _note(token: Token, inner: Sequence[Token], lines: Sequence[str], targets: _Targets) -> Block:
    found = _NOTE.fullmatch(token.info)
    name, title = found.groups() if found else ("", "")
    # The plugin puts a title of its own first.
    said = [_joined(each.content) for each in inner[3 * (token.type == "admonition_open") :] if each.content]
    said = [f"{title}:" if title[-1].isalnum() else title, *said] if title else said
    text = textwrap.dedent("\n".join(lines)).strip("\n")
    return Block(
        "note",
        (token.map or [0])[0] + 1,
        targets.put_in(f"**{title}**\n\n{text}" if title else text),
        name=name.lower(),
        paragraphs=tuple(map(targets.put_in, said)),
    )


def _items(inner: Sequence[Token], lines: Sequence[str], targets: _Targets) -> Iterator[Item]:
    for place, token in enumerate(inner):
        if token.type == "list_item_open" and token.level == 1 and token.map:
            body = inner[place + 1 : place + 3]
            is_said = len(body) == 2 and body[0].type == "paragraph_open"
            text = "\n".join(lines[token.map[0] : token.map[1]]).rstrip()
            yield Item(
                f"{token.info}{token.markup}",
                targets.put_in(_joined(body[1].content) if is_said else ""),
                targets.put_in(text),
            )


def _joined(content: str) -> str:
    return _SOFT_BREAK.sub(" ", content)
