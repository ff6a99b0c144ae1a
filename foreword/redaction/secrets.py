"""Keys, tokens and passwords: by their shape, and by the word beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foreword.redaction.spans import Span

# What may hold a key: looking for every shape at every letter of a text takes 30 times as long.
_RUN = re.compile(r"[\w\-.+/=:~%]{16,}")
# Shapes that their issuers chose to be recognised by; see the lists of gitleaks and detect-secrets.
_ISSUED = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?:AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])
    | gh[pousr]_[A-Za-z0-9]{30,} | github_pat_\w{22,}
    | gl(?:pat|dt|rt|ptt|soat|ft|cbt|agent|imt|oas)-[\w.-]{20,}
    | xox[abeoprs]-[\w-]{10,} | xapp-\d-[\w-]{10,} | hooks\.slack\.com/(?:services|workflows)/[\w/]{20,}
    | (?:sk|pk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,} | whsec_[A-Za-z0-9+/=]{20,}
    | sk-[\w-]{20,} | xai-\w{20,} | gsk_\w{20,} | pplx-\w{20,} | nvapi-[\w-]{20,} | hf_[A-Za-z0-9]{20,} | r8_\w{20,}
    | AIza[\w-]{30,} | ya29\.[\w-]{20,} | GOCSPX-[\w-]{20,} | 1//0[\w-]{30,}
    | npm_[A-Za-z0-9]{30,} | pypi-[\w-]{40,} | rubygems_[0-9a-f]{40,} | dckr_(?:pat|oat)_[\w-]{20,}
    | SG\.[\w-]{16,}\.[\w-]{16,} | key-[0-9a-f]{32} | xkeysib-[\w-]{40,} | (?:AC|SK)[0-9a-f]{32}(?![0-9a-f])
    | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{30,} | do[oprt]_v1_[0-9a-f]{40,} | glsa_\w{30,} | glc_[A-Za-z0-9+/=]{30,}
    | lin_api_\w{20,} | figd_[\w-]{20,} | ATATT3[\w=-]{20,} | ATBB\w{20,} | secret_[A-Za-z0-9]{30,} | ntn_\w{30,}
    | hv[bs]\.[\w-]{20,} | PMAK-[0-9a-f]{20,}[\w-]* | sntrys_[\w+/=]{30,} | dapi[0-9a-f]{32}
    | pat[A-Za-z0-9]{14}\.[0-9a-f]{30,}
    | sq0(?:atp|csp|idp)-[\w-]{20,} | EAA[A-Za-z0-9]{60,} | access_token\$\w+\$[\w$]+
    | [MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,} | \d{8,10}:AA[\w-]{32,}
    | eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*
    )""",
    re.VERBOSE,
)
_AGE_KEY = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{20,}")
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL
)
# A password within an address: postgres://user:password@host.
_IN_ADDRESS = re.compile(r"[a-zA-Z][\w+.-]{1,20}://([^\s/@:\"'<>]{0,100}:[^\s/@\"'<>]{1,200})@")
# The same given to curl, and what it is given by other programs.
_GIVEN = re.compile(r"(?:^|\s)(?:-u|--user)[ =][\"']?([^\s:\"']{1,64}:[^\s\"']{1,200})")
# Encoded bytes: a part between slashes, and all of it, since they may be its own.
_ENCODED_PARTS = (re.compile(r"[\w+=-]{20,}"), re.compile(r"[A-Za-z0-9+/]{40,}={0,2}"))
_HUMPS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
# Encoded bytes have a new hump at every second or third letter, names in camelCase at every fifth or later.
_HUMPS_SHARE = 0.34
_ENCODED_MIN = 20

