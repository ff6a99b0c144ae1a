"""Telling the name of a site, an address or an identifier from the name of a thing."""

from __future__ import annotations

import re
from itertools import pairwise

# Endings of most sites. Not py, rs, md, sh, so, pl and the like: more files than sites end so.
_ENDINGS = frozenset(
    """com org net edu gov mil int info biz name mobi xyz top site online website shop store club link click live icu
    vip pro app dev page cloud tech blog news wiki zip mov io ai co me tv cc ly gg to su tk ml ga cf gq ws fm im onion
    eu uk us ca au nz de fr es it nl be ch at se no dk fi ie pt gr cz sk hu ro bg ua ru by kz tr il ae sa ir in pk
    bd lk cn tw hk jp kr sg my th vn id ph br ar mx cl pe za ng ke eg""".split()
)
# Technologies whose names end as sites do.
_NO_SITES = frozenset({"asp.net", "ado.net", "vb.net", "ml.net", "socket.io", "fast.ai"})
_SCHEMES = frozenset({"http", "https", "ftp", "sftp", "ssh", "file", "data", "javascript", "mailto", "www"})
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_HEXADECIMAL = re.compile(r"(?=.*\d)[0-9a-f]{12,}|\d{9,}", re.IGNORECASE)
_RUNS = re.compile(r"[a-z]+|[A-Z]+|\d+")
# Base64 and its like change between small letters, capitals and digits all the time; names do not.
_SCRAMBLED_LETTERS_MIN = 12
_SCRAMBLED_RUNS_SHARE = 0.4


def names_site(text: str) -> bool:
    """Return whether a name holds the name of a site or an address, with or without its scheme."""
    words = text.casefold().split()
    if any(word == "dot" and ending in _ENDINGS for word, ending in pairwise(words)):
        return True
    for word in words:
        segments = word.split("/")
        # HTTP/2 is none.
        if len(segments) > 1 and segments[0] in _SCHEMES and not segments[1][:1].isdigit():
            return True
        if any(_is_host(segment) for segment in segments):
            return True
    return False


def is_identifier(part: str) -> bool:
    """Return whether a run of letters and digits is a number, a hash or encoded text rather than a word."""
    if _HEXADECIMAL.fullmatch(part):
        return True
    if len(part) < _SCRAMBLED_LETTERS_MIN or not part.isascii():
        return False
    return len(_RUNS.findall(part)) >= _SCRAMBLED_RUNS_SHARE * len(part)


def _is_host(segment: str) -> bool:
    labels = segment.split(".")
    if len(labels) < 2 or not labels[0] or segment in _NO_SITES:
        return False
    if labels[0] == "www" or labels[-1] in _ENDINGS or _ADDRESS.fullmatch(segment) is not None:
        return True
    # Sites of other scripts; no file and no technology ends so.
    return not labels[-1].isascii() and labels[-1].isalpha()
