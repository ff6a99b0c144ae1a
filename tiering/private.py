"""Whether the answer to a question may be shared: by stated rules, which say no where they cannot tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from foreword.redaction import personal_in
from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.answer_service_pb2 import Turn
from tiering.anybody import SELF, is_somebodys, one_of
from tiering.languages import ELSEWHERE, LANGUAGES, is_foreign
from tiering.question import clauses

WORDS_MAX = 60
"""A question of more words tells a story, and stories are somebody's."""

_LATIN = frozenset({"LATIN"})
_WORD = re.compile(r"[^\W\d_]+(?:['.][^\W\d_]+)*")
# Words and nothing else hold no address and no number.
_PLAIN = re.compile(r"(?!.*\b(?:at|dot|[a-z]{20,})\b)[a-z ,'-]+")
# A model reads questions; who gives it orders, or draws on its frame, is answered alone.
_ORDERS = re.compile(
    one_of(
        r"""
        \b(?:ignor|disregard|forget|overrid|bypass|circumvent)\w*\b.{0,50}\b(?:instruct|rule|prompt|previous|above|prior)
        \b(?:ignor|disregard|forget|overrid|bypass|circumvent)\w*\b.{0,50}\b(?:guideline|safety|filter|restrict|everything)
        \b(?:system|initial|hidden|developer|secret) (?:prompt|message|instruction)
        \b(?:(?:developer|dan|god|debug) mode|jailbreak|pretend|act as (?:if|an?|my)|role-?play|from now on)\b
        \byou are now\b
        \b(?:your|the) instructions\b
        <\W*[a-z]+[^<]*>|<\||\[/?inst|\{\{|```|\n
        """
    )
)
# An order, a ticket, an account: somebody's. A name is known by who says that it is one, or by what it owns.
_NUMBERED = re.compile(
    one_of(
        r"""
        \b(?:order|invoice|ticket|case|account|booking|reservation|reference|ref|tracking|customer|policy|claim|contract"""
        r"""|subscription|transaction|payment|shipment|parcel|membership|user|employee|patient|passport|licen[cs]e|id|pin)\b"""
        r"""(?: (?:number|no\.?|id|nr\.?|is|code))* ?[:#]* ?(?=[\w-]*\d{3})[\w-]{3,}
        #\s?\d{3,}
        (?<![\w$£€¥.,-])(?!0x)\d{6,}\b
        (?:\d[ .()/-]{0,2}){9}
        \b(?!iso|rfc|sha|cve|0x)(?=[a-z-]*\d)(?=(?:\w*\d){4})(?=\w*[a-z])\w{8,}\b
        @\w{2,}
        \b(?:my|the|whose) name is\b
        \bname'?s\b
        \b(?:mr|mrs|ms|dr|prof)\.? [a-z]+
        \bborn (?:on|in) \d
        """
    )
)
_NAME = r"[A-Z][a-z'’-]+(?: [A-Z][a-z'’.-]*)*"
_NAMED = re.compile(
    one_of(
        rf"""
        \b(?:[Ii](?:['’]?m| am)|[Tt]his is|[Ss]igned,?|[Oo]n behalf of|[Ii]t(?:['’]s| is)) {_NAME} [A-Z][a-z]
        \b{_NAME}['’]s (?:\w+ )?(?:account|order|booking|address|e-?mail|number|phone|password|invoice)\b
        \b{_NAME}['’]s (?:\w+ )?(?:balance|records?|salary|birthday|profile|appointment|medical|card)\b
        \b(?:account|order|booking|reservation|appointment|records?|ticket|subscription|balance|password|profile) """
        rf"""(?:of|for|under|named|belonging to|in the name of) {_NAME} [A-Z][a-z]
        \b[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}\b
        \b\d{{1,4}} (?:[A-Z][a-z]+ ){{1,2}}(?:[Ss]treet|[Ss]t|[Rr]oad|[Rr]d|[Aa]ve(?:nue)?|[Ll]ane|[Dd]rive)\b
        """
    )
)
# Of a thing that only one of the two could mean, though nobody says whose it is.
_THING = (
    "(?:order|package|parcel|delivery|refund|payment|transfer|card|shipment|appointment|booking|reservation|transaction"
    "|account|balance|money|courier|driver|item|replacement|application|claim|ticket|invoice|bill|statement)"
)
_HAPPENED = re.compile(
    one_of(
        rf"""
        ^(?:has|have|had|did|was|were) (?:the|an?|any|you|they|he|she|it)\b.*\b{_THING}s?\b
        ^where (?:is|are|was) the {_THING}
        ^when (?:will|is|does|did|was) (?:the|an?) {_THING}\b.*\b(?:arrive|come|coming|delivered|shipped|here|due)\b
        ^why (?:is|was|has|did|are) the {_THING}
        ^(?:have|did) you\b
        \byou (?:sent|charged|gave|promised|emailed|called)\b
        ^(?:\w+ )?{_THING} (?:status|balance|update)
        \b(?:status|whereabouts|eta)\b(?!.*\bmean)(?! (?:code|bar|page))
        ^balance\b
        """
    )
)
_PERIOD = (
    "(?:second|minute|hour|morning|afternoon|evening|night|day|week|weekend|month|quarter|season|semester|term|year"
    "|monday|tuesday|wednesday|thursday|friday|saturday|sunday|christmas|easter|spring|summer|autumn|winter)"
)
_NOW = re.compile(
    one_of(
        rf"""
        \b(?:today|today's|tonight|tomorrow|yesterday|nowadays|currently|latest|newest|recent|recently|lately|presently)\b
        \b(?:upcoming|still|yet|anymore|trending|ago|outage|so far|as of|at the moment|at present|these days)\b
        \b(?:(?<!buy )now|current(?! (?:account|password))|(?<!how )soon)\b
        \b(?:this|next|last|past|coming) {_PERIOD}s?\b
        \bwhat (?:time|day|date|year|month) is it\b
        \bwhat is the (?:time|date|day)\b
        \bhow (?:long|many \w+) (?:until|till|is left)\b
        \b(?:weather|forecast|news|headlines|score|in stock|out of stock|sold out|on sale|vacancies|traffic|how busy)\b
        \b(?:exchange rate|(?:stock|share) price|(?:price|value) of (?:bitcoin|gold|oil|silver|ethereum|gas))\b
        \b(?:how old (?:is|are)|who won|who is winning)\b
        \bwho is the (?:\w+ )?(?:president|ceo|prime|king|queen|chancellor|head|owner|leader|mayor|pope|coach)\b
        ^(?:is|are) [^,]{{1,60}} (?:down|open|closed|offline|online|back|running|up|working|available)$
        """
    )
)
# What is done or made for one person; how it is done is everybody's.
_ACT = "|".join(
    """write draft compose rewrite rephrase paraphrase translate summarize proofread generate create make design invent
    imagine book order buy reserve cancel refund transfer send forward call ring email text message remind schedule play
    sing set add remove delete activate deactivate change update reset unsubscribe subscribe upgrade downgrade recommend
    suggest calculate compute convert check open close connect turn give find show get help speak talk let put move
    switch start stop pause block unblock freeze pay submit fix track look read repeat roll flip tell save share keep
    log sign file report confirm""".split()
)
_NO_ACT = "(?! (?:policy|policies|fees?|costs?|options?|rules?|hours))"
_ACTION = re.compile(
    one_of(
        rf"""
        ^(?:(?:(?:can|could|will|would) you|please|kindly|just|also|go ahead and|let us|let's) )*(?:{_ACT})\b{_NO_ACT}
        ^(?:can|could|may) (?:i|we) (?:please )?(?:speak|talk|chat)\b
        ^(?:i|we) (?:want|need|would like|wish)\b(?!.*\b(?:how|what|where|who|can|is there)\b)
        """
    )
)
_CONTINUED = re.compile(
    one_of(
        r"""
        ^(?:and|but|or|so|also|then|what about|how about|why not|really|ok|okay|yes|no|sure|same|continue|go on|more)\b
        ^(?:another|because|instead|only|just|not|mine)\b
        ^(?:in|for|on|at|with|without|from|to|by|of|about|after|before)\b(?!.*\b(?:how|wh\w+|can|do|does|is|are)\b)
        \b(?:which|that|this|another|other|\w+st|\w+er) (?:1|one|ones)\b
        \b(?:the (?:others?|former|latter)\b|the same(?: (?:thing|question|1|as|for|applies|true)\b|$))
        \b(?:again|else|instead|previously|as before|as above|more detail\w*)\b
        \byou (?:said|mentioned|told|suggested|recommended|meant|wrote)\b
        \b(?:previous|above|last|\d+(?:st|nd|rd|th)) (?:question|answer|message|point|step|option|part)\b
        """
    )
)
_POINTING = re.compile(
    r"\b(?:it|its|this|that|these|those|they|them|their|theirs|he|him|his|she|her|hers|there|here)\b"
)
# Words that only look like these: is it possible, there is, a plan that has.
_EMPTY = re.compile(
    one_of(
        r"""
        \b(?:is|was|will|would|can|could) it (?:be )?(?:really |ever |always |also )?(?:possible|ok|okay|safe|legal)\b
        \b(?:is|was|would) it (?:be )?(?:illegal|worth|better|best|necessary|true|normal|bad|good|hard|easy|free|fine)\b
        \b(?:is|was|would) it (?:be )?(?:required|allowed|mandatory|dangerous|important|common|healthy|cheaper)\b
        \b(?:will|would|can|could|does|did) it (?:take|cost|matter|mean|make)\b
        \b(?:is|are|was|were|will|does|do|did) there\b
        \bthere (?:is|are|be)\b
        \b(?:this|that|these|those) (?:site|website|app|service|company|shop|store|platform)\b
        \b(?:so|true|sure|know|say|mean|think|given|provided) that(?= \w)
        (?<=\w) that (?=(?:is|are|was|has|have|can|will|i|you|we|it|they|an?|the|\w+s)\b)
        """
    )
)
_DONE = re.compile(
    r"\b(?:i|we|you|to|please|not|and)(?: \w+ly)? [a-z]+(?: and [a-z]+)?\b|\b(?:can|could|will|would) you [a-z]+\b"
)
_LITTLE = frozenset(
    """what how why when where which who whose is are was were do does did can could will would should must may might
    have has had a an the of to for in on at by with from and or but not be been being am so if as much many long often
    far else about all any also then than please really exactly just even mean i we you my our your me us off up out
    into over before after until while because there it explain describe define work works use""".split()
)


