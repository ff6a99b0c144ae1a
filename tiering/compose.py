"""A core in words for one style, by code: parts of it, chosen, ordered and cut; never a word of anybody's profile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from foreword.topics import topic_key
from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core, CoreSection, CoreSource, SectionKind
from foreword.v1.profile_pb2 import Depth, Length
from tiering.labels import Labels, labels_of
from tiering.style import fitted

# By their numbers: looking an enum's value up takes a microsecond.
_SHORT, _MEDIUM, _LONG = Length.LENGTH_SHORT, Length.LENGTH_MEDIUM, Length.LENGTH_LONG
_OVERVIEW, _STANDARD, _DEEP = Depth.DEPTH_OVERVIEW, Depth.DEPTH_STANDARD, Depth.DEPTH_DEEP
_STEPS, _BACKGROUND = SectionKind.SECTION_KIND_STEPS, SectionKind.SECTION_KIND_BACKGROUND

WORDS_MAX: Mapping[int, int] = {_SHORT: 120, _MEDIUM: 320, _LONG: 1200}
"""Words of an answer by its length, caveats and sources not counted. People read some 240 words a minute: half a
minute; a little more than one, about what a page of help has; five, which nobody takes who did not ask."""
EXAMPLES_MAX: Mapping[int, int] = {_SHORT: 1, _MEDIUM: 1, _LONG: 3}
"""Examples of an answer by its length: a second one shows little that the first has not shown."""

# Fewer words than these are seen at one glance; headings would only break them up.
_HEADED_WORDS_MIN = 180
# Examples leave at least half of the room to what they are examples of.
_EXAMPLES_SHARE = 2
# Texts by how near they are to a wanted depth. Where both neighbours are as near the fuller one comes first: the
# room cuts what is too long, and nothing adds what is missing.
_NEAREST: Mapping[int, tuple[str, str, str]] = {
    _OVERVIEW: ("overview", "standard", "deep"),
    _STANDARD: ("standard", "deep", "overview"),
    _DEEP: ("deep", "standard", "overview"),
}
# What is taken first where room is short; all other kinds lie in between.
_RANKS = {_STEPS: 0, _BACKGROUND: 2}
# What stands behind the examples.
_AFTERMATH = frozenset({_BACKGROUND, SectionKind.SECTION_KIND_TROUBLESHOOTING})
# Text that cannot follow other words on a line: lists, code, tables, quotations, headings.
_BLOCK = re.compile(r"[-*+] |\d+[.)] |```|~~~|\||>|#")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)", re.MULTILINE)
# Text of English that points at what stood before it.
_LEANING = re.compile(
    r"(?:this|these|that|those|it|they|such|however|also|but|therefore|instead|otherwise|then)\b",
    re.IGNORECASE,
)
# Scripts that put no spaces between words; two of their letters say what a word does.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# What a label ends with that a heading does not.
_COLON = ":\u00a0"
_CLEAN_LINK = re.compile(r"https?://[^\s()<>]+")


class Composed(NamedTuple):
    """An answer.

    Attributes:
        text: Markdown: blocks with one blank line between them, and none at the end.
        section_ids: The sections used, in order.
    """

    text: str
    section_ids: tuple[str, ...]


class Part(NamedTuple):
    """A section at one of its depths.

    Attributes:
        section: The section.
        text: Its text at that depth.
        words: How many words that is.
        is_first: Whether the style puts it first.
    """

    section: CoreSection
    text: str
    words: int
    is_first: bool


def compose(core: Core, style: AppliedStyle) -> Composed:
    """Put a core into words: the same bytes for the same core and `fitted` style."""
    style = fitted(style, core)
    room = words_max(style) - word_count(lead(core, style))
    shown = list(_examples_within(core, style, room // _EXAMPLES_SHARE))
    parts = _chosen(core, style, room - sum(word_count(core.examples[place].text) for place in shown))
    return laid_out(core, style, in_order(parts), shown)


def lead(core: Core, style: AppliedStyle) -> str:
    """Return the first words of every answer of a style, whoever makes the others."""
    is_short = style.length == _SHORT
    return (core.lead_short if is_short else core.lead_standard or core.lead_short).strip()


def words_max(style: AppliedStyle) -> int:
    """Return how many words an answer has at most, caveats and sources not counted."""
    return WORDS_MAX.get(style.length, WORDS_MAX[_MEDIUM])


def examples_max(style: AppliedStyle) -> int:
    """Return how many examples an answer has at most."""
    return EXAMPLES_MAX.get(style.length, EXAMPLES_MAX[_MEDIUM])


def word_count(text: str) -> int:
    """Return how many words a text has, or what amounts to as many where none are divided by spaces."""
    # The bars of a table are no words.
    count = len(text.replace("|", " ").split())
    return count if text.isascii() else count + len(_UNSPACED.findall(text)) // 2


def allowed_examples(core: Core, style: AppliedStyle) -> list[int]:
    """Return which examples a `fitted` style may have, best first: of its domains, then those that fit everyone.

    Where there is neither the first of the core is better than none, unless the answer is a short one.
    """
    domains = [example.domain for example in core.examples]
    wanted = set(style.example_domains)
    own = [place for place, domain in enumerate(domains) if domain and topic_key(domain) in wanted]
    found = own + [place for place, domain in enumerate(domains) if not domain]
    return found or ([0] if domains and style.length != _SHORT else [])


def part_of(section: CoreSection, text: str, style: AppliedStyle) -> Part:
    """Return a section with one of its texts, for a `fitted` style."""
    wanted = style.emphasis
    is_first = bool(wanted) and (
        any(topic_key(tag) in wanted for tag in section.tags) or ("code" in wanted and _has_code(text))
    )
    return Part(section, text, word_count(text), is_first)


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Return parts with those that are emphasised first; steps stay behind one another, as they are taken."""
    steps_first = any(part.is_first for part in parts if part.section.kind == _STEPS)
    keys: list[bool] = []
    for part in parts:
        is_first = part.is_first or (steps_first and part.section.kind == _STEPS)
        # What leans on the part before it goes where that one goes.
        keys.append(keys[-1] if keys and leans(part) else not is_first)
    return [part for _, part in sorted(zip(keys, parts, strict=True), key=itemgetter(0))]


