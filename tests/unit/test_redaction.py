"""Secrets and personal data in texts: what is found, what is left alone, and what nobody can find by shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.naming import well_shaped
from foreword.redaction import KINDS, personal_in, redact, redact_value

DATA = Path(__file__).parents[1] / "data"
# In parts, so that no scanner of repositories takes them for real ones.
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (DATA / "personal.jsonl").read_text("utf-8").splitlines()
]
# Of 209: passphrases of several words, numbers and addresses spelled in words, what only its meaning tells.
# It may only fall.
MISSED_MAX = 8


def hidden(row: dict[str, Any]) -> str:
    return "".join(row["hidden"])


def text_of(row: dict[str, Any]) -> str:
    return f"{row['before']}{hidden(row)}{row['after']}"


def is_missed(row: dict[str, Any]) -> bool:
    """Return whether any half of what is to be hidden is still there, or it is taken for something else."""
    secret, shown = hidden(row), redact(text_of(row))
    half = max(4, len(secret) // 2)
    pieces = {secret, secret[:half], secret[-half:]} if len(secret) > 8 else {secret}
    return row["kind"] not in personal_in(text_of(row)) or any(piece in shown for piece in pieces)


def test_made_up_secrets_are_found() -> None:
    """Of the corpus all but a few are put out of sight whole, and named for what they are."""
    assert {row["kind"] for row in ROWS} == set(KINDS)
    missed = [text_of(row) for row in ROWS if is_missed(row)]
    assert len(missed) <= MISSED_MAX, missed


def test_what_stands_around_stays() -> None:
    """A mark takes the place of the datum and of nothing else."""
    text = "Mail anna@example.com or call +49 30 901820, card 4242 4242 4242 4242."
    assert redact(text) == "Mail [e-mail] or call [phone], card [card]."
    assert personal_in(text) == ["e-mail", "phone", "card"]
    connection = "postgres://app:" + "Tr0ub4dor@db:5432/app"
    assert redact(f"use {connection} now") == "use postgres://[secret]@db:5432/app now"


@pytest.mark.parametrize(
    "text",
    [
        "Bump version: 4.0.0 → 4.0.1",
        "Now depends on billiard 3.3.0" + ".16",
        "Default to 127.0.0.1 not 0.0.0.0",
        "Fixes #3674, see 5e0a1f6b9c3d2e4f5a6b7c8d9e0f1a2b3c4d5e6f",
        "GetOnlineFeaturesResponseV2 and OnlineServingServiceV2Test",
        "refactor token handling in auth",
        "tokenizer: add o200k_base",
        "Password is required, token: str | None = None",
        "password=os.environ['PASSWORD']",
        "secret = settings.SECRET_KEY",
        "key: value pairs and api key rotation",
        "git@github.com:celery/celery.git",
        "docs/_static/icon@2x.png",
        "2024-05-02T14:34:01Z and 10:20:30:40",
        "order 1234567890123456 of 2024",
        "3f1e7a8c-2b4d-4e6f-8a9b-0c1d2e3f4a5b",
        "pass to `ClientSession`",
        "Password is correct!",
        "Add basic Psycopg3Connector",
        "Call me at 5, at the gate",
        "range 100-200-3000, 12-34-5678",
        "celery/backends/dynamodb/S3Backend2Test.py",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    """Versions, hashes, names of code and plain sentences about passwords hold nothing personal."""
    assert personal_in(text) == []
    assert redact(text) == text


def test_good_names_are_none() -> None:
    """No name that a foreword may show is taken for something personal."""
    names = (DATA / "good_names.txt").read_text("utf-8").splitlines()
    assert [name for name in names if personal_in(name)] == []


def test_a_name_of_a_field_says_what_its_value_is() -> None:
    """What is harmless beside `type` is a secret beside `password`."""
    assert redact_value("password", "swordfish") == "[secret]"
    assert redact_value("api_key", "a1b2c3d4e5") == "[secret]"
    assert redact_value("phone", "030 901820") == "[phone]"
    assert redact_value("contact", "a@example.com, urgent") == "[e-mail], urgent"
    assert redact_value("kind", "swordfish") == "swordfish"
    assert redact_value("files", "3") == "3"


def test_disguises_are_seen_through() -> None:
    """Letters that look like others, and marks that nobody sees, hide nothing."""
    assert redact("anna＠example.com") == "[e-mail]"
    assert redact("an\u200bna@exam\u00adple.com") == "[e-mail]"
    assert redact("＋４９ ３０ ９０１８２０") == "[phone]"
    assert redact("Zoë ﬁxes it") == "Zoë ﬁxes it"


@settings(deadline=None)
@given(st.sampled_from(ROWS), st.text(max_size=40), st.text(max_size=40))
def test_redacting_again_changes_nothing(row: dict[str, Any], before: str, after: str) -> None:
    """A mark is no datum, wherever it stands."""
    once = redact(f"{before} {text_of(row)} {after}")
    assert redact(once) == once


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_redacted(text: str) -> None:
    """No text of any script is refused, and what holds nothing personal comes back as it was."""
    assert (redact(text) == text) or personal_in(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["a@", "1-", "password=", "eyJ", "x" * 50 + ".", "+1 ", "://a:", "-----BEGIN ", "Aa1/", "1 2"]
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    """8,192 bytes of what patterns begin with are read in well under a second; no pattern goes back and forth."""
    redact((piece * 8192)[:8192])


def test_no_foreword_names_what_is_personal() -> None:
    """The door of names lets no telephone number, card, account or id of a state through that is one by its shape."""
    passed = [
        text
        for row in ROWS
        for text in (hidden(row), text_of(row))
        if personal_in(text) and well_shaped(text) is not None
    ]
    assert passed == []
