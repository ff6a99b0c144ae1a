"""Numbers that belong to a person: cards, accounts, telephones, and those by which states know people."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from foreword.redaction.spans import Span

# The shortest of them: a British insurance number, six digits and three letters.
_NUMBER_DIGITS_MIN = 6
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-])")
# Which first digits and lengths cards have; a number of another kind passes Luhn's check one time in ten.
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6\d{15,18}"
)
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])", re.IGNORECASE
)
_IBAN_CHARACTERS_MIN = 15
_PLUS = re.compile(r"[+\uff0b]\s?\(?\d")
# A number without its country's code is one where a word says so, or where it is written as only telephones are.
_BESIDE_WORD = re.compile(
    r"""(?:\b(?:tel|tél|telephone|phone|mobile|cell|call|ring|fax|sms|text|whatsapp|signal|handy|telefon|mobil|téléphone
    |portable|teléfono|móvil|telefone|celular|telefono|cellulare|telefoon)\b|телефон|電話|电话|전화)
    (?:\W{0,4}(?:me|us|no|nr|number|is|at|on|under|unter|ist|est|es|au|al|é)\b){0,3}\W{0,4}?
    (\(?\+?\d[\d ()./\u2010-\u2015-]{5,18}\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_PHONE_DIGITS_MIN = 7
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\w-]|\.\d)"
)
_ABROAD = re.compile(r"(?<![\w.-])00[1-9]\d{0,2}(?:[ /-]\(?\d{1,8}\)?){2,6}(?![\w-])")
# Social security number of the United States: no number of it is checked, but nothing else is written so.
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_CPF = re.compile(r"(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])")
_NIR = re.compile(r"(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?![\w-])")
_FISCAL_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?![A-Za-z0-9])")
_INSURANCE_UK = re.compile(
    r"(?<![A-Za-z0-9])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])"
)
_DNI = re.compile(r"(?<![\w.-])(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z](?![\w-])")
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
# What letters of an Italian code count in odd places.
_ODD_VALUES = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def number_spans(text: str) -> Iterator[Span]:
    """Yield the numbers of cards, accounts, telephones and people in a text; they may overlap."""
    count = sum(map(text.count, string.digits)) if text.isascii() else sum(map(str.isdigit, text))
    if count < _NUMBER_DIGITS_MIN:
        return
    for match in _DIGITS.finditer(text):
        number = re.sub(r"\D", "", match.group())
        if _CARD.fullmatch(number) and _passes_luhn(number):
            yield Span(match.start(), match.end(), "card")
    yield from _accounts(text)
    yield from _phones(text)
    yield from _ids(text)


def _passes_luhn(number: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return len(set(number)) > 1 and (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def _accounts(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        words = match.group().split(" ")
        # A word that follows an account with a space between looks like its last four.
        for count in range(len(words), 0, -1):
            joined = "".join(words[:count]).upper()
            if len(joined) >= _IBAN_CHARACTERS_MIN and _passes_iban(joined):
                yield Span(match.start(), match.start() + len(" ".join(words[:count])), "account")
                break


def _passes_iban(account: str) -> bool:
    """Return whether the check digits of ISO 13616 are right."""
    return int("".join(str(int(mark, 36)) for mark in account[4:] + account[:4])) % 97 == 1


def _phones(text: str) -> Iterator[Span]:
    if _PLUS.search(text):
        # Few texts have one: the door of names, which the client has too, does without the library.
        from phonenumbers import PhoneNumberMatcher

        yield from (Span(found.start, found.end, "phone") for found in PhoneNumberMatcher(text, None))
    for match in _BESIDE_WORD.finditer(text):
        if sum(map(str.isdigit, match[1])) >= _PHONE_DIGITS_MIN:
            yield Span(*match.span(1), "phone")
    for pattern in (_NORTH_AMERICAN, _ABROAD):
        yield from (Span(match.start(), match.end(), "phone") for match in pattern.finditer(text))


def _ids(text: str) -> Iterator[Span]:
    checks = (
        (_SSN, lambda _: True),
        (_INSURANCE_UK, lambda _: True),
        (_CPF, _passes_cpf),
        (_NIR, _passes_nir),
        (_FISCAL_CODE, _passes_fiscal_code),
        (_DNI, _passes_dni),
    )
    for pattern, passes in checks:
        for match in pattern.finditer(text):
            if passes(re.sub(r"[ .-]", "", match.group())):
                yield Span(match.start(), match.end(), "id")


def _passes_cpf(digits: str) -> bool:
    """Return whether both check digits of a Brazilian taxpayer's number are right."""
    for length in (9, 10):
        total = sum(
            int(digit) * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False)
        )
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return len(set(digits)) > 1


def _passes_nir(number: str) -> bool:
    """Return whether the check digits of a French social security number are right."""
    body = number[:13].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def _passes_fiscal_code(code: str) -> bool:
    """Return whether the check letter of an Italian tax code is right."""
    places = [int(mark) if mark.isdigit() else ord(mark) - ord("A") for mark in code[:15]]
    odd = sum(_ODD_VALUES[place] for place in places[0::2])
    return (odd + sum(places[1::2])) % 26 == ord(code[15]) - ord("A")


def _passes_dni(number: str) -> bool:
    """Return whether the check letter of a Spanish identity number is right."""
    digits = str("XYZ".index(number[0])) + number[1:-1] if number[0] in "XYZ" else number[:-1]
    return _DNI_LETTERS[int(digits) % 23] == number[-1]
