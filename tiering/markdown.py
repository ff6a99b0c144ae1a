"""An article in Markdown becomes a core by rule, so that an existing help centre answers without any model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.v1.core_pb2 import Core, CoreSource, SectionKind
from tiering.blocks import Block, line_fault, links_of, read_blocks, read_front_matter
from tiering.checking import check_core, make_id
from tiering.sentences import first_sentence

MARKDOWN_BYTES_MAX = 65_536

# Of surrogates, half a character each, there is no UTF-8.
_NO_TEXT = re.compile(r"(?![\n\r\t])[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_COMMENT = re.compile(r"\s*<!--(?:(?!-->).)*-->\s*", re.DOTALL)
# Attributes of a heading as Pandoc, Hugo and kramdown have them: `## Cost {#cost .budget .invoice}`.
_ATTRIBUTES = re.compile(r"\s*\{((?:[#.][\w-]+\s*)+)\}\s*$")
# What an importer of pages writes in front of them (MDX).
_IMPORTS = re.compile(r"""(?:import\s[\w\s{},*$]{1,200}['\"][^'\"]{1,200}['\"];?\s*)+""")
_CAVEATS = ("note", "warning", "important", "caution", "danger", "attention")
_CAVEAT = re.compile(
    rf"(?i)(?:\[!({'|'.join(_CAVEATS)})\]|[*_]{{0,3}}({'|'.join(_CAVEATS)})[*_]{{0,3}}:[*_]{{0,3}})\s*"
)
_LEAD = re.compile(r"(?i)(?:overview|introduction|summary|(?:short )?answer|in short|tl;?dr)\W*")
_SOURCES = re.compile(
    r"(?i)(?:sources?|see also|references?|further reading|related(?: articles)?|learn more)\W*"
)
_EXAMPLE = re.compile(
    r"(?i)examples?\b(?:\s*\(([^)]+)\)|\s+(?:for|in)\s+([\w+#.-]+))?|([\w+#.-]+)\s+examples?$"
)
_DETAILS = re.compile(
    r"(?i)(?:more|details?|(?:in|more|further|technical) (?:depth|details?)|advanced|background|why)\b"
)
_TROUBLE = re.compile(r"(?i)troubleshoot|(?:not|n't|n’t) work|fails?\b|goes? wrong")
_BACKGROUND = re.compile(r"(?i)background|why\b|history|how\b.*\bworks?\b")
_DOMAINS = {"py": "python", "js": "javascript", "ts": "typescript"} | dict.fromkeys(
    ["sh", "bash", "console"], "shell"
)
_PARTS_MAX = 12
# What is longer names more sources than a core has, and takes seconds to take apart.
_SOURCES_LETTERS_MAX = 12_000
_STANDARD_BYTES_MAX, _OVERVIEW_BYTES_MAX = 4000, 2000


class Article(NamedTuple):
    """What an article says.

    Attributes:
        core: The core, checked.
        aliases: Other questions that it answers: its front matter's, and its names that are not its question.
    """

    core: Core
    aliases: tuple[str, ...]


def core_from_markdown(text: str, *, question: str = "") -> Core:
    """Return the core of an article; see `read_article`."""
    return read_article(text, question=question).core


def read_article(text: str, *, question: str = "") -> Article:
    """Split an article by rule; none of its text is lost.

    Args:
        text: Markdown. Front matter may say question, title, summary, tags, aliases, and locale.
        question: Used where the article says none, and otherwise an alias.

    Raises:
        FieldError: It cannot be a core; names the line.
    """
    size_bytes, control = len(text.encode("utf-8", "replace")), _NO_TEXT.search(text)
    if size_bytes > MARKDOWN_BYTES_MAX:
        raise FieldError(
            "markdown", f"{size_bytes:,} bytes", f"at most {MARKDOWN_BYTES_MAX:,} bytes of UTF-8"
        )
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise line_fault(line, f"the control character U+{ord(control[0]):04X}", "text")
    front, body = read_front_matter(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    blocks = [block for block in read_blocks(body) if not _is_unsaid(block)]
    splitter = _Splitter()
    aliases = splitter.take(front, blocks, question)
    return Article(splitter.checked(), aliases)


class _Splitter:
    """One article on its way into a core; knows from which line each part came."""

    def __init__(self) -> None:
        self.core = Core()
        self._lines: dict[str, int] = {}
        self._taken: dict[str, set[str]] = {}
        self._examples: list[tuple[int, str, list[str]]] = []

    def take(self, front: Mapping[str, Any], blocks: list[Block], given: str) -> tuple[str, ...]:
        """Take in the whole article; return its other questions."""
        core, said = self.core, _one(front, "question")
        is_named = (
            bool(blocks)
            and blocks[0].level > 0
            and (blocks[0].level == 1 or not (said or _one(front, "title")))
        )
        heading = blocks.pop(0).text if is_named else ""
        names = [name for name in (said, heading, _one(front, "title"), given.strip()) if name]
        if not names:
            allowed = "a heading in front of all else, or `question` in the front matter"
            raise line_fault(blocks[0].line if blocks else 1, "no question", allowed)
        core.question, core.locale = names[0], _one(front, "locale") or _one(front, "lang")
        core.tags.extend(_many(front, "tags"))
        if blocks and blocks[0].level and _LEAD.fullmatch(blocks[0].text):
            del blocks[0]
        until = next((place for place, block in enumerate(blocks) if block.level), len(blocks))
        opening = self._without_caveats(blocks[:until])
        self._take_lead(_one(front, "summary"), opening, blocks[0].line if blocks else 1)
        self._take_section(None, opening)
        for heading_block, *body in _by_headings(blocks[until:]):
            self._take_section(heading_block, body)
        for line, domain, texts in self._examples:
            if texts:
                self._note("examples", line)
                core.examples.add(domain=domain, text="\n\n".join(texts))
        others = dict.fromkeys([*names[1:], *_many(front, "aliases")])
        return tuple(other for other in others if other.casefold() != core.question.casefold())

    def checked(self) -> Core:
        """Return the core.

        Raises:
            FieldError: It breaks a limit; names the line.
        """
        try:
            check_core(self.core)
        except FieldError as error:
            lines = [
                line
                for field, line in self._lines.items()
                if error.field.startswith(field) or field.startswith(error.field)
            ]
            place = f"markdown line {max(lines, default=1)}, {error.field}"
            raise FieldError(place, error.found, error.allowed) from error
        return self.core

    def _id(self, title: str, otherwise: str) -> str:
        taken = self._taken.setdefault(otherwise, set())
        taken.add(made := make_id(title, taken, otherwise))
        return made

    def _note(self, group: str, line: int) -> None:
        count = len(getattr(self.core, group))
        if count > _PARTS_MAX:
            # It will be refused; thousands of them are not named first.
            self.checked()
        self._lines[f"core.{group}[{count}]"] = line

    def _take_lead(self, summary: str, opening: list[Block], line: int) -> None:
        place = next((place for place, block in enumerate(opening) if block.kind == "paragraph"), None)
        if place is None and not summary:
            allowed = "a first paragraph that answers, or `summary` in the front matter"
            raise line_fault(line, "no paragraph in front of the first section", allowed)
        paragraph = opening.pop(place) if place is not None else None
        said = paragraph.text if paragraph is not None else ""
        self.core.lead_short = summary or first_sentence(said)
        self.core.lead_standard = said if said != self.core.lead_short else ""
        self._lines["core.lead"] = paragraph.line if paragraph is not None else 1

    def _take_section(self, heading: Block | None, body: list[Block]) -> None:
        title, names, tags = _titled(heading)
        if heading is not None and not body:
            raise line_fault(
                heading.line, f"the heading {quoted(title)} with nothing under it", "text under it"
            )
        if _SOURCES.fullmatch(title) and self._take_sources(body):
            return
        blocks = self._without_examples(heading, self._without_caveats(body))
        if not blocks:
            return
        cut = next(
            (at for at, block in enumerate(blocks) if block.level and _DETAILS.match(block.text)), len(blocks)
        )
        sizes = accumulate(len(_joined([block]).encode()) + 2 for block in blocks[:cut])
        cut = sum(size - 2 <= _STANDARD_BYTES_MAX for size in sizes)
        standard, overview = _joined(blocks[:cut]), _overview(blocks[:cut] or blocks)
        self._note("sections", blocks[0].line if heading is None else heading.line)
        self.core.sections.add(
            section_id=self._id((names or [title])[0], "section"),
            kind=_kind(title, blocks),
            title=title,
            tags=tags,
            overview=overview if overview != standard else "",
            standard=standard,
            deep=_joined(blocks) if cut < len(blocks) else "",
        )

    def _take_sources(self, body: list[Block]) -> bool:
        """Take what is nothing but sources; return whether it was."""
        found: list[CoreSource] = []
        for block in body:
            if len(block.text) > _SOURCES_LETTERS_MAX:
                return False
            if block.kind == "paragraph":
                texts = [block.text]
            elif block.items and all(item.text.split()[1:] == item.paragraph.split() for item in block.items):
                texts = [item.paragraph for item in block.items]
            else:
                return False
            found += [CoreSource(title=title, uri=uri) for text in texts for title, uri in _sources(text)]
        try:
            check_core(Core(question="?", lead_short="!", sources=[*self.core.sources, *found]))
        except FieldError:
            return False
        self.core.sources.extend(found)
        return True

    def _without_caveats(self, blocks: list[Block]) -> list[Block]:
        """Take out what is a caveat. One within a list stays there as well: it belongs to its step, and must not go."""
        kept = []
        for block in blocks:
            found = list(_caveats(block))
            for kind, text in found:
                self._note("caveats", block.line)
                self.core.caveats.add(caveat_id=self._id(kind, "caveat"), text=text)
            if block.items or not found:
                kept.append(block)
        return kept

    def _without_examples(self, heading: Block | None, body: list[Block]) -> list[Block]:
        kept, level = [], 0
        for block in [heading, *body] if heading is not None else body:
            named = _EXAMPLE.match(_titled(block)[0]) if block.level else None
            if named is not None:
                level, rest = block.level, _titled(block)[0][named.end() :].strip()
                text = rest.lstrip(":—– -") if not rest or rest[0] in ":—–-" else _titled(block)[0]
                domain = next(filter(None, named.groups()), "").strip().lower()
                self._examples.append((block.line, _DOMAINS.get(domain, domain), [text] if text else []))
            elif level and block.level > level:
                domain = block.text.lower()
                self._examples.append((block.line, _DOMAINS.get(domain, domain), []))
            elif not level or block.level:
                level = 0
                kept += [block] if block is not heading else []
            else:
                self._add_to_example(block)
        return kept

    def _add_to_example(self, block: Block) -> None:
        line, domain, texts = self._examples[-1]
        texts.append(block.text)
        if block.name and not domain:
            self._examples[-1] = (line, _DOMAINS.get(block.name, block.name), texts)
            self._examples.append((block.line, "", []))


def _caveats(block: Block) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each caveat in a block; a block that is no list is one as a whole."""
    if block.kind == "note":
        if block.name in _CAVEATS and block.paragraphs:
            yield block.name, " ".join(block.paragraphs)
        return
    is_whole = block.kind in ("paragraph", "blockquote")
    for text in block.paragraphs if block.items else [" ".join(block.paragraphs)] if is_whole else ():
        if (match := _CAVEAT.match(text)) and match.end() < len(text):
            yield next(filter(None, match.groups())), text[match.end() :]


def _by_headings(blocks: list[Block]) -> list[list[Block]]:
    """Return the sections: each begins with a heading of the highest level there is; the first block is a heading."""
    highest = min((block.level for block in blocks if block.level), default=0)
    found: list[list[Block]] = []
    for block in blocks:
        if block.level == highest or not found:
            found.append([])
        found[-1].append(block)
    return found


def _titled(heading: Block | None) -> tuple[str, list[str], list[str]]:
    """Return a heading's words, and the names and tags that it gives its section."""
    title = heading.text if heading is not None else ""
    found = _ATTRIBUTES.search(title)
    marks = found[1].split() if found else []
    return (
        title[: found.start()] if found else title,
        [mark[1:] for mark in marks if mark[0] == "#"],
        [mark[1:] for mark in marks if mark[0] == "."],
    )


def _kind(title: str, blocks: Sequence[Block]) -> SectionKind:
    kinds = {block.kind for block in blocks}
    if _TROUBLE.search(title):
        return SectionKind.SECTION_KIND_TROUBLESHOOTING
    if _BACKGROUND.search(title):
        return SectionKind.SECTION_KIND_BACKGROUND
    if "ordered_list" in kinds:
        return SectionKind.SECTION_KIND_STEPS
    is_table = kinds & {"table", "dl"}
    return SectionKind.SECTION_KIND_REFERENCE if is_table else SectionKind.SECTION_KIND_EXPLANATION


def _overview(blocks: Sequence[Block]) -> str:
    """Return the main point: the first sentence, and all steps, each in its first sentence."""
    first, steps = blocks[0], [block for block in blocks if block.kind == "ordered_list"]
    if steps and any(block.kind in ("fence", "code_block") for block in blocks):
        # Code between the steps belongs to one of them, and no rule tells to which.
        return ""
    parts = [first_sentence(first.text)] if first.kind == "paragraph" else []
    if steps:
        parts += map(_shortened, steps)
    elif first.kind == "bullet_list" or (parts and parts[0].endswith(":")):
        parts += map(_shortened, blocks[len(parts) :][:1])
    text = "\n\n".join(parts)
    return text if len(text.encode()) <= _OVERVIEW_BYTES_MAX else ""


def _shortened(block: Block) -> str:
    said = [(item, first_sentence(item.paragraph)) for item in block.items]
    short = (f"{item.mark} {text}" if text and text[-1] != ":" else item.text for item, text in said)
    return "\n".join(short) or block.text


def _sources(text: str) -> Iterator[tuple[str, str]]:
    """Yield title and address of each source in a line; what follows the last link belongs to its title."""
    links = links_of(text)
    if len(links) > 1 and not links[-1].uri:
        links[-2:] = [links[-2]._replace(text=links[-2].text + links[-1].text)]
    yield from ((link.text.strip(" ,;."), link.uri) for link in links)


def _joined(blocks: Sequence[Block]) -> str:
    # Below the heading that a wrapper gives the section.
    marks = ("#" * max(3, block.level) + " " if block.level else "" for block in blocks)
    return "\n\n".join(mark + block.text for mark, block in zip(marks, blocks, strict=True))


def _is_unsaid(block: Block) -> bool:
    """Return whether a block is for whoever makes the pages alone."""
    of_pages = {"html_block": _COMMENT, "paragraph": _IMPORTS}.get(block.kind)
    is_empty = block.kind == "hr" or not (block.level or block.text.strip())
    return is_empty or (of_pages is not None and of_pages.fullmatch(block.text) is not None)


def _one(front: Mapping[str, Any], key: str) -> str:
    value = front.get(key) or ""
    if not _is_text(value):
        raise line_fault(1, f"`{key}` that is no text", "text")
    return " ".join(value.split())


def _many(front: Mapping[str, Any], key: str) -> list[str]:
    value = front.get(key) or []
    values = value.split(",") if isinstance(value, str) else value
    if not isinstance(values, list) or not all(map(_is_text, values)):
        raise line_fault(
            1, f"`{key}` that is no list of texts", "texts, in a list or with commas between them"
        )
    return [text for value in values if (text := " ".join(value.split()))]


def _is_text(value: object) -> bool:
    # By escapes anything can stand in YAML and TOML.
    return isinstance(value, str) and not _NO_TEXT.search(value)
