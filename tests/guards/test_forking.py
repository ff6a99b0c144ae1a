"""No test forks a process that has threads."""

from __future__ import annotations

import ast
import os
import signal
from pathlib import Path

import forked

TESTS = Path(__file__).parents[1]
# The helper, and a script that is a process of its own and has no threads.
MAY_FORK = {"forked.py", "crash/bit_flips.py"}


def forks(source: str) -> list[int]:
    """Return the lines that fork this process, or have multiprocessing do it, which by default does on Linux."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and (node.attr, ast.unparse(node.value)) == ("fork", "os"))
        or (isinstance(node, (ast.Import, ast.ImportFrom)) and "multiprocessing" in ast.unparse(node))
    ]


def test_a_fork_is_found_however_it_is_made() -> None:
    """Forking is found as a call, as a name passed on, and through the library that does it by itself."""
    source = "child = os.fork()\ncall(os.fork)\nimport multiprocessing\nfrom multiprocessing import Process\nfork()"
    assert sorted(forks(source)) == [1, 2, 3, 4]


def test_no_test_forks_by_itself() -> None:
    """Whoever needs a child has one made by tests/forked.py."""
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.relative_to(TESTS).as_posix() not in MAY_FORK
        for line in forks(path.read_text("utf-8"))
    ]
    assert found == []


def tell_and(end: str) -> None:
    forked.tell(os.getpid())
    forked.tell(end)
    if end == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if end == "raised":
        raise ValueError("the reason")


def test_a_childs_end_and_what_it_told_before_it_are_known() -> None:
    """A child that returns, one that raises and one that kills itself are told apart; what each told arrives."""
    ends = {end: forked.run(tell_and, end) for end in ("returned", "raised", "killed")}
    assert {end: child.code for end, child in ends.items()} == {"returned": 0, "raised": 1, "killed": -9}
    assert [child.told[1] for child in ends.values()] == list(ends)
    assert len({child.told[0] for child in ends.values()} | {os.getpid()}) == 4
    assert "ValueError: the reason" in ends["raised"].errors
