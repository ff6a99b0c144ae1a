"""Who is named or numbered in a question: what the redaction finds in any text, and what counts in a question alone."""

from __future__ import annotations

import re

from foreword.redaction import personal_in
from tiering.signs import Signs, one_of

_OUTSIDE_NAMES = re.compile(r"[^\w'.-]+|_+")
# With two digits at most it is no number of anybody's, nor with letters alone an address, unless it is spelled out.
_LETTERS = re.compile(r"[A-Za-z ,.?!;'-]*")
_FEW_DIGITS = re.compile(r"(?:[A-Za-z ,.?!;'-]*\d){0,2}[A-Za-z ,.?!;'-]*")
_SPOKEN = frozenset({"at", "dot"})
# Numbers of more digits than a price or a quantity has, and what only names somebody.
_NUMBERED = re.compile(
    one_of(
        r"""
        #\s?\d{2,}
        (?:\d[ ().-]{0,2}){8}\d
        (?<![\w$£€¥.,-])(?!0x)\d{6,}\b
        \b(?!iso|rfc|sha|cve|0x)(?=[a-z-]*\d)(?=(?:\w*\d){4})(?=\w*[a-z])\w{8,}\b
        @
        """
    )
)
# Capitals and digits that are no standard, card or update by its name.
_CODE = re.compile(
    r"\b(?!(?:ISO|RFC|SHA|CVE|UTF|IEEE|EN|DIN|RTX|GTX|KB|IPV|HTTP)\d)(?=\d*[A-Z]+\d)[A-Z\d]{5,}\b"
)
_POSTCODE = re.compile(r"\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b")
# An order, a ticket, an account: somebody's.
_FILED = (
    "order invoice ticket case account booking reservation reference ref tracking customer policy claim contract"
    " subscription transaction payment shipment parcel membership user employee patient passport licence license id pin"
)
_FILE = f"(?:{'|'.join(_FILED.split())})"
# A name is known by who says that it is one, or by what it owns.
_TITLED = Signs(
    rf"""
    {_FILED}: \b{_FILE}(?: (?:number|no\.?|id|nr\.?|code)(?: is)?)+ ?[:#]* ?[a-z-]*\d
    {_FILED}: \b{_FILE} ?(?:[:#]+ ?[a-z-]*\d|[a-z]*-?\d{{2,}})
    mr mrs ms dr prof
    born: \bborn (?:on|in) \d
    street st road rd avenue ave lane drive: \b\d{{1,4}} (?:[a-z]+ ){{1,2}}(?:street|st|road|rd|avenue|ave|lane|drive)\b
    name's
    dot: \bat [\w ]+ dot \w
    under: \b(?:is|its|booked|reserved|made|booking|reservation|appointment|order|account) under (?!the\b)\w+
    name: \b(?:my|whose|the) name is\b|\b(?:in|under) the (?:same )?name\b
    """
)
_NAME = r"(?!What|Who|Where|How|When|Why|That|It|Here|There|Let|She|He)[A-Z][\w'-]+(?: [A-Z][\w'.-]*)*"
_OWNED = "account|order|booking|reservation|appointment|records?|ticket|subscription|balance|password|profile"
_RELATIONS = (
    "boss ex wife husband friend brother sister mother father mum mom dad son daughter manager colleague doctor"
    " landlord neighbour neighbor girlfriend boyfriend partner teacher client customer patient tenant employee"
)
_RELATION = f"(?:{'|'.join(_RELATIONS.split())})"
_SAYS = "i'?m|i am|this is|signed,?|on behalf of|it's|it is"
_NAMED = Signs(
    rf"""
    am this it signed behalf: \b(?i:{_SAYS}) {_NAME} [A-Z]\w
    {_RELATIONS}: \b(?i:{_RELATION}) [A-Z]\w
    of for under named to name: \b(?i:(?:{_OWNED}|address|e-?mail) (?:of|for|under|belonging to)) {_NAME} [A-Z]\w
    number name: \b(?i:(?:{_OWNED}|phone number) (?:of|for|named|in the name of)) {_NAME} [A-Z]\w
    """
)
_SIGNED = re.compile(rf"[-–—~] ?{_NAME} [A-Z][\w'-]+[.!]?$")
_OWNS = rf"(?i:s (?:\w+ )?(?:{_OWNED}|address|e-?mail|number|phone|invoice|salary|birthday|medical|card)\b)"
_OWNER = re.compile(rf"\b{_NAME}'{_OWNS}")


def is_personal(shown: str, clear: str, words: frozenset[str]) -> bool:
    """Return whether a question names or numbers somebody.

    Args:
        shown: The question without accents and without characters that nobody sees.
        clear: Its normal form.
        words: The words of that.
    """
    named = shown if _LETTERS.fullmatch(shown) else _OUTSIDE_NAMES.sub(" ", shown)
    named = " ".join(named.split())
    loose = clear.replace("_", " ").replace("'", " ")
    if _TITLED.stand(loose, words) or _NAMED.stand(named, words) or _SIGNED.search(shown):
        return True
    if "'s " in named and _OWNER.search(named):
        return True
    if words.isdisjoint(_SPOKEN) and max(map(len, words)) < 20:
        if _LETTERS.fullmatch(shown):
            return False
        if _FEW_DIGITS.fullmatch(shown):
            return bool(_POSTCODE.search(loose) or _CODE.search(shown))
    return any(map(personal_in, (shown, clear))) or bool(
        _CODE.search(shown) or _NUMBERED.search(loose) or _POSTCODE.search(loose)
    )
