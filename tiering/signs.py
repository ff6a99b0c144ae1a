"""Signs in English: of one asker, of one moment, of something said before, of something to be done."""

from __future__ import annotations

import re


def one_of(lines: str) -> str:
    """Return a pattern for one of the lines, each a pattern itself."""
    return "|".join(line.strip() for line in lines.strip().splitlines())


class Signs:
    """Words, and patterns that are looked for only where a word of theirs stands.

    A line of words alone lists signs; one with a colon lists the words beside which the pattern after it is looked for.
    Hundreds of patterns are quick in this way: a question has few words, and most of them are no sign of anything.
    """

    def __init__(self, lines: str) -> None:
        patterns: dict[str, list[str]] = {}
        for line in lines.strip().splitlines():
            words, _, pattern = line.strip().partition(": ")
            for word in words.split():
                patterns.setdefault(word, []).append(pattern)
        self._patterns = {word: re.compile("|".join(found)) for word, found in patterns.items()}

    def stand(self, text: str, words: frozenset[str]) -> bool:
        """Return whether one stands in a text of these words."""
        return any(self._patterns[word].search(text) for word in self._patterns.keys() & words)


# Of a thing that only one of the two could mean, though nobody says whose it is.
_THING = (
    "(?:orders?|package|parcel|delivery|refund|payment|transfer|card|shipment|appointment|booking|reservation|account"
    "|balance|money|courier|driver|item|replacement|application|claim|ticket|invoice|bill|statement|charge|fee|top ?up"
    "|withdrawal|deposit|purchase|debit|cash|funds|flight|train|bus|payche(?:ck|que)|transactions?)s?"
)
_ONE = r"(?:the|an?) (?:\w+ )?"
_HAPPENS = (
    "(?:arrive|come|coming|delivered|refunded|returned|reversed|shipped|here|due|land|depart|board|processed|on its way"
    "|lost|pending|approved|declined)"
)
# Matched where a clause begins.
HAPPENED = re.compile(
    one_of(
        rf"""
        (?:has|have|had|did|was|were) (?:the|an?|any|you|they|he|she|it|there)\b.*\b{_THING}\b
        where (?:is|are|was) the (?:\w+ )?{_THING}\b
        when (?:will|is|does|did|was|should) {_ONE}{_THING}\b.*\b{_HAPPENS}\b
        why (?:was|has|did|had|were|have)\b.*\b{_THING}\b
        why (?:(?:is|are|do|does) )?(?:the|there)\b.*\b{_THING}\b
        (?:is|are|will) the (?:\w+ )?{_THING}\b.*\b{_HAPPENS}\b
        why (?:is|are) the (?:\w+ )?(?:internet|wi ?fi|connection|website|site|app|servers?|service|system)\b
        (?:is|are|were) there (?:any )?(?:transfer|payment|transaction|withdrawal|deposit|purchase|order|debit)s\b
        what happened (?:with|to)\b
        (?:have|did|had) you\b
        (?:\w+ )?{_THING} (?:status|balance|update|tracking)\b
        balance\b
        what is the (?:\w+ )?(?:bill|balance)$
        """
    )
)
ASKER = Signs(
    rf"""
    whereabouts eta finally nearby nearest closest
    much: \bhow much (?:was|were|did)\b
    many: \bhow many {_THING} (?:were|was|did|have|has)\b
    transfer payment charge pay send refund transaction fee: \b\d+\.\d\d\b
    update: \bupdate on\b
    progress: \bprogress of\b
    sent: \b(?:was|were|been) (?:\w+ )?sent\b
    left: \bleft$
    left: \b(?:is|are|much|many|any)\b[\w ]* left\b
    enough: \bis there enough\b
    area: \bin the area\b
    here: \b(?:around|near) here\b
    you: \byou (?:sent|charged|gave|promised|emailed|called)\b
    status: \bstatus\b(?!.*\bmean)(?! (?:code|bar|page))
    due: \bdue date (?:for|of)\b.*\bbill\b
    """
)
_PERIOD = (
    "(?:second|minute|hour|morning|afternoon|evening|night|day|week|weekend|month|quarter|season|semester|term|year"
    "|monday|tuesday|wednesday|thursday|friday|saturday|sunday|christmas|easter|spring|summer|autumn|winter)s?"
)
_OFFICE = "(?:president|ceo|prime|king|queen|chancellor|head|owner|leader|mayor|governor|pope|coach|champion)"
_BEING = "(?:over|down|opened|open|closed|offline|online|back|running|up|working|available)"
NOW = Signs(
    rf"""
    today today's tomorrow's yesterday's tonight tomorrow yesterday nowadays currently latest newest recent
    recently lately presently upcoming yet anymore trending ago outage weather forecast news headlines
    vacancies traffic
    now: \b(?<!buy )now\b
    current: \bcurrent(?! (?:account|password))
    soon: \b(?<!how )soon\b
    still: \b(?<!can i )(?<!can we )(?<!can you )(?<!and )still\b
    so: \bso far\b
    as: \bas of\b
    at: \bat (?:the moment|present)\b
    these: \bthese days\b
    already: \balready(?! (?:have|has|had|own|in place))
    next: \bnext(?! (?:to|steps?|day delivery))\b
    this last past coming: \b(?:this|last|past|coming) {_PERIOD}\b
    it: \b(?:time|day|date|year|month|hour|minute|week) (?:is it|it is|will it be)\b
    time date day: \bwhat is the (?:exact |correct )?(?:time|date|day)(?: (?:in|there|right)\b|$)
    time date: \bdo you have the (?:time|date)\b
    has have: ^(?:has|have)\b
    will would: ^(?:when|what time|how long) (?:will|would) (?!it take)
    any: ^any\b.*\b(?:free|available)\b
    temperature: \bwhat is the temperature (?:in|outside)\b
    how: \bhow (?:long|many \w+) (?:until|till|is left)\b|\bhow (?:old (?:is|are)|busy)\b
    on: \bon (?:time|sale)\b|\bwhat is on\b
    what: \bwhat is (?:happening|going on)\b
    stock: \b(?:in|out of) stock\b|\bstock price\b
    sold: \bsold out\b
    score: \b(?:the|final|live) score\b
    rate: \bexchange rate\b
    price: \bshare price\b
    price value: \b(?:price|value) of (?:bitcoin|gold|oil|silver|ethereum|gas)\b
    flight train bus: \b(?:flight|train|bus) [a-z]{{0,3}} ?\d+
    who: \bwho (?:won(?!.*\b(?:1\d|20)\d\d\b)|is winning)\b|\bwho is the (?:\w+ )?{_OFFICE}\b
    closed: \b(?:why|how long)\b.*\bclosed\b
    working: \bwhy (?:is|are) .*\bnot working\b
    is are: ^(?:is|are) [^,]{{1,60}} {_BEING}$
    """
)
# What is done or made for one person; how it is done is everybody's.
_ACT = "|".join(
    """write draft compose rewrite rephrase paraphrase translate summarize proofread generate create make design invent
    imagine book order buy reserve cancel refund transfer send forward call ring email text message remind schedule play
    sing set add remove delete activate deactivate change update reset unsubscribe subscribe upgrade downgrade recommend
    suggest calculate compute convert check open close connect turn give find show get help speak talk let put move
    switch start stop pause block unblock freeze pay submit fix track look read repeat roll flip tell save share keep
    log sign file report confirm reply respond answer say print output include mention use always never only""".split()
)
_NO_ACT = r"(?! (?:policy|policies|fees?|costs?|options?|rules?|hours)\b)"
# What is asked of anybody who sells, or who knows.
_KNOWN = (
    r"(?:please )?(?:explain|describe|define|clarify|ship|deliver|accept|offer|provide|support|match|repair|service|fit"
    r"|install|eat|drink|freeze|reheat|cook|refund)\b(?! (?:me|us|my|our)\b)"
)
# Matched where a sentence begins.
ACTION = re.compile(
    one_of(
        rf"""
        (?:(?:please|kindly|just|also|go ahead and|let us|let's) )*(?:{_ACT})\b{_NO_ACT}
        do (?:not|me|an?|some)\b
        (?:let us|let's|please|you (?:need|should|must|have|can|could|will))\b
        (?:can|could|may) (?:i|we) (?:please |also )*(?:speak|talk|chat)\b
        could (?:i|we) (?:please |also )*(?:get|have|book|order|make|change|set|add|see|reserve|arrange|request)\b
        (?:can|could|would) (?:someone|somebody|anyone|anybody) (?:please )?(?:{_ACT})\b
        (?:i|we) (?:want|need|would like|wish)\b(?!.*\b(?:how|wh\w+|if|can|is there)\b)
        """
    )
)
# Matched where a clause begins.
REQUEST = re.compile(rf"(?:can|could|will|would) (?:you|u|ya) (?!{_KNOWN})")
_DAY = r"(?<!a )(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\d+(?:st|nd|rd|th)\b|\d+ nights?|noon|midnight"
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CLOCK = (
    r"\d\d? ?[ap]m\b|\d?\d[ .]\d\d\b|at (?:[1-9]|1[0-2])\b|\d\d? (?:past|to) \d|past \d|(?:from|between) \d"
)
_WHEN = rf"\b(?:{_DAY}|{_CLOCK}|{_MONTH} \d|\d\d? (?:of )?{_MONTH})"
_ROOM = r"\bfree (?:tables?|slots?|rooms?|spots?|seats?|appointments?|times?)\b|\bsomething free|\bfree$"
_FREE = r"(?:do you have|is there|are there|(?:what|which)\b.*\b(?:available|free))\b"
_WANTED = re.compile(rf"(?:can|could|may) (?:i|we)\b|(?={_FREE})")
_TIMED = re.compile(_WHEN)
_TIMED_OR_FREE = re.compile(rf"{_ROOM}|{_WHEN}")
_DATED = re.compile(r"\d|day|noon|midnight|free")
# Matched where a question begins.
CONTINUES = re.compile(
    one_of(
        r"""
        (?:and|but|or|so|also|then|what about|how about|why not|really|ok|okay|yes|no|sure|same|continue|go on|more)\b
        (?:got it|will do|sounds good|go ahead|i understand)\b
        (?:oh|ah|thanks?|much appreciated|great|perfect|cool|fine|right|alright|good|i see|hmm|well|wait|nice)\b
        (?:another|because|instead|only|just|not|mine)\b
        (?:in|for|on|at|with|without|from|to|by|of|about|after|before)\b(?!.*\b(?:how|wh\w+|can|do|does|is|are)\b)
        """
    )
)
SAID = Signs(
    r"""
    again else previously here former latter
    1 one ones: \b(?:which|that|this|another|other|\w+st|\w+er) (?:1|one|ones)\b(?! (?:can|should|must|may|could)\b)
    other others: \bthe others?$|\bthe other (?:1|one)\b
    same: \bthe same(?: (?:question|1|for|applies)\b|$)
    instead: \binstead(?! of)
    as: \bas (?:before|above)\b
    more: \bmore details?\b
    you: \bdid you (?:just )?(?:say|mean)\b
    you: \byou (?:just |have )?(?:said|mentioned|told|suggested|recommended|meant|wrote)\b
    question answer: \b(?:previous|above|last|\d+(?:st|nd|rd|th)) (?:question|answer)\b
    message point step option part: \b(?:previous|above|last|\d+(?:st|nd|rd|th)) (?:message|point|step|option|part)\b
    this these: \b(?:this|these)\b(?! (?:site|website|app|service|company|shop|store|platform)\b)
    there: \bover there\b
    ok okay fine: \b(?:is|would)\b.*\b(?:ok|okay|fine)$
    """
)
_STOP = re.compile(r"[.,?!;]")
# These point even at what was named: which of them, is not said.
_SHOWING = re.compile(r"\b(?:that|those)\b")
_POINTING = frozenset("it its that those they them their theirs he him his she her hers there".split())
_POINTED = re.compile(rf"\b(?:{'|'.join(_POINTING)})\b")
_OFTEN = "(?:(?:really|ever|always|also|usually|normally|typically|generally) )?"
# Words that only look like these: is it possible, there is, a plan that has.
_EMPTY = re.compile(
    one_of(
        rf"""
        \b(?:is|was|will|would|can|could) it (?:be )?{_OFTEN}(?:possible|ok|okay|safe|legal|illegal|worth|better|best)\b
        \b(?:is|was|would) it (?:be )?{_OFTEN}(?:necessary|true|normal|bad|good|hard|easy|free|fine|cheaper|common)\b
        \b(?:is|was|would) it (?:be )?{_OFTEN}(?:required|allowed|mandatory|dangerous|important|healthy)\b
        \b(?:(?:will|would|can|could|does|did) )?it {_OFTEN}(?:take|cost|matter|mean|make)s?\b
        \b(?:is|are|was|were|will|does|do|did) there\b
        \bthere (?:is|are|be)\b
        \b(?:that|those) (?:site|website|app|service|company|shop|store|platform)\b
        \b(?:so|true|sure|know|say|mean|think|given|provided) that(?= \w)
        , how (?:do i do|does) that(?: work)?$
        \bthose (?:who|with|that|in|on|from|of|under|over|people)\b|\b(?:than|to) that of\b
        (?<=\w\w\ws)(?<!does) that (?=\w)
        (?<=\w) that (?=(?:is|are|was|has|have|can|will|i|you|we|it|they|an?|the|\w+s)\b)
        """
    )
)
# What is done, which is nothing that a word could point back at: how do I cancel it?
_DONE = re.compile(
    r"\b(?:i|we|you|to|please|not|and)(?: \w+ly)? [a-z]+(?: and [a-z]+)?\b|\b(?:can|could|will|would) you [a-z]+\b"
)