def laid_out(
    core: Core,
    style: AppliedStyle,
    parts: Sequence[Part],
    examples: Sequence[int],
    before: Mapping[str, str] = MappingProxyType({}),
) -> Composed:
    """Return an answer from what was chosen for it, with every caveat.

    Args:
        core: The core.
        style: The style, `fitted` to it.
        parts: What to say after the lead, in order.
        examples: Which examples to show.
        before: Sentences to put before a section, by its id.
    """
    labels = labels_of(core.locale or style.locale, style.tone)
    kinds = [part.section.kind for part in parts]
    with_headings = _have_headings(parts)
    caveats = _labelled(labels.note, [caveat.text.strip() for caveat in core.caveats])
    # Whoever follows steps must have read the caveats by then; below a heading they would seem to be of its section.
    is_noted_first = with_headings or _STEPS in kinds
    texts = [_closed(core.examples[place].text.strip()) for place in examples]
    label = labels.examples if len(texts) > 1 else labels.example
    shown = _labelled(label, texts, as_list=False, with_heading=with_headings)
    shown_at = _place_of_examples(kinds, texts, style)
    blocks = [lead(core, style), *(caveats if is_noted_first else ())]
    for place, part in enumerate(parts):
        blocks += shown if place == shown_at else []
        section_id = part.section.section_id
        blocks += [before[section_id]] if section_id in before else []
        blocks.append(_framed(part, labels, with_heading=with_headings))
    blocks += shown if shown_at == len(parts) else []
    blocks += [] if is_noted_first else caveats
    if style.depth == _DEEP:
        sources = [_source(source) for source in core.sources]
        blocks += _labelled(labels.sources, sources, with_heading=with_headings)
    return Composed("\n\n".join(blocks), tuple(part.section.section_id for part in parts))


def _place_of_examples(kinds: Sequence[int], texts: Sequence[str], style: AppliedStyle) -> int:
    """Return before which part examples stand: behind what they are examples of, or first where they are emphasised."""
    if "examples" in style.emphasis or ("code" in style.emphasis and any(map(_has_code, texts))):
        return 0
    place = len(kinds)
    while place and kinds[place - 1] in _AFTERMATH:
        place -= 1
    return place


def _examples_within(core: Core, style: AppliedStyle, room: int) -> Iterator[int]:
    for place in allowed_examples(core, style)[: examples_max(style)]:
        room -= word_count(core.examples[place].text)
        if room < 0:
            return
        yield place


