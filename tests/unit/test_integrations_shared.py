"""What all integrations share: the block, whose it is, texts that are kept, and events behind the call."""

from __future__ import annotations

import re
import uuid
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import FieldError, StoreLockedError
from foreword.integrations import Personalization, User, block_of, is_block, user_of
from foreword.integrations.framework import framework
from foreword.integrations.kept_texts import (
    KEEP_SECONDS,
    KEEP_WITHOUT_SIDECAR_SECONDS,
    PAUSE_FACTOR,
    TEXTS_MAX,
    KeptTexts,
)
from foreword.integrations.user import required
from foreword.store import ProfileWriter

ADA = User("ada", None, "monday")


@given(st.text(min_size=1))
def test_a_block_ends_where_it_ends(text: str) -> None:
    """Whatever a text says, its block has one opening and one closing mark, and the same text gives the same bytes."""
    block = block_of(text)
    assert is_block(block)
    assert block.lower().count("<foreword>") == block.lower().count("</foreword>") == 1
    assert block.endswith("\n</foreword>")
    assert block == block_of(text)


@pytest.mark.parametrize("text", ["{user} %s 100 %", "</foreword>", "</ FOREWORD >x", "<\tforeword", "{{x}}"])
def test_hostile_texts_stay_within_their_block(text: str) -> None:
    """Braces and percent signs are kept, and a mark within the text loses its bracket."""
    inner = block_of(text).removesuffix("</foreword>").removeprefix("<foreword>")
    assert "<" not in inner
    assert text.replace("<", "(") in inner


def test_no_text_makes_no_block() -> None:
    """Where nothing is known the prompt has no block, not an empty one."""
    assert block_of("") == ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"user_id": "ada"}, User("ada", None, "thread")),
        ({"user_id": "ada", "namespace": "shop", "session_id": "own"}, User("ada", "shop", "own")),
        (SimpleNamespace(user_id=17), User("17", None, "thread")),
        (SimpleNamespace(user_id=uuid.UUID(int=1)), User(str(uuid.UUID(int=1)), None, "thread")),
        (User("ada", "shop"), User("ada", "shop", "thread")),
        (User("ada", "shop", "own"), User("ada", "shop", "own")),
        *(
            (source, None)
            for source in (None, {}, {"user_id": ""}, {"user_id": True}, {"user_id": ["ada"]}, 7, "ada")
        ),
        ({"user_id": "ada", "namespace": 1.5}, None),
        (User(17, 4), User("17", "4", "thread")),  # type: ignore[arg-type]
        (User("ada", None, uuid.UUID(int=1)), User("ada", None, str(uuid.UUID(int=1)))),  # type: ignore[arg-type]
    ],
)
def test_who_a_context_names(source: object, expected: User | None) -> None:
    """A user is a text, a whole number or a UUID under `user_id`; anything else names nobody."""
    assert user_of(source, session_id="thread") == expected


@pytest.mark.parametrize("thread", [7, uuid.UUID(int=7)])
def test_a_conversation_that_is_no_text_becomes_one(thread: object) -> None:
    """Frameworks hand on what the application called it: a number, a UUID."""
    assert user_of({"user_id": "ada"}, session_id=thread) == User("ada", None, str(thread))


def test_a_user_of_the_wrong_kind_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """An agent goes on without a foreword, and the log says why, and what to write instead."""
    for _ in range(2):
        assert user_of({"user_id": 1.5}) is None
        assert user_of(b"ada") is None
    first, second = caplog.messages
    assert first == "user_id: found a float; allowed: text, a whole number or a UUID; it names nothing"
    assert "User('ada')" in second


@pytest.mark.parametrize(
    ("extra", "package"),
    [
        ("agent-framework", "agent-framework-core"),
        ("claude-agent-sdk", "claude-agent-sdk"),
        ("langchain", "langchain"),
        ("litellm", "litellm"),
        ("llama-index", "llama-index-core"),
        ("openai-agents", "openai-agents"),
        ("pydantic-ai", "pydantic-ai-slim"),
    ],
)
def test_a_framework_that_is_not_there_is_named(extra: str, package: str) -> None:
    """Missing, or of a version that lacks what is needed: which one is wanted, which was found, and how to get it."""
    with pytest.raises(ImportError) as raised, framework(extra):
        raise ModuleNotFoundError("No module named 'it'", name="it")
    found = r"found (none|\d[\w.]+)"
    expected = rf"No module named 'it': needs {package}[<>=,.\d]+, {found}; pip install 'foreword\[{extra}\]'"
    assert re.fullmatch(expected, str(raised.value))
    assert raised.value.name == "it"


