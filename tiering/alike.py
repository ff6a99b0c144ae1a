"""What English says in more than one way: phrases, words that mean the same, endings that change nothing."""

from __future__ import annotations

import re
from functools import lru_cache

import Stemmer

# Words of a group may stand for each other: it asks the same, or makes no sense. Delivery and dispatch are no group,
# nor are pausing and cancelling. After a colon: only beside one of these words.
_GROUPS = """
    begin start commence; buy purchase; delete remove erase; fix repair mend; get obtain receive; help assist;
    choose select pick; need require; allow permit; photo picture pic photograph; mobile cell; flat apartment;
    lift elevator; holiday vacation; truck lorry; trash garbage rubbish; film movie; shop store; diaper nappy;
    child children kid; television tv telly; phone telephone; car automobile; bike bicycle; fridge refrigerator;
    advertisement ad advert; information info; identification id; repository repo; document doc;
    university uni; exam examination;
    price cost fee charge; deliver ship delivery shipping; parcel package; book reserve; booking reservation;
    warranty guarantee; drawback downside disadvantage; benefit advantage; employee staff; customer client;
    fast quick quickly rapidly; big large; hard difficult; easy simple; faulty defective; ill sick unwell; find locate;
    see view; close shut; speak talk; annual yearly annually; maximum max; happen occur; improve enhance; what which;
    can could; invitation invite; reply respond; mail post; show display; mute silence; enable activate;
    disable deactivate; immediately instantly; rent hire; decline reject refuse; leave depart; end finish; math maths;
    appointment appt; account acct; password pwd; message msg; department dept; hour hr; kilometer km; kilogram kg kilo;
    gigabyte gb; megabyte mb; legal lawful; illegal unlawful; lawyer attorney; physician doctor; postpone defer;
    change amend modify alter edit;
    change update : address email detail name phone number password payment card billing information profile photo;
    cancel end stop terminate quit : subscription membership contract plan policy trial;
    book make schedule arrange : appointment; submit file lodge make : claim complaint application;
    send submit give provide : reading; earn make : money; settle pay : bill invoice;
    install setup : app software python
    """
_PHRASES = {
    "login": "log in to|log into|log in|log on to|log on|sign in to|sign into|sign in|logon|log on",
    "logout": "log out of|log out|log off|sign out of|sign out|sign off",
    "register": "sign up|enroll in|enroll on",
    "contact": "get in touch with|get hold of|reach out to",
    "setup": "set up|set-up",
    "enable": "turn on|switch on",
    "disable": "turn off|switch off",
    "pay": "make a payment|make payment|make payments",
    "book": "make a booking|make a reservation",
    "complain": "make a complaint|file a complaint|lodge a complaint|raise a complaint|submit a complaint",
    "get a refund": "get my money back|get money back|get refunded|be refunded|claim a refund",
    "to": "in order to|so as to",
    "mobile phone": "cell phone|cellphone",
    "uk": "united kingdom|u.k",
    "u.s": "united states of america|united states|u.s.a|usa",
    "opening hours": "opening times|opening hour|business hours",
    "atm": "cash machine|cashpoint",
    "on weekend": "at the weekend|on the weekend|at weekends|on weekends|over the weekend|at weekend",
    "free": "free of charge|for free|at no cost",
    "delete": "get rid of",
    "why": "how come|for what reason",
    "what": "what sort of|what kind of|what type of",
    "return it": "send it back",
    "remotework": "work from home|working from home|remote work|remote working|work remotely|working remotely",
    "per year": "each year|every year|per annum",
    "per month": "each month|every month",
    "per week": "each week|every week",
    "per day": "each day|every day",
    "vs": "versus",
    "several": "a few",
    "slightly": "a little|a bit",
    "insurance": "insurance policy|insurance cover",
    "": "exactly|usually|normally|typically|generally|currently|actually|kindly|please|simply",
}
_SAID = {said: phrase for phrase, ways in _PHRASES.items() for said in ways.split("|")}
_PHRASE = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _SAID), key=len, reverse=True))})\b")
_WAYS = "(?:way|ways|process|procedure|method|steps|correct way|right way|proper way)"
_DO_THAT = (
    " (?:and )?(?:how (?:do i (?:do|go about) (?:that|it)|does (?:that|it) work|do i)|what do i do|how)"
)
# How a question begins when it is one of few kinds. The first that fits each time, in this order.
_FRAMES = tuple(
    (re.compile(pattern), frame)
    for pattern, frame in (
        (
            r"^(?:(?:(?:can|could|would) you )?(?:tell me|let me know|confirm|advise|check)|do you know"
            r"|i (?:was|am) (?:just )?wondering|i (?:would like|want|need|wanted) to (?:know|check|ask))"
            " (?:if|whether) ",
            "",
        ),
        (rf"^what (?:is|are) the {_WAYS} (?:to|for|of|involved in) ", "how do i "),
        (
            r"^what (?:do i (?:need|have) to do|should i do|must i do|steps do i (?:need to )?take) to ",
            "how do i ",
        ),
        (r"^how (?:do i go about|does one|does someone|do you go about) ", "how do i "),
        (rf"^i (?:want|need|would like|am trying|wish|am looking) to (.+?){_DO_THAT}$", r"how do i \1"),
        (
            r"^(?:(?:is it|would it be) (?:possible|ok|okay|alright|all right|fine|permitted|allowed) (?:to|if i)"
            r"|(?:am|will|would|are) i (?:be )?(?:allowed|able|permitted) to|may i|could i|is there (?:a|any) way to) ",
            "can i ",
        ),
        (r"^how much (?:do you charge|does it cost|will it cost|would it cost) (?:for|to) ", "price "),
        (r"^how much (?:do|does|will|would|did) (.+?) cost\b", r"price \1"),
        (r"^what (?:do|does|will|would) (.+?) cost\b", r"price \1"),
        (r"^(?:how much|what) (?:is|are) the (?:price|cost|fee|charge)s? (?:of|for|to) ", "price "),
        (r"^how much (?:is|are) ", "price "),
        (r"^what (?:is|are) (?:the|your) ((?:[\w-]+ )?[\w-]+) (?:price|cost|fee|charge)s?$", r"price \1"),
        (r"^how long (?:do|does|will|would) it take (?:me )?(?:to|for) ", "duration "),
        (r"^how long (?:do|does|will|would) (.+?) take\b", r"duration \1"),
        (r"^(?:(?:is|are) there|there (?:is|are)) (?:any )?", "available "),
        (r"^(?:is|are) (.+?) available\b", r"available \1"),
        (r"^(?:do )?you (?:have|offer|provide|do) ", "you have "),
        (
            r"^(?:do i (?:have|need) to|am i required to|must i|is it (?:necessary|compulsory|mandatory) to) ",
            "must ",
        ),
        (r"^(?:at )?what time ", "when "),
        (r"(?<=\w )(is|are) there\b", r"\1"),
        (r"\b(\d+) o'clock\b", r"\1"),
        (r"\b(\d+(?::\d\d)?) in the morning\b", r"\1am"),
        (r"\b(\d+(?::\d\d)?) in the (?:afternoon|evening)\b", r"\1pm"),
    )
)

