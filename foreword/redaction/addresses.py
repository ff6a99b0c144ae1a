"""Where a person or a machine of theirs is reached: e-mail and the addresses of the internet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from foreword.redaction.spans import Span

_EMAIL = re.compile(
    r"[^\W_](?:[\w.%+'-]{0,62}[\w])?(?:@|%40)(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}(?![\w@])"
)
# Written so that programs do not see it.
_EMAIL_SPELLED = re.compile(
    r"[\w.+-]{1,64}(?:\s?[(\[{]\s?at\s?[)\]}]\s?[\w-]{1,63}(?:\s?(?:\.|[(\[{]\s?dot\s?[)\]}])\s?[\w-]{2,63}){1,4}"
    r"|\sat\s[\w-]{1,63}(?:\sdot\s[\w-]{2,63}){1,4})",
    re.IGNORECASE,
)
_SPELLED_AT = re.compile(r"[(\[{]\s?at\s?[)\]}]|\sat\s[\w-]+\sdot\s", re.IGNORECASE)
# Shared by everybody, or the name of a file: git@github.com, icon@2x.png.
_NOBODYS = re.compile(r"git@|hg@|.*@\dx\.", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
# Four numbers with dots between are versions, unless a word or a port says that they are an address: of 28 in the
# texts of eight projects, 27 were versions and one was this machine.
_OF_ADDRESS = re.compile(
    r"\b(?:ip|ips|ipv4|address|addr|host|server|client|from|ping|ssh|curl|login|logged|visitor)\b",
    re.IGNORECASE,
)
_WORDS_AROUND = 30
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,6}(?![\w:])", re.IGNORECASE)


def address_spans(text: str) -> Iterator[Span]:
    """Yield the e-mail and internet addresses of a text; they may overlap."""
    if "@" in text or "%40" in text:
        for match in _EMAIL.finditer(text):
            if not _NOBODYS.match(match.group()):
                yield Span(match.start(), match.end(), "e-mail")
    if _SPELLED_AT.search(text):
        yield from (Span(match.start(), match.end(), "e-mail") for match in _EMAIL_SPELLED.finditer(text))
    for match in _IPV4.finditer(text) if text.count(".") > 2 else ():
        around = text[max(0, match.start() - _WORDS_AROUND) : match.start()]
        has_port = re.match(r":\d{2,5}\b", text[match.end() :]) is not None
        if _is_global(match.group()) and (has_port or _OF_ADDRESS.search(around) or around.endswith("://")):
            yield Span(match.start(), match.end(), "address")
    if text.count(":") > 1:
        for match in _IPV6.finditer(text):
            if _is_global(match.group()):
                yield Span(match.start(), match.end(), "address")


def _is_global(text: str) -> bool:
    """Return whether an address is somebody's; those of this machine, of homes and of examples are everybody's."""
    try:
        return ip_address(text).is_global
    except ValueError:
        return False