def private_reason(
    question: str, *, conversation: Sequence[Turn], standalone_question: str, locale: str
) -> PrivateReason:
    """Return why the answer to a question is for the asker alone; unspecified where it is everybody's.

    Only what a rule can tell is shared: a question in a language it knows, in words and one script, that is about no
    certain person, thing of theirs or moment, and needs nothing that was said before.

    Args:
        question: As it came, checked.
        conversation: What was said before.
        standalone_question: The same in words that need no conversation; it is judged in place of the question.
        locale: Its language, as BCP 47 has it.
    """
    if conversation and not standalone_question:
        return PrivateReason.PRIVATE_REASON_CONVERSATION
    asked = standalone_question or question
    language = locale.partition("-")[0].lower()
    text = clauses(asked, locale)
    if language == "en" and not text.isascii():
        text = _unmarked(text)
    text = text.replace("_", " ")
    words = _WORD.findall(text)
    if not 0 < len(words) <= WORDS_MAX or _ORDERS.search(text) or "\n" in asked.strip():
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    if _is_personal(asked, text):
        return PrivateReason.PRIVATE_REASON_PERSONAL_DATA
    if language != "en":
        return _elsewhere(text, words, language)
    if (not text.isascii() and is_foreign(text, _LATIN)) or max(map(len, words)) < 2:
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    return _english(text, frozenset(words))


