"""Files of questions: read whole or refused with the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.errors import FieldError
from tiering.wanted import WANTED_MAX, Wanted, read_wanted


def read(folder: Path, data: str | bytes) -> list[Wanted]:
    file = folder / "questions.txt"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_wanted(file, "shop", "en")


def test_lines_and_objects_are_questions(tmp_path: Path) -> None:
    """A line is a question as it is, or an object that also says its language and tags; the line's number is kept."""
    plain, said = read(
        tmp_path,
        '\ufeff\nHow do I export invoices?\r\n\n{"question": "Wie geht das?", "locale": "de", "tags": ["a", "a"]}\n',
    )
    assert (plain.line, plain.question.asked.question) == (2, "How do I export invoices?")
    assert (plain.question.asked.namespace, plain.question.asked.locale) == ("shop", "en")
    assert (said.line, said.question.asked.locale, said.question.tags) == (4, "de", ("a",))


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b'{"question": "How?"', "line"),
        (b'{"question": "How?", "tag": "a"}', "line"),
        (b'{"question": 3}', "question"),
        (b'{"question": "How?", "tags": "a"}', "tags"),
        (b'{"question": "How?", "tags": [1]}', "tags"),
        (b'{"question": "How?", "locale": ["de"]}', "locale"),
        (b'{"question": "How?", "locale": "german!"}', "locale"),
        (b'{"question": "\\ud800"}', "question"),
        (b'{"locale": "de"}', "question"),
        (b"{" * 5000, "line"),
        (b"How\x00?", "question"),
        (b"a" * 2001, "question"),
    ],
)
def test_what_is_no_question_is_named_with_its_line(tmp_path: Path, line: bytes, field: str) -> None:
    """Nothing of such a file is asked."""
    with pytest.raises(FieldError) as caught:
        read(tmp_path, b"How do I export invoices?\n" + line)
    assert caught.value.field == f"questions.txt:2: {field}"


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """Of too many questions, and of bytes that are no text."""
    with pytest.raises(FieldError, match="more than 10,000 questions"):
        read(tmp_path, "How?\n" * (WANTED_MAX + 1))
    assert len(read(tmp_path, "How?\n" * WANTED_MAX)) == WANTED_MAX
    with pytest.raises(FieldError, match="UTF-8"):
        read(tmp_path, b"\xff\xfe\x00")
