"""Whose case an English question with "I" in it is about: anybody's who asks how, or that of the one who asks."""

from __future__ import annotations

import re

from tiering.signs import Signs, one_of

SELF = frozenset("i me my mine myself we us our ours ourselves i'd we'd im ive".split())

_DATA = (
    "(?:my|our) (?:(?:personal|private|own|payment|credit|bank|card|health|customer) )*(?:data|information|details"
    "|files|messages|chats|photos|documents|privacy|content|conversations|backups|passwords?)"
)
_DEVICES = "(?:files|data|computer|phone|device|password|account|app|system|browser|settings)"
_ROLE = (
    r"(?:my|our) (?:\w+ )?(?:employers?|boss|landlord|bank|gp|doctor|school|child|children|kids?|baby|son|daughter"
    r"|dogs?|cats?|pets?|partner|spouse|husband|wife|family|friends?|guests?|team|colleagues?|employees|staff|users?"
    r"|customers?|tenants?|parents?|mother|father|neighbou?rs?|flatmates?|company)"
)
_PAID = r"\b(?:pay|spend|charge|owe)\b.*\b(?:my|our|bills?|loan|card)\b"
_PAPERS = r"\b(?:statement|bill|invoice|account|payslip|report|results?)\b"
_NO_DAY = rf"(?!day|date|time)(?!.*{_PAID})"
_OWN = r"have\b(?! to)|(?:owe|earn|weigh|spend)\b|get$"
_FOR_ONE = r"(?=.* (?:if|when|for|as|after|before|with|without|by|because|in|on|during|to)\b)"
_KNOWING = r"(?:have|know|remember|think|show|say|see|owe|like|love|hate|miss|want|my|our|i|we)\b"
_MUCH = "(?:long|often|much|many|far|soon|early|late|fast|big|quickly)"
_OTHER = r"(?:do|does|will|would|can|could) (?:(?:the|your|this) )?(?!(?:my|our|i|we)\b)[\w.]+(?: ever| automatically)?"
_BEST = "(?:(?:best|right|easiest|fastest|safest|cheapest|correct|proper|quickest) )?"
# What may come before: who asks, in what case; what they want, or lost.
_LEAD = one_of(
    r"""
    as an? [\w ]{1,40}?,? (?:and |then )?
    (?:if|when|for|in|on|at|to|with|after|from|during|without) [^,]{1,80}, (?:and |then )?
    """
)
_WANT = one_of(
    r"""
    (?:i|we) (?:have )?(?:just )?(?:forgot(?:ten)?|lost)\b
    (?:i|we) (?:want|need|would like|wish|am trying) to\b
    (?:i|we) can not (?:remember|find|access|open)\b
    """
)
_THEN = r"[^?!;]{1,80}?[,.;]? (?:and |so |but )?(?=(?:how|what|where|who|can|is there)\b)"
_ANYBODYS = re.compile(
    rf"(?:{_LEAD})?(?:(?P<want>{_WANT}){_THEN})?(?P<core>"
    + one_of(
        rf"""
        how (?:do|can|could|would|should|might|must) (?:i|we)\b(?! (?:look|sound|rank|compare|know (?:you|me))\b)
        how(?: (?:i|we)\b|$)
        how {_MUCH}\b[\w ]{{0,20}} (?:does|do|should|can|must) {_ROLE}
        how {_MUCH}\b[\w ]{{0,40}} do (?:i|we) (?:get|pay|lose)\b{_FOR_ONE}
        how {_MUCH}\b(?!.*{_PAID})[\w ]{{0,40}} (?:can|should|must|may|could) (?:i|we)\b
        how {_MUCH}\b[\w ]{{0,40}} do (?:i|we) (?:have to|need)\b(?! (?:to )?(?:wait$|(?:pay|spend)\b(?:$|.*\bmy\b)))
        how {_MUCH}\b[\w ]{{0,20}} (?:does|do) it (?:take|cost)\b
        how (?:do|does|can|will|would) (?!(?:my|our|i|we)\b)(?:\w+ ){{1,3}}
        how (?:is|are|will|would|can) {_DATA}
        (?:can|may|must|shall) (?:i|we|others|other \w+|someone|anyone|people)\b
        (?:can|may|must) (?:my|our|an?|the) \w+
        could (?:i|we)\b(?! (?:be|have)\b)
        should (?:i|we)\b(?!.*\b(?:me|us|(?:my|our) (?!{_DEVICES}))\b){_FOR_ONE}
        (?:do|would|will) (?:i|we) (?:have to|need|be able to)\b
        (?:do|would|will) (?:i|we) (?:get|lose|pay|keep|own|be (?:charged|billed|refunded|notified|taxed))\b{_FOR_ONE}
        (?:(?:what|which|how|when|where)\b[\w ]{{0,30}} )?am i (?:allowed|able|required|permitted|obliged|supposed)\b
        (?:what|which|how|when)\b[\w ]{{0,30}} am i (?:owed|entitled)\b{_FOR_ONE}
        (?:does|do|will|would|is|are|should) {_ROLE} (?:have to|need|get|allowed|required|able|count|qualify)\b
        (?:what|which|how)\b[\w ]{{0,30}} (?:does|do|should|can) {_ROLE} (?:have to|need)\b
        what (?:is|are) (?:not )?(?:allowed|prohibited|forbidden|permitted)\b
        what (?:do|does) (?!(?:my|our|i|we)\b)(?!.*{_PAPERS}).*\bmean\b
        (?:is|was|would) it (?:be )?(?:ok|okay|possible|safe|legal|illegal|necessary|better|best|worth|normal|allowed)\b
        (?:is|was|would) it (?:be )?(?:bad|good|required|mandatory|free|true|easy|hard|fine|cheaper|dangerous|harmful)\b
        (?:is|are) there (?:an?|any) (?:ways?|limits?|fees?|charges?|options?|possibility|penalty|minimum|maximum)\b
        (?:is|are) there (?:an?|any) (?:cost|discounts?|deadline|difference|rules?|app|tool|alternatives?|downsides?)\b
        (?:do|does) (?:you|(?:your|the) \w+(?: \w+)?|(?!(?:my|our|i|we)\b)[\w.]+) (?!{_KNOWING})\w+\b
        {_OTHER} (?:share|sell|store|keep|track|use|collect|protect|delete|save|record|read|see|access|encrypt)\b
        {_OTHER} (?:back up|work|sync|need|require|charge|slow|drain|affect|damage|hurt|support)\b
        what (?:happens|will happen|would happen|if(?: (?:i|we|my|our))?)\b
        what (?:should|can|must|could) (?:i|we)\b(?! (?:expect|spend|pay)\b)
        what (?:do|will|would) (?:i|we) (?:need|have to|do|use|call|write|bring|wear|enter)\b
        (?:what|which) {_NO_DAY}(?:(?!(?:my|our)\b)\w+ ){{1,10}}(?:i|we) (?:can|should|must|may)\b(?! (?:get|have)$)
        (?:what|which) {_NO_DAY}(?:(?!(?:my|our)\b)\w+ ){{1,10}}(?:i|we) (?:need|have to)\b
        (?:where|which [\w ]{{1,30}}|what [\w ]{{1,30}}|who|whom) (?:can|should|must|may|could) (?:i|we)\b
        (?:where|who|whom) (?:do|would|will) (?:i|we) (?!have\b(?! to)|(?:owe|live|work|stand|rank|belong|sit|come)\b)
        (?:what|which) (?!day|date|time)[\w ]{{1,30}} (?:do|would|will) (?:i|we) (?!{_OWN})
        when (?:can|should|must|may) (?:i|we)\b(?!.*\b(?:expect|receive|get|see|my bill)\b)
        (?:in|under) (?:what|which) \w+ (?:would|can|do|should|must) (?:i|we)\b
        why (?:should|must|would) (?:i|we)\b
        why do (?:i|we) (?:have to|need)\b
        why (?:do|does) (?!(?:i|we|my|our)\b)
        what (?:is|are) the {_BEST}(?:ways?|time|process|procedure|steps|requirements|rules|options|method|place|fee)\b
        what (?:is|are) the {_BEST}(?:cost|penalty|difference|risks?|deadline|chances|signs?(?: that my)?)\b
        (?:is|are|will) {_DATA}(?: be)? (?:safe|secure|encrypted|protected|private|confidential|backed up|shared|sold)\b
        (?:is|are|will) {_DATA}(?: be)? (?:kept|stored|deleted|visible|used|lost)\b
        who (?:can|owns|has access to|sees|is able to)\b
        """
    )
    + ")"
)
_OFTEN = re.compile(
    r"\b(?:usually|normally|typically|generally|actually|really|legally|ever|possibly|easily|quickly|simply|exactly) "
)
# If I lose it: a case, not the asker.
_CASE = re.compile(
    r"\b(?:if|unless|in case|whether) (?:my \w+ and )?(?:i|we|my|our)\b"
    r"|\b(?:tell|know|see|check|make sure|ensure|signs) (?:that |if |whether )?my\b"
    r"|\b(?:when|whenever|once) (?:i|we|my|our)\b(?! (?:was|were|had|did)\b)"
)
_SOON = "(?:(?:just|already|only|recently|never|also|really|always) )*"
_PLACES = (
    "(?:plan|tier|contract|tariff|package|age|weight|height|area|region|country|city|town|state|county|case|situation"
    "|location|level|income|salary|circumstances|condition|postcode|neighbou?rhood|health|budget|room|table|seat|desk|door)"
)
_BEING = r"is|are|was|were|has|have|had|keeps?|got|gets|feels?|hurts?|itch\w*|burns?|told|says|said|did|does"
_SOMEBODYS = Signs(
    rf"""
    i'd we'd mine im ive
    i we: \b(?:i|we) {_SOON}(?:am|are|was|were|had|did|have\b(?! to\b)|has|do not|can not|could not|will not|would)\b
    i we: \b(?:i|we) {_SOON}(?!need|proceed|exceed|succeed|feed|embed|bleed|breed|speed)[a-z]+ed\b
    i we: \b(?:i|we) {_SOON}(?:bought|paid|sent|got|made|went|took|left|spent|found|saw|gave|met|ate|drank|told|said)\b
    i we: \b(?:i|we) {_SOON}(?:thought|felt|began|became|wrote|owe|live|weigh|earn|think|feel|believe|suffer)\b
    i we: \b(?:i|we) {_SOON}(?:want|love|hate)\b
    i we: \bdo (?:i|we) (?!need|have to)
    i we my our: \b(?:is|are|was|were|has|did|does|will) (?:my|our|i|we)\b
    my our: \b(?:on|with|under|in|by|for|at|from|of|to|near) (?:my|our) (?:own |exact |particular )?{_PLACES}\b
    my our: \b(?:given|considering) (?:my|our)\b
    my our: \b(?:my|our) (?:last|recent|latest|previous|\d+(?![\dsnrt]))
    my our: \b(?:my|our) (?:\w+ ){{1,3}}?(?:{_BEING})\b
    me us: \b(?:near|around|about|like|know|remember|recommend|suggest|owe|told|gave|sent) (?:me|us)\b
    me us: \b(?:charged|for|tell|refer to) (?:me|us)\b(?! to\b)
    me us: \b(?:sent|given|issued|mailed|shipped|posted|promised|delivered)(?: (?:out|back))? to (?:me|us)\b
    """
)


def is_somebodys(text: str) -> bool:
    """Return whether a text with "I" or "my" in it asks about the asker; so it does unless a rule says no."""
    text = _OFTEN.sub("", text)
    found = _ANYBODYS.match(text)
    if found is None:
        return True
    said = text[: found.start("core")].replace(found["want"] or "", "", 1) + text[found.end() :]
    said = _CASE.sub("if one", said)
    return _SOMEBODYS.stand(said, frozenset(_WORD.findall(said)))


_WORD = re.compile(r"[a-z']+")
