"""What a text says that its core does not: numbers, names, code, and sentences turned into their opposite.

Made for English; in other languages numbers, addresses, code, quotations and capital letters tell as much. What it
lets pass need not be true: it finds what models get wrong that were asked to be faithful.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from foreword.v1.core_pb2 import Core
from tiering.alike import meanings
from tiering.question import normalise
from tiering.sentences import split_sentences

FUNCTION_WORDS = frozenset(
    """a about also an and any are as at be been but by do does each either else for from get gets had has have here how
    i if in into is it its itself just let made make me of one or other our out own same see so such take than that the
    their them then there these they this those through to up us use used uses using via was we were what when where
    which while who why will with would you your yours yourself first next finally matters main short details""".split()
)
"""Words of English that tie others together, and by themselves claim nothing."""

# Words that a sentence may begin with though its core has them not. Any other may be a name.
_BEGINNINGS = frozenset(
    """add after again all always ask avoid be because before begin below both call change check choose click copy
    create delete do don't during enter every everything example examples few find follow give go keep know
    later leave less look many more most never no none not note nothing now often once only open otherwise
    people please press put read remember remove repeat run save see select send several set since some
    someone sometimes soon sources start steps still stop take therefore thus try turn type under unless
    until usually wait whatever whenever whether without write yet""".split()
)
_NEGATIONS = frozenset(
    """not no never none nothing nobody neither nor without unable nicht kein keine keinen keinem keiner nie niemals
    ohne pas jamais aucun aucune sans nunca jamás sin nada ningún ninguna""".split()
)
_OPPOSITES = """must may|must can|always sometimes|all some|before after|more less|more fewer|least most|
    minimum maximum|min max|enable disable|allow forbid|allow block|allow prevent|include exclude|increase decrease|
    increase reduce|above below|over under|start stop|on off|open close|possible impossible|required optional|
    safe unsafe|free paid|public private|true false|valid invalid|earlier later|higher lower|longer shorter|
    permanent temporary|add remove|accept reject|keep delete|upgrade downgrade|slow fast|newest oldest|first last"""
_PAIRS = [meanings(pair.split()) for pair in _OPPOSITES.split("|")]
_UNITS = {
    alias: row.split()[0]
    for row in """millisecond ms|second s sec|minute min|hour h hr|day d|week|month|year yr|byte b|kilobyte kb|
        megabyte mb|gigabyte gb|terabyte tb|% percent|dollar $ usd|euro € eur|pound £ gbp|hundred|thousand k|million|
        billion|degree ° °c|kilometre kilometer km|metre meter m|gram g|kilogram kg""".split("|")
    for alias in row.split()
}
_DIMENSIONS = {
    **dict.fromkeys("ms sec second millisecond minute hour day week month year".split(), "time"),
    **dict.fromkeys("dollar euro pound".split(), "money"),
}
_RANGES = frozenset("to and or - bis und oder à et a y".split())
# A sentence of which so much stands in one of the core's says the same, or the opposite.
_SAME_SHARE_MIN = 0.6
# Words behind a number that may be what it counts: "14 days", "5 further attempts".
_COUNTED_MAX = 3

_FENCED = re.compile(r"^ {0,3}(```+|~~~+)[^\n]*\n(.*?)(?:^ {0,3}\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()\"'”`]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUOTED = re.compile(r"[“”„«\"]([^“”„«»\"\n]{2,200})[“”»\"]")
# snake_case, call(), --option, a.b.c, a/b, camelCase.
_CODE = re.compile(r"--[\w-]+|\w+(?:(?:[._/]|::)\w+)+(?:\(\))?|\w+\(\)|\b[^\W\d_A-Z][^\W\d_]*[A-Z]\w*")
_ENDS = re.compile(r"(?<=:)[\"”)*_]*\s+|\n+")
_MARKERS = re.compile(r"^[^\S\n]*(?:[-*+>#|]+[^\S\n]+|\d{1,3}[.)][^\S\n]+)+", re.MULTILINE)
_OPENING = '*_"“„«(| '
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# Not the first, the second: they count nothing.
_TOKEN = re.compile(
    r"(?:(?<![\w.,)\]])[-+])?(?:\d{4}-\d\d-\d\d(?!\d)|\d+(?:[.,:]\d+)*)(?!\d*(?:st|nd|rd|th)\b)|[^\W\d_]+|[%$€£°-]"
)
_CLAUSE = re.compile(r"[,;:]\s+|\s(?:and|but|while|und|et|y)\s")


class _Sentence(NamedTuple):
    """A sentence, and what of it can be compared."""

    text: str
    words: frozenset[str]
    negations: int


def unsupported(text: str, core: Core) -> list[str]:
    """Return what a text says and its core does not, such as `number: 30 days`; nothing when it is faithful."""
    known = core_text(core)
    found = chain(
        _code(text, known),
        _numbers(text, known, core.locale),
        _names(text, f"{core.question}\n{known}", core.locale),
        _reversed(text, known, core.locale),
    )
    return list(dict.fromkeys(found))


def core_text(core: Core) -> str:
    """Return all that a core says; its question says nothing."""
    lines = [core.lead_short, core.lead_standard, *(caveat.text for caveat in core.caveats)]
    lines += [
        line for part in core.sections for line in (part.title, part.overview, part.standard, part.deep)
    ]
    lines += [example.text for example in core.examples]
    lines += [line for source in core.sources for line in (source.title, source.uri)]
    return "\n".join(filter(None, lines))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text without blocks of code, and without the marks of lists and headings."""
    plain = _MARKERS.sub("", _FENCED.sub("\n", text))
    found = (one for piece in _ENDS.split(plain) for one in split_sentences(piece))
    return [part for one in found if (part := one.lstrip(_OPENING))]


