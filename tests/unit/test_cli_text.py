"""Why a text is empty, told by the command line."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from foreword import keys
from foreword.cli.entry import main
from foreword.store import ProfileWriter
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile


def _put(writer: ProfileWriter, user: str, text: str = "", *, is_default: bool = False) -> None:
    foreword = Foreword(text=text, token_count=40 if text else 0, tokenizer="t")
    if text:
        foreword.cuts.append(ForewordCut(byte_end=len(text), token_count=40))
    with writer.begin() as txn:
        txn.put_profile(
            keys.user_key(user),
            Profile(user_id=user, is_default=is_default, foreword=foreword),
            foreword,
            computed_at_ms=1,
            stale_after_ms=2,
            expired_after_ms=3,
            refresh_on_open=False,
        )


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which users are known to different degrees; no sidecar serves it."""
    monkeypatch.setenv("FOREWORD_STORE__DIRECTORY", str(tmp_path))
    monkeypatch.setenv("FOREWORD_SIDECAR__LISTEN", '["unix:{store}/none.sock"]')
    with closing(ProfileWriter(tmp_path, map_size_bytes=1 << 26)) as writer:
        _put(writer, "newcomer", is_default=True)
        _put(writer, "ann", "Likes long words.")
        _put(writer, "mute")
    return tmp_path


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("nobody", "Nothing is known of 'nobody' yet"),
        ("newcomer", "cold_start.events_min"),
        ("ann", "No part fits 20 tokens"),
        ("mute", "makes a sentence"),
    ],
)
def test_an_empty_text_says_why(
    store: Path, user: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The budget is blamed only when more would have brought a text; exit code 0 in any case."""
    assert main(["text", user, "--max-tokens", "20"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert reason in said.err
    assert user == "ann" or "tokens" not in said.err


@pytest.mark.parametrize(("user", "reason"), [("nobody", "Nothing is known"), ("newcomer", "Too few events")])
def test_a_default_profile_says_why(
    store: Path, user: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever gets the default profile is told whether the user is unknown, or hardly known."""
    assert main(["get", user]) == 0
    said = capsys.readouterr().err
    assert reason in said
    assert "default profile" in said