def is_booked(text: str) -> bool:
    """Return whether something is wanted for a certain time, or asked for being free."""
    wanted = _DATED.search(text) and _WANTED.match(text)
    return bool(wanted and (_TIMED if wanted[0] else _TIMED_OR_FREE).search(text))


LITTLE = frozenset(
    """what how why when where which who whose is are was were do does did can could will would should must may might
    have has had a an the of to for in on at by with from and or but not be been being am so if as much many long often
    far else about all any also then than please really exactly just even mean i we you my our your me us off up out
    into over before after until while because there it explain describe define work works use take takes
    cost costs 1 one ones thing things something
    anything""".split()
)
"""Words that say nothing of what a question is about."""


_VAGUE = LITTLE | frozenset(
    """duration total average max maximum minimum price prices difference differences limit limits option options answer
    answers reason reasons result results hours days time times rules steps fee fees process procedure requirements
    conditions""".split()
)


def says_nothing(words: frozenset[str]) -> bool:
    """Return whether nothing says what the question is about: what is the difference?"""
    return words <= (LITTLE if "your" in words else _VAGUE)


def points_back(text: str, words: frozenset[str]) -> bool:
    """Return whether a word points at something, and none before it says at what."""
    if _POINTING.isdisjoint(words):
        return False
    rest = _EMPTY.sub(" ", text)
    found = _POINTED.search(rest)
    if _SHOWING.search(rest):
        return True
    if found is None:
        return False
    before = " ".join(_STOP.sub(" ", rest[: found.start()]).split())
    return LITTLE.issuperset(_DONE.sub(" ", before).split())


_QUESTION = (
    "(?:what|how|when|where|which|who|whom|whose|why|can|could|would|will|is|are|am|was|were|do|does|did|has|have|had"
    "|should|shall|may|must|explain|describe|define|compare)"
)
_TOPIC = (
    r"(?:policy|policies|fees?|costs?|prices?|pricing|charges|hours|difference|requirements?|rules|options|meaning"
    r"|definition|limits|methods|instructions|steps|tutorial|vs [\w ]+|information|benefits|guide)"
)
# In its first sentence: who begins with what happened asks about that.
ASKS = re.compile(
    rf"(?:[^.!?;]*, (?:and |so |but |then )?)?{_QUESTION}\b|[^.!?;]*\b(?:what|how|why|which|where|whether)\b"
    rf"|(?:\w+ ){{0,6}}{_TOPIC}(?: (?:for|of|in|to|on|at|with|between|from)\b[\w ]*)?$"
)