def content_words(text: str, locale: str) -> frozenset[str]:
    """Return the words of a text that say something, each in the form that it shares with its like."""
    return _read(text, locale).words


def _read(text: str, locale: str) -> _Sentence:
    words = _WORD.findall(normalise(text, locale or "en"))
    telling = [word for word in words if word not in FUNCTION_WORDS and word not in _NEGATIONS]
    return _Sentence(text, frozenset(meanings(telling)), sum(word in _NEGATIONS for word in words))


def _code(text: str, known: str) -> Iterator[str]:
    flat, prose = " ".join(known.split()), _FENCED.sub("\n", text)
    blocks = chain.from_iterable(match[2].splitlines() for match in _FENCED.finditer(text))
    yield from (
        f"code: {code}" for code in (*blocks, *_INLINE.findall(prose)) if " ".join(code.split()) not in flat
    )
    quoted = ((said, " ".join(said.casefold().split()).rstrip(".,")) for said in _QUOTED.findall(prose))
    yield from (f"quotation: {said}" for said, plain in quoted if plain not in flat.casefold())
    yield from (f"address: {address}" for address in _addresses(prose) - _addresses(known))
    bare = _CODE.findall(_ADDRESS.sub(" ", _INLINE.sub(" ", prose)))
    yield from (f"code: {code}" for code in bare if code not in flat and not code.replace(".", "").isdigit())


def _addresses(text: str) -> set[str]:
    return {address.rstrip(".,;:!?") for address in _ADDRESS.findall(text)}


class _Fact(NamedTuple):
    """A number of a text, what it may count, and what else its clause says."""

    number: str
    counted: tuple[str, ...]
    words: frozenset[str]


def _numbers(text: str, known: str, locale: str) -> Iterator[str]:
    said = list(_facts(known.replace("`", ""), locale))
    counted_in_core = {word for fact in said for word in fact.counted}
    for fact in _facts(_ADDRESS.sub(" ", _INLINE.sub(" ", text)), locale):
        first = _first(fact)
        is_unit = first in _UNITS.values()
        same = [other for other in said if other.number == fact.number]
        counted = {word for other in same for word in other.counted}
        # "One of them" counts nothing.
        is_new = not same and (fact.number != "1" or is_unit)
        if is_new or (same and (is_unit or first in counted_in_core) and first not in counted):
            yield f"number: {fact.number} {first}".rstrip()
        elif same and _shared(fact, same) < _shared(fact, [other for other in said if _rivals(fact, other)]):
            # What it is said of has another number.
            yield f"number: {fact.number} {first}".rstrip()


