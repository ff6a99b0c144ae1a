"""Whose case an English question with "I" in it is about: anybody's who asks how, or that of the one who asks."""

from __future__ import annotations

import re

SELF = frozenset("i me my mine myself we us our ours ourselves i'd we'd im ive".split())


def one_of(lines: str) -> str:
    """Return a pattern for one of the lines, each a pattern itself."""
    return "|".join(line.strip() for line in lines.strip().splitlines())


_DATA = (
    "(?:my|our) (?:(?:personal|private|own|payment|credit|bank|card|health|customer) )*(?:data|information|details"
    "|files|messages|chats|photos|documents|privacy|content|conversations|backups|passwords?)"
)
_DEVICES = "(?:files|data|computer|phone|device|password|account|app|system|browser|settings)"
_FOR_ONE = r"(?= (?:\S+ )*(?:if|when|for|as|after|before|with|without|by|because|in|on|during)\b)"
_OTHER = r"(?:do|does|will|would|can|could) (?:(?:the|your|this) )?[\w.]+(?: ever| automatically)?"
_MUCH = "(?:long|often|much|many|far|soon|early|late|fast|big|quickly)"
_BEST = "(?:(?:best|right|easiest|fastest|safest|cheapest|correct|proper|quickest) )?"
# What may come before: who asks, in what case, and what they want or lost.
_THEN = r"\b[^?!;]{1,80}?[,.;:]? (?:and |so |but )?(?=(?:how|what|where|who|can|is there)\b)"
_BEFORE = one_of(
    rf"""
    as an? [\w -]{{1,40}}?,? (?:and |then )?
    (?:if|when) [^,]{{1,80}}, (?:and |then )?
    (?:i|we) (?:have )?(?:just )?(?:forgot(?:ten)?|lost){_THEN}
    (?:i|we) (?:want to|need to|would like to|wish to|am trying to|can not (?:remember|find|access|open)){_THEN}
    """
)
_ANYBODYS = re.compile(
    rf"(?:{_BEFORE})?(?:"
    + one_of(
        rf"""
        how (?:do|can|could|would|should|might|must) (?:i|we)\b(?! (?:look|sound|rank|compare|know (?:you|me))\b)
        how {_MUCH}\b[\w -]{{0,40}} (?:can|should|must|may|could) (?:i|we)\b
        how {_MUCH}\b[\w -]{{0,40}}? do (?:i|we) (?:have to|need|wait)\b(?! (?:to )?pay$)
        how (?:long|much|often|many)\b[\w -]{{0,20}} (?:does|do) it (?:take|cost)\b
        how (?:do|does|can|will|would) (?!my\b|our\b|i\b|we\b)(?:[\w-]+ ){{1,3}}
        how (?:is|are|will|would|can) {_DATA}
        (?:can|may|must|shall) (?:i|we|others|other (?:people|users)|someone|anyone|people)\b(?! (?:speak|talk|chat)\b)
        (?:can|may|must) (?:my|our|an?|the) \w+
        could (?:i|we)\b(?! (?:be|have|speak|talk|chat)\b)
        should (?:i|we)\b(?!.*\b(?:me|us|(?:my|our) (?!{_DEVICES}))\b)
        (?:do|would|will) (?:i|we) (?:have to|need|be able to)\b
        (?:do|would|will) (?:i|we) (?:get|lose|pay|keep|own|be (?:charged|billed|refunded|notified|taxed))\b{_FOR_ONE}
        am i (?:allowed|able|required|permitted|obliged|supposed)\b
        (?:is|was|would) it (?:be )?(?:ok|okay|possible|safe|legal|illegal|necessary|better|best|worth|normal|allowed)\b
        (?:is|was|would) it (?:be )?(?:bad|good|required|mandatory|free|true|easy|hard|fine|cheaper|dangerous|harmful)\b
        (?:is|are) there (?:an?|any) (?:ways?|limits?|fees?|charges?|options?|possibility|penalty|minimum|maximum)\b
        (?:is|are) there (?:an?|any) (?:cost|discounts?|deadline|difference|rules?|app|tool|alternatives?|downsides?)\b
        {_OTHER} (?:share|sell|store|keep|track)\b
        {_OTHER} (?:use|collect|protect|delete)\b
        {_OTHER} (?:save|record|read|see|access)\b
        {_OTHER} (?:encrypt|back up|work|sync)\b
        {_OTHER} (?:need|require|charge|slow)\b
        {_OTHER} (?:drain|affect|damage|hurt|support)\b
        what (?:happens|will happen|would happen|if)\b
        what (?:should|can|must|could) (?:i|we)\b
        what (?:do|will|would) (?:i|we) (?:need|have to|do|use|call|write|bring|wear|enter)\b
        (?:what|which) (?:(?!my\b|our\b)[\w-]+ ){{1,10}}(?:i|we) (?:can|should|must|may|need|have to)\b
        (?:where|which [\w -]{{1,30}}|what [\w -]{{1,30}}|who|whom) (?:can|should|must|may|could) (?:i|we)\b
        (?:where|who|whom) (?:do|would|will) (?:i|we) (?!have\b(?! to)|(?:owe|live|work|stand|rank|belong|sit|come)\b)
        (?:what|which) [\w -]{{1,30}} (?:do|would|will) (?:i|we) (?!have\b(?! to)|owe\b|get$)
        when (?:can|should|must|may) (?:i|we)\b
        why (?:should|must|would) (?:i|we)\b
        why do (?:i|we) (?:have to|need)\b
        why (?:do|does) (?!i\b|we\b|my\b|our\b)
        what (?:is|are) the {_BEST}(?:ways?|time|process|procedure|steps|requirements|rules|options|method|place)\b
        what (?:is|are) the {_BEST}(?:fee|cost|penalty|difference|risks?|deadline)\b
        (?:is|are|will) {_DATA}(?: be)? (?:safe|secure|encrypted|protected|private|confidential|backed up|shared|sold)\b
        (?:is|are|will) {_DATA}(?: be)? (?:kept|stored|deleted|visible|used|lost)\b
        who (?:can|owns|has access to|sees|is able to)\b
        """
    )
    + ")"
)
# If I lose it: a case, not the asker.
_CASE = re.compile(
    r"\b(?:if|unless|in case|whether) (?:i|we|my|our)\b"
    r"|\b(?:when|whenever|once) (?:i|we|my|our)\b(?! (?:was|were|had|did)\b)"
)
_SOON = "(?:(?:just|already|only|recently|never|also|really|always) )*"
_PLACES = (
    "(?:plan|tier|contract|tariff|package|age|weight|height|area|region|country|city|town|state|county|case|situation"
    "|location|level|income|salary|circumstances|condition|postcode|neighbou?rhood|health|budget|name)"
)
_SOMEBODYS = re.compile(
    one_of(
        rf"""
        \b(?:i|we) {_SOON}(?:am|are|was|were|had|did|have(?! to)|has|do not|can not|could not|will not|would)\b
        \b(?:i|we) {_SOON}(?!need|proceed|exceed|succeed|feed|embed|bleed|breed|speed)[a-z]+ed\b
        \b(?:i|we) {_SOON}(?:bought|paid|sent|got|made|went|took|left|spent|found|saw|gave|met|ate|drank|told|said)\b
        \b(?:i|we) {_SOON}(?:thought|felt|began|became|wrote|owe|live|weigh|earn|think|feel|believe|suffer)\b
        \b(?:i|we) {_SOON}(?:want|love|hate)\b
        \b(?:on|with|under|in|by|for|at|from|of|to|near) (?:my|our) (?:own |exact |particular )?{_PLACES}\b
        \b(?:my|our) (?:last|recent|latest|previous|\d)
        \b(?:near|around|about|like|know|remember|recommend|suggest|owe|told|gave|sent|charged|for|tell) (?:me|us)\b
        \b(?:my|our) (?:[\w-]+ ){{1,3}}?(?:is|are|was|were|has|have|had|keeps|hurts|told|says|said|did|does)\b
        \b(?:since|left)$
        """
    )
)


def is_somebodys(text: str) -> bool:
    """Return whether a normal form with "I" or "my" in it asks about the asker; so it does unless a rule says no."""
    found = _ANYBODYS.match(text)
    return found is None or bool(_SOMEBODYS.search(_CASE.sub("if one", text[found.end() :])))
