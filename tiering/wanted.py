"""A file of questions whose cores are wanted before anybody asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.v1.answer_service_pb2 import AnswerRequest
from tiering.asked import Question

WANTED_MAX = 10_000
"""Questions of one file: each is paid for, and all are in memory."""

# As many questions as long as they may be, with what JSON puts around them.
_FILE_BYTES_MAX = WANTED_MAX * 4096
_TEXTS = ("question", "locale")


class Wanted(NamedTuple):
    """A question of a file, and the line it stands on."""

    line: int
    question: Question


def read_wanted(file: Path, namespace: str, locale: str) -> list[Wanted]:
    """Read a file of questions: one a line, as it is or as `{"question": …, "locale": …, "tags": […]}`.

    Args:
        file: UTF-8; blank lines count for nothing.
        namespace: Where all of them are asked.
        locale: Their language where a line names none.

    Raises:
        FieldError: A line is no question, said with its number; or there are too many.
    """
    wanted: list[Wanted] = []
    for number, line in _lines(file):
        if len(wanted) == WANTED_MAX:
            raise FieldError(file.name, f"more than {WANTED_MAX:,} questions", "that many, or fewer")
        try:
            request = AnswerRequest(namespace=namespace, **_fields(line))
            wanted.append(Wanted(number, Question.of(request, locale)))
        except FieldError as exc:
            raise FieldError(f"{file.name}:{number}: {exc.field}", exc.found, exc.allowed) from exc
    return wanted


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        with file.open("rb") as opened:
            data = opened.read(_FILE_BYTES_MAX + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise FieldError(file.name, f"{exc}", "a file of UTF-8 text") from exc
    if len(data) > _FILE_BYTES_MAX:
        raise FieldError(file.name, f"more than {_FILE_BYTES_MAX:,} bytes", "that many, or fewer")
    # Not splitlines, which cuts at signs that a question may have in it.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip()


def _fields(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {"question": line}
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise FieldError("line", "a brace and no JSON", "a question, or a JSON object") from exc
    for name, value in row.items():
        if name not in (*_TEXTS, "tags"):
            raise FieldError("line", f"the key {quoted(name)}", "question, locale, tags")
        texts = value if name == "tags" and isinstance(value, list) else [value]
        if (name == "tags") != isinstance(value, list) or not all(isinstance(text, str) for text in texts):
            raise FieldError(
                name, type(value).__name__, "a list of strings" if name == "tags" else "a string"
            )
        if any("\ud800" <= sign <= "\udfff" for text in texts for sign in text):
            raise FieldError(name, "half of a character", "whole characters")
    return dict(row)
