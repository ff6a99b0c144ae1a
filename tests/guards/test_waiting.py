"""No test waits for a time to pass."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
# The one place where tests wait; what it lets pass has its reason there.
HELPER = "waiting.py"


def sleeps(source: str) -> list[int]:
    """Return the lines that sleep; a turn of the event loop or of the processor, `sleep(0)`, is none."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _name(node.func) == "sleep" and not _is_a_turn(node)
    ]


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _is_a_turn(call: ast.Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def test_a_sleep_is_found_however_it_is_called() -> None:
    """Sleeping is found as a method and as a name; giving way is not taken for it."""
    source = "time.sleep(1)\nasyncio.sleep(pause)\nsleep(0.01)\nasyncio.sleep(0)\nclient.rest()"
    assert sleeps(source) == [1, 2, 3]


def test_no_test_sleeps() -> None:
    """Whoever waits does so for a condition, by tests/waiting.py."""
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.relative_to(TESTS) != Path(HELPER) and "sleep" in (source := path.read_text("utf-8"))
        for line in sleeps(source)
    ]
    assert found == []
