"""What stands in a log when somebody's words get into a message."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import copy_context

import pytest

from foreword.cli.logs import JsonFormatter, LineFormatter
from foreword.request_id import Request, current

WORDS = "ada\n2026-01-01 ERROR root: forged\x1b[2J\u202e\U000e0049"


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("sidecar", logging.WARNING, __file__, 1, message, args, None)


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_a_message_is_one_line_without_hidden_characters(formatter: logging.Formatter) -> None:
    """No words in it begin a line of their own, move the cursor, turn the writing or hide."""
    line = formatter.format(record("refresh of %s failed", WORDS))
    assert line.isprintable()
    assert "forged" in line


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_a_long_message_is_cut_and_says_so(formatter: logging.Formatter) -> None:
    """Somebody's whole text is not copied into the log."""
    line = formatter.format(record("x" * 50_000))
    assert len(line) < 2200
    assert "50,000 characters" in line


def test_a_traceback_keeps_its_lines_and_hides_nothing() -> None:
    """An error's traceback stays readable; the words in it come as escapes."""
    made = record("a call failed")
    try:
        int("\x1b[2J\u202e")
    except ValueError:
        made.exc_info = sys.exc_info()
    text = LineFormatter().format(made)
    assert "x1b[2J" in text
    assert all(line.isprintable() for line in text.splitlines())
    assert json.loads(JsonFormatter().format(made))["error"].startswith("Traceback")


def test_what_can_be_seen_stays_as_it_is() -> None:
    """A name in any script is readable in the log."""
    for formatter in (LineFormatter(), JsonFormatter()):
        assert "日本語 l'été" in formatter.format(record("日本語 l'été"))


def test_a_line_of_a_call_has_its_id() -> None:
    """Both forms name the call a line is of, where it is of one."""
    plain = [formatter.format(record("slow")) for formatter in (LineFormatter(), JsonFormatter())]
    context = copy_context()
    context.run(current.set, Request("order-7"))
    named = [
        context.run(formatter.format, record("slow")) for formatter in (LineFormatter(), JsonFormatter())
    ]
    assert not any("order-7" in line for line in plain)
    assert named[0].endswith("sidecar: slow [order-7]")
    assert json.loads(named[1])["request_id"] == "order-7"
