"""How long work says that it goes on."""

from __future__ import annotations

import io
import json

from foreword.cli.progress import progress


class Terminal(io.StringIO):
    """A stream somebody watches."""

    def isatty(self) -> bool:
        """Return True."""
        return True


class Seconds:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_without_a_terminal_there_is_a_line_a_minute() -> None:
    """A log gets one line for each minute of work, and none from work that takes less."""
    said, seconds = io.StringIO(), Seconds()
    with progress(as_json=False, stream=said, now=seconds) as show:
        for second in range(0, 151, 10):
            seconds.now = float(second)
            show("ratings.csv", second * 1000, 150_000, "commits")
    assert said.getvalue().splitlines() == [
        "ratings.csv: 60,000 of 150,000 commits (40%)",
        "ratings.csv: 120,000 of 150,000 commits (80%)",
    ]


def test_an_unknown_total_and_bytes_are_said_in_words() -> None:
    """What comes through a pipe has no end that is known; sizes are for people."""
    said, seconds = io.StringIO(), Seconds()
    with progress(as_json=False, stream=said, now=seconds) as show:
        seconds.now = 60.0
        show("stdin", 3 << 20, 0, "bytes")
    assert said.getvalue() == "stdin: 3.0 MiB\n"


def test_machines_get_the_lines_as_json() -> None:
    """With --json even a terminal gets JSON objects, one a minute."""
    said, seconds = Terminal(), Seconds()
    with progress(as_json=True, stream=said, now=seconds) as show:
        show("a", 1, 0, "weeks")
        seconds.now = 61.0
        show("a", 2, 0, "weeks")
    assert json.loads(said.getvalue()) == {
        "progress": {"label": "a", "done": 2, "total": None, "unit": "weeks"}
    }


def test_a_terminal_gets_a_bar_for_each_piece_of_work() -> None:
    """Each file has a bar of its own, which ends full, although the total is known only later."""
    said = Terminal()
    with progress(as_json=False, stream=said) as show:
        show("a.csv", 0, 0, "bytes")
        show("a.csv", 50, 200, "bytes")
        show("a.csv", 200, 200, "bytes")
        show("b.csv", 10, 10, "bytes")
    shown = said.getvalue()
    assert "25%" in shown
    assert shown.count("100%") == 2
    assert shown.index("a.csv") < shown.index("b.csv")
