"""A correction that was taught one thing, for tests of what becomes of it."""

from __future__ import annotations

from ranking import Action, Context
from ranking.correction import Correction

BOOK, CANCEL = Action("book", attributes={"kind": "write"}), Action("cancel", attributes={"kind": "write"})
ASKED = Context(0, {"last": "search", "outcome": "ok"}, "please cancel my flight")


def taught(count: int = 40) -> Correction:
    """Return what was taught so often that who asks like this wants to cancel, and not to book."""
    found = Correction()
    for _ in range(count):
        found.learn(ASKED, CANCEL, 0.0, 1.0)
        found.learn(ASKED, BOOK, 0.0, 0.0)
    return found
