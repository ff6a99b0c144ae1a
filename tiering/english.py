"""English as it is written in more than one way: politeness, short forms, two spellings, numbers in words."""

from __future__ import annotations

import re
from collections.abc import Callable

_ASKING = (
    "what|how|when|where|which|who|whose|why|can|could|would|will|is|are|am|was|were|do|does|did|has|have|had"
    "|should|shall|may|must|i|my|please|tell|any"
)
_NEXT = rf"(?=(?:{_ASKING})\b)"
_INDIRECT = r"(?=(?:what|how|when|where|which|who|whose|why)\b)"
# What comes before a question and asks nothing itself.
_OPENING = re.compile(
    rf"""^(?:
    (?:hi|hiya|hello|hey|howdy|greetings|good\ (?:morning|afternoon|evening|day)|dear\ (?:all|team|sir|madam))
        (?:\ (?:there|all|team|everyone|everybody|guys|folks))?(?:\s*[,.!:;-]+\s*|\ {_NEXT})
    |(?:so|um+|uh+|erm+|please|pls|sorry|excuse\ me|(?:i\ (?:was|am)\ )?just\ (?:wondering|curious)
        |(?:(?:just\ )?(?:a|one)\ )?(?:quick|small|random|silly)\ question|i\ have\ a\ (?:quick\ )?question
        |sorry\ (?:to\ bother\ you|if\ this\ is\ a\ (?:silly|stupid)\ question)|(?:i\ )?hope\ you\ are\ well)
        (?:\s*[,:;.!-]+\s*|\ {_NEXT})
    |(?:well|ok|okay|right|question|morning|afternoon|evening|out\ of\ (?:curiosity|interest))\s*[,:;.!-]+\s*
    |(?:(?:please\ )?(?:(?:can|could|would|will)\ (?:you|someone|anyone|somebody)\ (?:please\ |kindly\ |pls\ )?)?
        (?:tell\ me|let\ me\ know|explain(?:\ to\ me)?|advise(?:\ me)?)|would\ you\ mind\ telling\ me
        |i\ (?:would\ like|would\ love|want|wanted|need)\ to\ (?:know|ask|find\ out)|i\ (?:was|am)\ (?:just\ )?wondering
        |(?:do\ you|does\ any(?:one|body))\ (?:happen\ to\ )?know|any\ idea|(?:may|can|could)\ i\ (?:know|ask)),?
        \ {_INDIRECT})""",
    re.VERBOSE,
)
_THANKS = "(?:please|pls|plz|(?:many )?thanks|thank you|thankyou|thx)(?: (?:so much|very much|a lot|in advance|again))*"
_SIGNED = rf"(?:{_THANKS}|cheers|ta|(?:kind|best) regards|much appreciated)"
# Not where the word itself is asked about: how do I say thank you.
_ASKED_ABOUT = "".join(
    rf"(?<!\b{word})"
    for word in "say spell write word mean sign translate pronounce than for is of with a an the to send or and".split()
)
_CLOSING = re.compile(rf"(?:\s*[,.!?;:-]+\s*{_SIGNED}|{_ASKED_ABOUT}\s+{_THANKS})[\s.,!]*$")
_HESITATION = re.compile(r"(?<!\d),? (?:umm?|uhm?|erm)(?:,|(?= ))")

_HESITATIONS = frozenset("um umm uh uhm erm".split())
_LAST_WORDS = frozenset(
    "please pls plz thanks you thankyou thx much lot advance again cheers ta regards appreciated".split()
)

# With more it is no courtesy but a text about such words.
_COURTESIES_MAX = 8
_COURTESY_CHARS_MAX = 100

_SHORT = re.compile(
    r"\b(?:(?P<be>what|where|who|when|how|why|that|there|here|it|he|she)'s\b(?! (?:got|been)\b)"
    r"|(?P<plain>whats|hows|wheres|im|ive|cannot|wanna|gonna)\b"
    r"|(?P<can>can|won|shan)'?t\b|(?P<aux>do|does|did|is|are|was|were|has|have|had|could|would|should|must|need)n'?t\b"
    r"|(?P<ask>do|can|could|would|will|are|r) u\b"
    r"|(?P<who>i|you|we|they|he|she|it)'(?P<what>m|re|ve|ll|d(?= (?:like|love|prefer|rather)\b))"
    r"|have (?P<got>i|you|we|they) got\b)"
)
_PLAIN = {
    "whats": "what is", "hows": "how is", "wheres": "where is", "im": "i am", "ive": "i have", "cannot": "can not",
    "wanna": "want to", "gonna": "going to",
}  # fmt: skip
_SHORTENED = _PLAIN.keys() | set(
    "got u cant wont dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt couldnt wouldnt shouldnt".split()
)
_VERBS = {"m": "am", "re": "are", "ve": "have", "ll": "will", "d": "would"}
_NEGATED = {"can": "can not", "won": "will not", "shan": "shall not"}