_PASSWORD_WORD = (
    r"pass(?:word|wd|phrase|code|wort)|passwd|kennwort|pwd|\bpw\b|mot\ de\ passe|contrase(?:ñ|n)a|\bsenha\b|\bclave\b"
    r"|\bpass\b(?='?\s?[:=])|wachtwoord|hasło|пароль|密码|密碼|パスワード|비밀번호|\bpin\b|\bcvv\b|\bcvc\b|\botp\b"
)
_KEY_WORD = (
    r"secret|token|api[ _-]?key|access[ _-]?key|auth[ _-]?key|private[ _-]?key|signing[ _-]?key|encryption[ _-]?key"
    r"|account[ _-]?key|client[ _-]?secret|credentials?|authorization|bearer|basic|\bkey\b|_key\b|sas|signature|\bsig\b"
)
_WORD = re.compile(f"(?P<password>{_PASSWORD_WORD})|(?:{_KEY_WORD})", re.IGNORECASE)
# One of these is in each of the words: looked for first, since most texts have none of them.
_STEMS = tuple(
    """pass pwd pw kennwort contrase senha clave wachtwoord hasło пароль 密码 密碼 パスワード 비밀번호 pin cvv cvc otp
    secret token key credential authorization bearer basic sas sig""".split()
)
# What stands between the word and its value: the rest of a name, a sign or a verb, a quotation mark.
_BETWEEN = re.compile(
    r"""(?P<rest>[A-Za-z0-9_-]{0,24})["'`]?\s{0,3}
    (?P<sign>=>|:=|={1,2}|:|->|>|\bis\b|\bwas\b|\bto\b|\bist\b|\best\b|\bes\b)?\s{0,3}
    (?P<scheme>(?:bearer|basic|token)\s{1,3})?(?P<quote>["'`]?)(?P<value>[^\s"'`<>]{4,400})""",
    re.VERBOSE | re.IGNORECASE,
)
_EXPRESSION = re.compile(r"[(\[{$%]|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")
_NOTHING = re.compile(
    r"none|null|true|false|undefined|string|str|required|optional|x+|\[[a-z-]+\]?|\W+", re.IGNORECASE
)
_ASSIGNED = frozenset({":", "=", ":=", "=>", "==", ">"})


def secret_spans(text: str) -> Iterator[Span]:
    """Yield the keys, tokens and passwords of a text; they may overlap."""
    if "-----BEGIN" in text:
        yield from _spans(_KEY_BLOCK, text)
    if "://" in text:
        yield from (Span(*match.span(1), "secret") for match in _IN_ADDRESS.finditer(text))
    if "-u" in text:
        yield from (Span(*match.span(1), "secret") for match in _GIVEN.finditer(text))
    if "AGE-" in text:
        yield from _spans(_AGE_KEY, text)
    for run in _RUN.finditer(text):
        yield from (
            Span(run.start() + start, run.start() + end, "secret") for start, end in _in_run(run.group())
        )
    yield from _beside_words(text)


def is_scrambled(part: str) -> bool:
    """Return whether letters and digits change as in encoded bytes, which no word or name does."""
    has_all = any(map(str.islower, part)) and any(map(str.isupper, part)) and any(map(str.isdigit, part))
    letters = sum(map(str.isalnum, part))
    return has_all and letters >= _ENCODED_MIN and len(_HUMPS.findall(part)) >= _HUMPS_SHARE * letters


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (Span(match.start(), match.end(), "secret") for match in pattern.finditer(text))


def _in_run(run: str) -> Iterator[tuple[int, int]]:
    yield from (match.span() for match in _ISSUED.finditer(run))
    for parts in _ENCODED_PARTS:
        yield from (part.span() for part in parts.finditer(run) if is_scrambled(part.group()))


def _beside_words(text: str) -> Iterator[Span]:
    small = text.lower()
    if not any(stem in small for stem in _STEMS):
        return
    for word in _WORD.finditer(text):
        match = _BETWEEN.match(text, word.end())
        if match is None:
            continue
        value = match["value"].rstrip(".,;:)]}")
        is_secret = _is_password if word["password"] is not None else _is_key
        if not _NOTHING.fullmatch(value) and is_secret(match, value, text[: word.start()].endswith("--")):
            start = match.start("value")
            yield Span(start, start + len(value), "secret")


def _is_password(match: re.Match[str], value: str, is_option: bool) -> bool:
    """Return whether what stands beside "password" is one: chosen by people, it may be a word."""
    if match["quote"] and (match["sign"] or is_option):
        return True
    if _EXPRESSION.search(value):
        return False
    if is_option or (match["sign"] in _ASSIGNED and not match["rest"].strip("_-s")):
        return True
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if match["sign"]:
        return has_digit or not value.rstrip("!?").replace("-", "").replace("_", "").isalnum()
    return has_digit and has_letter and len(value) >= 8 and not value.islower()


def _is_key(match: re.Match[str], value: str, is_option: bool) -> bool:
    """Return whether what stands beside "token" or "key" is one, rather than a word, a type or an expression."""
    digits = sum(map(str.isdigit, value))
    if not digits or not any(map(str.isalpha, value)) or _EXPRESSION.search(value):
        return False
    if match["sign"] or match["scheme"] or is_option:
        return len(value) >= 8
    return len(value) >= 16 and digits >= 3