# What one has of them is no matter of number or of doing: savings are not what saving is, nor goods what is good.
_WHOLE = frozenset(
    """training parking dating saving savings building meeting setting wedding clothing hearing rating meaning opening
    booking banking evening morning dressing housing listing landing earning earnings ending being bearing fitting
    spelling drawing painting string king ring thing bring spring during something nothing anything everything feeling
    customs goods news means glasses arms works paste pastes speed feed his this us yes its was has does
    always process address access business express less across plus lens bus gas virus status bonus campus
    before since above because inside outside where there here some none one more same""".split()
)
# Endings of number and of what is being done. That of what is done is not among them: who pays is not who is paid.
_ENDING = re.compile(r"(?:[a-z]?ing)?s?|es?|ys?|ies?")
_STEMMER = Stemmer.Stemmer("english", 0)


def phrased(text: str) -> str:
    """Return a normal form with phrases and beginnings that mean the same made one."""
    text = " ".join(_PHRASE.sub(lambda found: _SAID[found[0]], text).split())
    for pattern, frame in _FRAMES:
        text = pattern.sub(frame, text)
    return text


def _base(word: str) -> str:
    if word in _WHOLE or len(word) < 4 or not word.isalpha():
        return word
    stem = _STEMMER.stemWord(word)
    shared = next(
        (at for at, (one, other) in enumerate(zip(word, stem, strict=False)) if one != other), len(stem)
    )
    ending = word[shared:]
    return stem if _ENDING.fullmatch(ending) else f"{stem}-{ending.rstrip('s')}"


def _groups() -> tuple[dict[str, str], list[tuple[dict[str, str], frozenset[str]]]]:
    everywhere: dict[str, str] = {}
    beside = []
    for group in _GROUPS.split(";"):
        words, _, near = group.partition(":")
        bases = [_base(word) for word in words.split()]
        if near:
            beside.append((dict.fromkeys(bases, bases[0]), frozenset(map(_base, near.split()))))
        else:
            everywhere |= dict.fromkeys(bases, bases[0])
    return everywhere, beside


_EVERYWHERE, _BESIDE = _groups()


# Of words alone, which say nothing of who asked what.
@lru_cache(maxsize=8192)
def _meaning(word: str) -> str:
    whole = _base(word)
    base, _, ending = whole.partition("-")
    if not ending or whole in _EVERYWHERE or base in ("need", "requir"):
        return _EVERYWHERE.get(whole, _EVERYWHERE.get(base, base))
    return f"{_EVERYWHERE.get(base, base)}-{ending}"


def meanings(words: list[str]) -> list[str]:
    """Return for each word what it shares with its plural, its -ing, and the words that say the same."""
    found = [_meaning(word) for word in words]
    for group, near in _BESIDE:
        if not near.isdisjoint(found):
            found = [group.get(each, each) for each in found]
    return found