def _shared(fact: _Fact, others: Sequence[_Fact]) -> int:
    return max((len(fact.words & other.words) for other in others), default=0)


def _rivals(fact: _Fact, other: _Fact) -> bool:
    """Return whether two numbers are different answers to what may be one question."""
    ours, theirs = (_DIMENSIONS.get(first, first) for first in (_first(fact), _first(other)))
    return fact.number != other.number and (ours == theirs or not ours or not theirs)


def _first(fact: _Fact) -> str:
    return fact.counted[0] if fact.counted else ""


def _facts(text: str, locale: str) -> Iterator[_Fact]:
    for sentence in sentences(text):
        for clause in _CLAUSE.split(sentence):
            words = _read(clause, locale).words
            for number, counted in _counts(clause, locale):
                yield _Fact(number, tuple(counted), words - {number, *counted})


def _counts(text: str, locale: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the numbers of a text with what they count: the words behind them, or a sign of money before."""
    tokens = _TOKEN.findall(normalise(text, locale or "en"))
    places = [place for place, token in enumerate(tokens) if token[-1].isdigit()]
    for place, following in zip(places, [*places[1:], len(tokens)], strict=False):
        start, end = place + 1, following
        if _RANGES.issuperset(tokens[start:end]):
            # Of "7 to 14 days" both are days.
            start, end = end + 1, len(tokens)
        words = [_counted(word) for word in tokens[start:end][:_COUNTED_MAX] if word not in FUNCTION_WORDS]
        words = [word for word in words if word]
        money = tokens[place - 1] if place else ""
        yield tokens[place].lstrip("+"), [_UNITS[money], *words] if money in {"$", "€", "£"} else words


def _counted(word: str) -> str:
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s")) or meanings([word])[0]


def _names(text: str, known: str, locale: str) -> Iterator[str]:
    words = {_folded(word) for word in _WORD.findall(known)} | FUNCTION_WORDS
    meant = content_words(known, locale) if is_english(locale) else None
    for sentence in sentences(_ADDRESS.sub(" ", _INLINE.sub(" ", text))):
        for place, word in enumerate(_WORD.findall(sentence)):
            is_name = word[0].isupper() if place else _begins_with_name(word, meant, locale)
            if is_name and _folded(word) not in words:
                yield f"name: {word}"


def _begins_with_name(word: str, meant: frozenset[str] | None, locale: str) -> bool:
    """Return whether the first word of a sentence, which has a capital letter anyhow, may be a name.

    It is one for sure with another capital letter within; in English also if the core has no word like it and it is
    none that sentences often begin with.
    """
    if meant is None or not word[1:].islower():
        return len(word) > 1 and not word[1:].islower()
    return word.casefold() not in _BEGINNINGS and not content_words(word, locale) <= meant


def is_english(locale: str) -> bool:
    """Return whether a text is in English, as far as is known."""
    return locale.partition("-")[0].casefold() in {"", "en"}


def _folded(word: str) -> str:
    return word.casefold().replace("’", "'").removesuffix("'s")


def _reversed(text: str, known: str, locale: str) -> Iterator[str]:
    said = [_read(part, locale) for whole in sentences(known) for part in {whole, *_CLAUSE.split(whole)}]
    for one in (_read(sentence, locale) for sentence in sentences(text)):
        if len(one.words) < 2:
            continue
        shares = [len(one.words & other.words) / len(one.words) for other in said]
        near = max(_SAME_SHARE_MIN, max(shares, default=0.0) - 0.1)
        same = [other for other, share in zip(said, shares, strict=True) if share >= near]
        if same and not any(_agree(one, other) for other in same):
            yield f"reversed: {one.text}"


def _agree(one: _Sentence, other: _Sentence) -> bool:
    ours, theirs = one.words - other.words, other.words - one.words
    is_turned = any((a in ours and b in theirs) or (b in ours and a in theirs) for a, b in _PAIRS)
    return not is_turned and (one.negations + other.negations) % 2 == 0