# British spellings whose American one is no other word: a tyre may tire nobody, and a cheque is no check.
_SPELLINGS = dict(
    pair.split(":")
    for pair in """licence:license defence:defense offence:offense grey:gray catalogue:catalog dialogue:dialog
    fulfil:fulfill enrol:enroll enrols:enrolls enrolment:enrollment instalment:installment instalments:installments
    jewellery:jewelry aluminium:aluminum pyjamas:pajamas mum:mom mums:moms judgement:judgment ageing:aging
    analyse:analyze analysed:analyzed analysing:analyzing programme:program programmes:programs practise:practice
    centre:center centres:centers theatre:theater theatres:theaters litre:liter litres:liters fibre:fiber
    whilst:while amongst:among towards:toward cancelation:cancellation sceptical:skeptical mould:mold plough:plow
    e-mail:email e-mails:emails wi-fi:wifi on-line:online web-site:website log-in:login pls:please plz:please""".split()
)
_SPELLING = re.compile(
    rf"\b(?:(?P<word>{'|'.join(sorted(_SPELLINGS, key=len, reverse=True))})(?![\w-])"
    r"|(?P<our>(?:dis|un|mis)?(?:col|fav|behavi|neighb|lab|hon|flav|harb|hum|rum|od|vap|sav|endeav|parl|arm|tum))our"
    r"|(?P<ise>[a-z]{3,}?)is(?P<ending>e|ed|es|er|ers|ing|ation|ations)(?![\w])"
    r"|(?P<l>cancel|travel|label|model|level|signal|total|fuel|counsel|channel|dial|marvel|tunnel)l(?=ed\b|ing\b|ers?\b))"
)

_BRITISH = re.compile(r"our|is[aei]|ll[ei]")

_GAP = re.compile(r"[ ,-]")
_DIGIT = re.compile(r"\d")
_UNITS = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = dict(zip(_UNITS + _TEENS + _TENS, [*range(1, 20), *range(20, 100, 10)], strict=True))
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS)}))?|{'|'.join(_TEENS + _UNITS)})"
_BELOW_1000 = rf"(?:(?:a|{_BELOW_100}) hundred(?:(?: and)? {_BELOW_100})?|{_BELOW_100})"
# "Twenty one-day passes" are twenty. "No one" is nobody.
_NUMBER = re.compile(
    r"(?<!\bno )(?<!\bany )(?<!\bevery )(?<!\bsome )\b"
    rf"(?:(?:a|{_BELOW_1000}) thousand(?:(?: and)? {_BELOW_1000})?|{_BELOW_1000})\b(?!-)"
    rf"|\b{_BELOW_100}(?=-)"
)
_ORDINALS = dict(
    zip(
        "first third fourth fifth sixth seventh eighth ninth tenth".split(),
        "1st 3rd 4th 5th 6th 7th 8th 9th 10th".split(),
        strict=True,
    )
)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b")
_FIGURES = (
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<=\d)(?:[:.]00)? ?([ap])(?:\.m\b\.?|m\b)(?! i\b)"), r"\1m"),
    (re.compile(r"(?<=\d) ?(?:%|per ?cent\b)"), "%"),
)
# One question in many words. Not "how do you", which may ask what somebody else does.
_HOW = re.compile(r"^how (?:(?:can|could|would) i|i (?:can|could|would)|to)\b")


def english(text: str, bare: Callable[[str], str]) -> str:
    """Return a question in small letters, one space between words, with one way of writing where English has two.

    Args:
        text: The question.
        bare: Takes off what stands around the words, which shows here after each courtesy.
    """
    # Each of these looks costs a tenth of the search that it mostly saves.
    if "'" in text or not _SHORTENED.isdisjoint(text.split()):
        text = _SHORT.sub(_long, text)
    text = _uncourteous(text, bare)
    words = frozenset(_GAP.split(text))
    if not _HESITATIONS.isdisjoint(words):
        text = _HESITATION.sub("", text)
    if _BRITISH.search(text) or not _SPELLINGS.keys().isdisjoint(words | frozenset(text.split())):
        text = _SPELLING.sub(_american, text)
    if not _VALUES.keys().isdisjoint(words) or "thousand" in words or "hundred" in words:
        text = _NUMBER.sub(_digits, text)
    if not _ORDINALS.keys().isdisjoint(words):
        text = _ORDINAL.sub(lambda found: _ORDINALS[found[0]], text)
    if _DIGIT.search(text):
        for pattern, figure in _FIGURES:
            text = pattern.sub(figure, text)
    return _HOW.sub("how do i", text)


def _uncourteous(text: str, bare: Callable[[str], str]) -> str:
    rest = text = bare(text)
    for _ in range(_COURTESIES_MAX):
        former = rest
        rest = bare(_OPENING.sub("", rest))
        if rest.rpartition(" ")[2] in _LAST_WORDS:
            found = _CLOSING.search(rest, max(0, len(rest) - _COURTESY_CHARS_MAX))
            rest = rest[: found.start()] if found else rest
        if rest == former:
            return rest
    return text


def _long(found: re.Match[str]) -> str:
    if found["be"]:
        return f"{found['be']} is"
    if found["plain"]:
        return _PLAIN[found["plain"]]
    if found["can"]:
        return _NEGATED[found["can"]]
    if found["ask"]:
        return f"{'are' if found['ask'] == 'r' else found['ask']} you"
    if found["aux"]:
        return f"{found['aux']} not"
    return f"do {found['got']} have" if found["got"] else f"{found['who']} {_VERBS[found['what']]}"


def _american(found: re.Match[str]) -> str:
    if found["word"]:
        return _SPELLINGS[found["word"]]
    if found["our"]:
        return f"{found['our']}or"
    return f"{found['ise']}iz{found['ending']}" if found["ise"] else found["l"]


def _digits(found: re.Match[str]) -> str:
    total = below = 0
    for word in re.split("[- ]", found[0]):
        if word == "thousand":
            total, below = max(below, 1) * 1000, 0
        elif word == "hundred":
            below = max(below, 1) * 100
        else:
            below += _VALUES.get(word, 0)
    return str(total + below)
