"""The token that a server over HTTP asks for: what may be one, and a file that changes while it serves."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from foreword.errors import FieldError
from foreword.server_token import ServerToken

logger = logging.getLogger("it")
FIRST, SECOND = "a-token-of-enough-characters", "another-of-enough-characters"


def is_said(token: ServerToken, text: str) -> bool:
    """Return whether a text is the token in force."""
    return asyncio.run(token.is_said(text.encode()))


@pytest.mark.parametrize(
    "content", [None, "", "short", "x" * 2000, "é" * 20, "two words of 16+\nand a line", b"\xff" * 20]
)
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: str | bytes | None) -> None:
    """What is no token is named with what one is, and is not shown."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FieldError, match=r"^--the-option: found") as caught:
        ServerToken(file, "--the-option", logger)
    assert not content or str(content) not in str(caught.value)


@pytest.mark.parametrize("given", ["", "short", "a space in a text of enough"])
def test_a_text_that_is_no_token_is_refused(given: str) -> None:
    """A text of the environment is held to the same."""
    with pytest.raises(FieldError, match=r"^THE_VARIABLE: found a token of"):
        ServerToken(given, "THE_VARIABLE", logger)


def test_only_the_token_itself_is_let_in(tmp_path: Path) -> None:
    """A file's line end is none of it, as `echo` and editors write it; whatever else is said is another."""
    file = tmp_path / "token"
    file.write_text(f"{FIRST}\n")
    for token in (ServerToken(file, "it", logger), ServerToken(FIRST, "it", logger)):
        assert is_said(token, FIRST)
        assert not any(is_said(token, text) for text in ("", FIRST[:-1], f"{FIRST}\n", SECOND, "é"))


@pytest.mark.parametrize("damage", ["", "short", None])
def test_a_damaged_file_leaves_the_former_token_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str | None
) -> None:
    """A file that is damaged or gone is said once and changes nothing; a new token is the only one from then on."""
    file = tmp_path / "token"
    file.write_text(FIRST)
    token = ServerToken(file, "--the-option", logger)
    if damage is None:
        file.unlink()
    else:
        file.write_text(damage)
    with caplog.at_level(logging.INFO):
        assert is_said(token, FIRST)
        assert not is_said(token, damage or "")
        assert caplog.text.count("the token file was refused, the former stays in force: --the-option") == 1
        (tmp_path / "anew").write_text(SECOND)
        (tmp_path / "anew").rename(file)
        assert is_said(token, SECOND)
        assert not is_said(token, FIRST)
        assert "no longer: the token file was refused" in caplog.text