def _english(text: str, words: frozenset[str]) -> PrivateReason:
    if not ELSEWHERE.isdisjoint(words) or _HAPPENED.search(text):
        return PrivateReason.PRIVATE_REASON_ASKER
    if _ACTION.search(text):
        return PrivateReason.PRIVATE_REASON_ACTION
    if not SELF.isdisjoint(words) and is_somebodys(text):
        return PrivateReason.PRIVATE_REASON_ASKER
    if _NOW.search(text):
        return PrivateReason.PRIVATE_REASON_TIME
    if len(words) < 2 or _CONTINUED.search(text) or _points_back(text) or words <= _LITTLE:
        return PrivateReason.PRIVATE_REASON_CONVERSATION
    return PrivateReason.PRIVATE_REASON_UNSPECIFIED


def _elsewhere(text: str, words: Sequence[str], language: str) -> PrivateReason:
    known = LANGUAGES.get(language)
    if known is None or is_foreign(text, known.scripts) or _ACTION.search(text):
        return PrivateReason.PRIVATE_REASON_UNREADABLE
    if known.asker.search(text) or not (SELF - {"i", "us"}).isdisjoint(words):
        return PrivateReason.PRIVATE_REASON_ASKER
    if known.now.search(text):
        return PrivateReason.PRIVATE_REASON_TIME
    if known.pointing.search(text):
        return PrivateReason.PRIVATE_REASON_CONVERSATION
    return (
        PrivateReason.PRIVATE_REASON_UNSPECIFIED
        if known.anybodys.search(text)
        else PrivateReason.PRIVATE_REASON_UNREADABLE
    )


def _unmarked(text: str) -> str:
    """Return a text without accents, with which English words stay what they are."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _is_personal(asked: str, text: str) -> bool:
    if _NUMBERED.search(text) or _NAMED.search(asked):
        return True
    return not _PLAIN.fullmatch(text) and bool(personal_in(asked) or personal_in(text))


def _points_back(text: str) -> bool:
    """Return whether a word points at something, and none before it says at what."""
    rest = _EMPTY.sub(" ", text)
    found = _POINTING.search(rest)
    return found is not None and _LITTLE.issuperset(_WORD.findall(_DONE.sub(" ", rest[: found.start()])))