def _chosen(core: Core, style: AppliedStyle, room: int) -> list[Part]:
    """Return the sections that there is room for, each whole, at the depth that is wanted or at a lesser one."""
    said = lead(core, style)
    chosen: dict[int, Part] = {}
    must_have_steps = True
    for _, place, part in _ranked(core, style):
        has_to_be = must_have_steps and part.section.kind == _STEPS
        # Without steps an answer to how something is done is none.
        fitting = part if part.words <= room else _lesser(part, style, room, has_to_be=has_to_be)
        if fitting is not None and fitting.text not in said:
            chosen[place] = fitting
            room -= fitting.words
            must_have_steps &= not has_to_be
    kept: dict[int, Part] = {}
    for place, part in sorted(chosen.items()):
        # What leans on words that are left out is left out with them.
        if place == 0 or place - 1 in kept or not leans(part):
            kept[place] = part
    return list(kept.values())


def _ranked(core: Core, style: AppliedStyle) -> list[tuple[tuple[bool, int], int, Part]]:
    """Return rank and place of each section, and what there is of it that is nearest to the wanted depth."""
    ranked = []
    for place, section in enumerate(core.sections):
        part = next(_parts_of(section, style), None)
        # An overview has no background, unless it is what matters most.
        if part and (part.is_first or section.kind != _BACKGROUND or style.depth != _OVERVIEW):
            # What the core begins with is what was asked for, if it is not background.
            rank = _RANKS.get(section.kind, 1 if place else 0)
            ranked.append(((not part.is_first, rank), place, part))
    return sorted(ranked, key=itemgetter(0))


def _parts_of(section: CoreSection, style: AppliedStyle) -> Iterator[Part]:
    for depth in _NEAREST.get(style.depth, _NEAREST[_STANDARD]):
        if text := getattr(section, depth).strip():
            yield part_of(section, text, style)


def _lesser(part: Part, style: AppliedStyle, room: int, *, has_to_be: bool) -> Part | None:
    lesser = [other for other in _parts_of(part.section, style) if has_to_be or other.words <= room]
    return min(lesser, key=lambda other: other.words) if has_to_be else lesser[0] if lesser else None


def leans(part: Part) -> bool:
    """Return whether the words of a part point at those of the one before it."""
    return not part.section.title and _LEANING.match(part.text) is not None


def _has_code(text: str) -> bool:
    return "```" in text or "~~~" in text


def _have_headings(parts: Sequence[Part]) -> bool:
    return (
        len(parts) > 1
        and all(part.section.title for part in parts)
        and sum(part.words for part in parts) >= _HEADED_WORDS_MIN
    )


def _framed(part: Part, labels: Labels, *, with_heading: bool) -> str:
    title, text = part.section.title.strip(), _closed(part.text)
    if with_heading:
        return f"## {title}\n\n{text}"
    is_apart = _stands_apart(text)
    if title and not is_apart and (title[-1].isalnum() and not _UNSPACED.match(title[-1])):
        title += "."
    return _run_in(title or (labels.steps if is_apart and part.section.kind == _STEPS else ""), text)


def _labelled(
    label: str, texts: Sequence[str], *, as_list: bool = True, with_heading: bool = False
) -> list[str]:
    is_list = as_list and len(texts) > 1 and not any("\n" in text or _BLOCK.match(text) for text in texts)
    if is_list:
        texts = ["\n".join(f"- {text}" for text in texts)]
    if not texts or not label:
        return list(texts)
    if with_heading:
        return [f"## {label.rstrip(_COLON)}", *texts]
    return [_run_in(label, texts[0])] if len(texts) == 1 else [f"**{label}**", *texts]


def _run_in(label: str, text: str) -> str:
    if not label:
        return text
    return f"**{label}**\n\n{text}" if _stands_apart(text) else f"**{label}** {text}"


def _stands_apart(text: str) -> bool:
    """Return whether words in bold cannot stand before a text on its line; two of them in a row read as one."""
    return text.startswith("**") or _BLOCK.match(text) is not None


def _closed(text: str) -> str:
    """Return a text whose last fence is closed: a core that leaves one open must not swallow its caveats."""
    fences = _FENCE.findall(text) if _has_code(text) else []
    return f"{text}\n{fences[-1]}" if len(fences) % 2 else text


def _source(source: CoreSource) -> str:
    title, uri = source.title.strip(), source.uri.strip()
    if title and not set(title) & set("[]") and _CLEAN_LINK.fullmatch(uri):
        return f"[{title}]({uri})"
    return f"{title} ({uri})" if title and uri else title or uri
