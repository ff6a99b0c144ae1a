"""What the model server says to questions about facts, and as a simulated user: by rule, from the text with them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]

_BLOCK = re.compile(r"^<(\w+)>\n(.*?)^</\1>$", re.M | re.S)
_WORD = re.compile(r"[^\W_]{3,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
_HEADING = re.compile(r"^#+\s+(.*)$")
_STEP = re.compile(r"^(?:\d+[.)]|[-*])\s")
_LIMIT = re.compile(r"\b(?:not|never|only|must|at most|at least|cannot|unless|except|within)\b", re.I)
_EMPTY = frozenset(
    "how what when where which who why can does did the and for you your are from with this that into about have has"
    " will would should could get our its any all not but use one".split()
)
_UNKNOWN = "This stand-in for a model answers from the text it is given, and that says nothing of {subject}."
_SECTIONS_MAX, _CAVEATS_MAX = 4, 3
_SHORT_BYTES, _STANDARD_BYTES = 380, 1400
_SAME_SHARE = 0.6


def answer_about_facts(schema: Row, texts: Iterable[str]) -> dict[str, Any] | None:
    """Return the answer to one of the questions that answers of facts are made with; None for any other question.

    Args:
        schema: What the answer must follow, by which the question is known.
        texts: The prompt, with its blocks of JSON lines.
    """
    properties = schema.get("properties", {})
    kinds = frozenset(
        (str(name), str(inner.get("type")))
        for name, inner in properties.items()
        if isinstance(inner, Mapping)
    )
    answer = _ANSWERS.get(kinds) if len(kinds) == len(properties) else None
    try:
        return answer(_blocks("\n".join(texts))) if answer is not None else None
    except (ValueError, TypeError, LookupError, AttributeError, StopIteration, RecursionError):
        # A prompt that is not as these are: the schema alone says what to answer.
        return None


def _core(blocks: Mapping[str, list[Row]]) -> dict[str, Any]:
    question = _first(blocks, "question").get("question", "")
    passages = _nearest(str(question), str(_first(blocks, "context").get("text", "")))
    if not passages:
        subject = " ".join(_WORD.findall(str(question))) or "that"
        passages = [("", [_UNKNOWN.format(subject=subject)[:_SHORT_BYTES]])]
    lead = [sentence for sentence in passages[0][1] if not _STEP.match(sentence)] or passages[0][1]
    best = max(lead, key=lambda sentence: len(_words(sentence) & _words(str(question))))
    every = [sentence for _, sentences in passages for sentence in sentences]
    return {
        "shareable": True,
        "reason": "",
        "lead_short": _within([best], _SHORT_BYTES),
        "lead_standard": _within(dict.fromkeys([best, *lead]), _STANDARD_BYTES),
        "sections": [
            {
                "kind": "steps" if any(map(_STEP.match, sentences)) else "explanation",
                "title": title[:100],
                "tags": sorted(_words(title))[:3],
                "overview": sentences[0][:_STANDARD_BYTES],
                "standard": _within(sentences, _STANDARD_BYTES),
                "deep": _within([*sentences, *every], 2 * _STANDARD_BYTES)
                if len(every) > len(sentences)
                else "",
            }
            for title, sentences in passages
        ],
        "caveats": [
            sentence for sentence in every if _LIMIT.search(sentence) and len(sentence) < _SHORT_BYTES
        ][:_CAVEATS_MAX],
        "examples": [],
        "sources": [],
    }


def _judged(blocks: Mapping[str, list[Row]]) -> dict[str, Any]:
    row = _first(blocks, "")
    one, other = _words(str(row.get("asked", ""))), _words(str(row.get("stored", "")))
    return {"same": bool(one | other) and len(one & other) >= _SAME_SHARE * len(one | other)}


def _planned(blocks: Mapping[str, list[Row]]) -> dict[str, Any]:
    style, rows = _first(blocks, "style"), blocks.get("core", [])
    wanted = str(style.get("depth", "standard"))
    emphasis = set(map(str, style.get("emphasis", [])))
    room = int(style.get("room_words", 0))
    chosen: list[dict[str, str]] = []
    sections = [row for row in rows if "words" in row and "id" in row]
    # Steps keep their order; all others follow what is emphasized.
    sections.sort(key=lambda row: row.get("kind") != "steps" and not emphasis & set(row.get("tags", [])))
    for row in sections:
        words = row["words"]
        depth = wanted if wanted in words else next(iter(words))
        if words[depth] <= room:
            chosen.append({"id": row["id"], "depth": depth})
            room -= words[depth]
    sizes = {row["example"]: row["words"] for row in rows if "example" in row}
    allowed = [index for index in style.get("examples_allowed", []) if sizes.get(index, room + 1) <= room]
    return {"sections": chosen, "connecting": [], "examples": allowed[: min(1, style.get("examples_max", 0))]}


def _text(blocks: Mapping[str, list[Row]]) -> dict[str, Any]:
    return _rewritten(blocks) if "core" in blocks else _said(blocks)


def _rewritten(blocks: Mapping[str, list[Row]]) -> dict[str, Any]:
    style, rows = _first(blocks, "style"), blocks["core"]
    wanted = str(style.get("depth", "standard"))
    caveats = [str(row["caveat"]) for row in rows if "caveat" in row]
    room = int(style.get("room_words", 0)) - sum(len(caveat.split()) for caveat in caveats)
    parts: list[str] = []
    for row in rows:
        depths = (
            [row.get(depth) for depth in (wanted, "standard", "overview", "deep")] if "section" in row else []
        )
        text = next(filter(None, depths), "")
        # Words as a reader counts them, and room for what a checker counts otherwise.
        size = 2 * len(text.split())
        if text and size <= room:
            parts.append(text)
            room -= size
    return {"text": "\n\n".join([*parts, *caveats]) or "As above."}


def _said(blocks: Mapping[str, list[Row]]) -> dict[str, Any]:
    core = _core(blocks)
    is_short = _first(blocks, "reader").get("length") == "short"
    more = [] if is_short else [section["standard"] for section in core["sections"]]
    return {"text": "\n\n".join(dict.fromkeys([core["lead_standard"], *more]))}


def _verdicts(blocks: Mapping[str, list[Row]]) -> dict[str, Any]:
    """Say of each action whether the persona takes it: if it has more of what they like than of what they dislike."""
    persona = _first(blocks, "persona")
    likes, dislikes = (set(map(str, persona.get(name, []))) for name in ("likes", "dislikes"))
    found = []
    for row in blocks["offered"]:
        topics = set(map(str, row.get("topics", [])))
        hits, attributes = len(topics & likes) - len(topics & dislikes), row.get("attributes", {})
        hits -= any(persona.get(name, value) != value for name, value in attributes.items())
        reason = f"It is about {', '.join(sorted(topics)) or 'nothing in particular'}."
        found.append({"id": row["id"], "reward": 1 if hits > 0 else 0.5 if not hits else 0, "reason": reason})
    return {"verdicts": found}


def _nearest(question: str, text: str) -> list[tuple[str, list[str]]]:
    """Return the passages of a text that share words with a question, the nearest first: heading and sentences."""
    asked = _words(question)
    found = []
    for title, sentences in _passages(text):
        shared = len(asked & _words(" ".join((title, title, *sentences))))
        if shared >= min(2, len(asked)) and shared:
            found.append((shared, title, sentences))
    found.sort(key=lambda row: -row[0])
    return [(title, sentences) for _, title, sentences in found[:_SECTIONS_MAX]]


def _passages(text: str) -> Iterator[tuple[str, list[str]]]:
    title, lines = "", list[str]()
    for line in [*text.splitlines(), "#"]:
        heading = _HEADING.match(line)
        if heading is None and line.strip() and line != "#":
            lines.append(line.strip())
            continue
        if lines:
            # Steps stay steps; lines of prose are one text.
            steps = [each for each in lines if _STEP.match(each)]
            prose = " ".join(each for each in lines if not _STEP.match(each))
            yield title, [*filter(None, _SENTENCE.split(prose)), *steps]
            lines = []
        if heading is not None:
            title = heading[1].strip()


def _within(sentences: Iterable[str], size_bytes: int) -> str:
    text = ""
    for sentence in dict.fromkeys(sentences):
        joined = f"{text}{chr(10) if _STEP.match(sentence) else ' '}{sentence}".strip()
        if len(joined.encode()) > size_bytes:
            break
        text = joined
    return text or next(iter(sentences)).encode()[:size_bytes].decode(errors="ignore")


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in _WORD.findall(text.lower())} - _EMPTY


def _first(blocks: Mapping[str, Sequence[Row]], name: str) -> Row:
    rows = blocks.get(name, ())
    return rows[0] if rows else {}


def _blocks(text: str) -> dict[str, list[Row]]:
    """Return the rows of each block; those outside of any under the empty name."""
    found = {name: list(_lines(body)) for name, body in _BLOCK.findall(text)}
    return {"": list(_lines(_BLOCK.sub("", text))), **found}


def _lines(body: str) -> Iterator[Row]:
    for line in body.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and "properties" not in value:
            yield value


def _kinds(**kinds: str) -> frozenset[tuple[str, str]]:
    return frozenset(kinds.items())


_ANSWERS: Mapping[frozenset[tuple[str, str]], Callable[[Mapping[str, list[Row]]], dict[str, Any]]] = {
    _kinds(
        shareable="boolean",
        reason="string",
        lead_short="string",
        lead_standard="string",
        **dict.fromkeys(("sections", "caveats", "examples", "sources"), "array"),
    ): _core,
    _kinds(same="boolean"): _judged,
    _kinds(**dict.fromkeys(("sections", "connecting", "examples"), "array")): _planned,
    _kinds(text="string"): _text,
    _kinds(verdicts="array"): _verdicts,
}
