"""Clients can rely on what docs/errors.md says of each error reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from foreword.v1.error_reason_pb2 import ErrorReason

ROOT = Path(__file__).parents[2]
PREFIX = "ERROR_REASON_"
REASONS = [value.name.removeprefix(PREFIX) for value in ErrorReason.DESCRIPTOR.values if value.number]


def proto_comment(reason: str) -> str:
    text = (ROOT / "proto/foreword/v1/error_reason.proto").read_text("utf-8")
    found = re.search(rf"((?:  //.*\n)+)  {PREFIX}{reason} =", text)
    assert found, f"{reason} has no comment"
    return " ".join(line.strip().removeprefix("//").strip() for line in found[1].splitlines())


def documented(reason: str) -> str:
    text = (ROOT / "docs/errors.md").read_text("utf-8")
    found = re.search(rf"^### `{reason}`\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/errors.md has no section {reason}"
    return found[1]


@pytest.mark.parametrize("reason", REASONS)
def test_reason_is_documented(reason: str) -> None:
    """Each reason has a section that names its status, its metadata, and what to do."""
    comment, section = proto_comment(reason), documented(reason)
    status = re.search(r"Status ([A-Z_]+)", comment)
    metadata = re.search(r"Metadata: ([a-z_, ]+)\.", comment)
    wanted = [status[1]] if status else []
    wanted += [key.strip() for key in metadata[1].split(",")] if metadata else []
    assert [word for word in wanted if f"`{word}`" not in section] == []
    assert "What to do:" in section


def test_no_reason_is_invented() -> None:
    """docs/errors.md describes no reason that the proto does not have."""
    text = (ROOT / "docs/errors.md").read_text("utf-8")
    assert set(re.findall(r"^### `([A-Z_]+)`$", text, re.MULTILINE)) == set(REASONS)