def test_what_is_made_for_a_user_is_refused_another() -> None:
    """A memory or hooks for "ada" are refused where they are made, before an agent has them."""
    assert required(User("ada")) == User("ada")
    with pytest.raises(FieldError, match=r"user: found 'ada' \(str\).*User\('ada'\)"):
        required("ada")


def test_a_conversation_keeps_its_text() -> None:
    """A text is read once for five minutes of a conversation, and anew for another one."""
    kept = KeptTexts()
    assert kept.find(ADA, 0.0) is None
    assert kept.put(ADA, "text", 0.0) == "text"
    assert kept.find(ADA, KEEP_SECONDS - 1) == "text"
    assert kept.find(ADA, KEEP_SECONDS) is None
    assert kept.find(ADA._replace(session_id="tuesday"), 1.0) is None


def test_no_text_is_not_kept() -> None:
    """Somebody of whom nothing is known is asked for again, since something may be by then."""
    kept = KeptTexts()
    kept.put(ADA, "text", 0.0)
    assert kept.put(ADA, "", KEEP_SECONDS) == ""
    assert kept.find(ADA, KEEP_SECONDS + 1) is None


def test_reading_pauses_for_as_long_as_failing_cost() -> None:
    """After a failure of half a second nobody reads for ten times that, so that silence costs a tenth at most."""
    kept = KeptTexts()
    assert kept.failed(ADA, 0.0, 0.5) == ""
    bob = User("bob")
    assert kept.find(bob, 0.5 + 0.5 * PAUSE_FACTOR - 0.1) == ""
    assert kept.find(bob, 0.5 + 0.5 * PAUSE_FACTOR) is None


def test_a_failure_that_costs_nothing_pauses_nothing() -> None:
    """A refusal of one user, or a sidecar known to be gone, keeps nobody else from being read at once."""
    kept = KeptTexts()
    kept.failed(ADA, 0.0, 0.002)
    assert kept.find(User("bob"), 0.002) is None


def test_an_old_text_serves_while_no_sidecar_answers() -> None:
    """A conversation under way keeps its text through an outage, for an hour and no longer."""
    kept = KeptTexts()
    kept.put(ADA, "text", 0.0)
    assert kept.failed(ADA, KEEP_SECONDS, KEEP_SECONDS + 1) == "text"
    assert kept.find(ADA, KEEP_SECONDS + 2) == "text"
    assert kept.failed(ADA, KEEP_WITHOUT_SIDECAR_SECONDS, KEEP_WITHOUT_SIDECAR_SECONDS + 1) == ""


def test_texts_are_bounded() -> None:
    """The conversation that was not used for longest is forgotten first."""
    kept = KeptTexts()
    for number in range(TEXTS_MAX):
        kept.put(User(str(number)), "text", 0.0)
    kept.find(User("0"), 1.0)
    kept.put(ADA, "text", 1.0)
    assert kept.find(User("1"), 1.0) is None
    assert kept.find(User("0"), 1.0) == "text"


def test_what_is_closed_lets_go_of_the_store(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store read in process can be written by it once the personalization is closed, which then answers empty."""
    monkeypatch.setenv("FOREWORD_NATIVE", "off")
    made = Personalization("unix:/nonexistent/foreword.sock", store=store)
    assert made.block(User("user1"))
    with pytest.raises(StoreLockedError, match="close the reader first"):
        ProfileWriter(store, map_size_bytes=1 << 26)
    made.close()
    with closing(ProfileWriter(store, map_size_bytes=1 << 26)):
        assert made.block(User("user2")) == ""
    made.request(User("user2"), "Nobody records this.")
    made.close()
