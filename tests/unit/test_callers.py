"""The callers file: what it may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.callers import digest_of, new_token, read_callers
from foreword.errors import FieldError

DIGEST = digest_of("t")
GOOD = f"""
[[callers]]
name = "shop"
token_sha256 = "{DIGEST}"
rights = ["read", "record"]
namespaces = ["shop", ""]
expires = 2027-01-31T00:00:00Z

[[callers]]
name = "ops"
certificate_name = "ops.example"
rights = ["operate"]
namespaces = "all"
"""


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Return a callers file."""
    file = folder / "callers.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_file_names_callers(tmp_path: Path) -> None:
    """Callers are found by digest and by certificate, with rights, namespaces and the time of their end."""
    callers = read_callers(written(tmp_path, GOOD))
    assert len(callers) == 2
    shop, ops = callers.by_digest[DIGEST], callers.by_certificate["ops.example"]
    assert (shop.name, set(shop.rights)) == ("shop", {"read", "record"})
    assert set(shop.namespaces or ()) == {"shop", ""}
    assert shop.expires_ms == 1_801_353_600_000
    assert (set(ops.rights), ops.namespaces, ops.expires_ms) == ({"operate"}, None, None)


@pytest.mark.parametrize(
    ("before", "after", "field", "line"),
    [
        ('name = "shop"', 'name = "a b"', "callers[0].name", 3),
        (DIGEST, "fwt_the-token-itself", "callers[0].token_sha256", 4),
        ('"record"]', '"write"]', "callers[0].rights[1]", 5),
        ('["read", "record"]', "[]", "callers[0].rights", 5),
        ('["shop", ""]', "[]", "callers[0].namespaces", 6),
        ('["shop", ""]', f'["{"x" * 65}"]', "callers[0].namespaces[0]", 6),
        ('"all"', '"every"', "callers[1].namespaces", 13),
        ("00:00:00Z", "00:00:00", "callers[0].expires", 7),
        ('certificate_name = "ops.example"', "", "callers[1].name", 10),
        ('certificate_name = "ops.example"', f'token_sha256 = "{DIGEST}"', "callers[1].token_sha256", 11),
        ("rights = [\"operate\"]", "right = 1", "callers[1].right", 12),
        ("[[callers]]\nname = \"ops\"", "[caller]\nname = \"ops\"", "caller", 9),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, before: str, after: str, field: str, line: int
) -> None:
    """Whatever is wrong is refused with file, line and key, and nothing that may be a token is repeated."""
    file = written(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(FieldError) as caught:
        read_callers(file)
    assert caught.value.field == f"{file}:{line}: {field}"
    assert "fwt_" not in str(caught.value)


def test_a_file_without_callers_is_none(tmp_path: Path) -> None:
    """A file that is empty, as one is for a moment while it is written, lets nobody out."""
    with pytest.raises(FieldError, match="at least one"):
        read_callers(written(tmp_path, "# nobody\n"))


@pytest.mark.parametrize(("mode", "is_good"), [(0o600, True), (0o640, True), (0o400, True), (0o644, False),
                                               (0o660, False), (0o602, False)])  # fmt: skip
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int, is_good: bool) -> None:
    """Others may not read it, and nobody but its owner may write it; a group may read, as of a mounted secret."""
    file = written(tmp_path, GOOD, mode)
    if is_good:
        assert read_callers(file)
        return
    with pytest.raises(FieldError, match=f"mode {mode:04o}") as caught:
        read_callers(file)
    assert caught.value.hint == f"chmod 600 {file}"


def test_no_two_tokens_are_the_same() -> None:
    """A token has 256 bits of chance behind a prefix by which it is recognised, in characters a header takes."""
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {(token[:4], len(token), token.isascii() and token.isprintable()) for token in tokens} == {
        ("fwt_", 47, True)
    }
