"""The authors of a git repository, pseudonymised, as the people of the demo."""

from __future__ import annotations

from pathlib import Path

import foreword
from foreword.cli.demo.data import DemoData
from foreword.errors import ForewordError

_AUTHORS_ENOUGH = 3
_COMMITS_ENOUGH = 50


def has_own_checkout() -> bool:
    """Return whether this Foreword runs from a git checkout."""
    return (_folder() / ".git").exists()


def own_checkout() -> Path:
    """Return the checkout this Foreword runs from.

    Raises:
        ForewordError: It runs from an installation.
    """
    if not has_own_checkout():
        raise ForewordError("this Foreword is no git checkout", hint="name a repository with --git PATH")
    return _folder()


def _folder() -> Path:
    return Path(foreword.__file__).resolve().parents[1]


def load_repository(path: Path) -> DemoData:
    """Return the commits of the repository at `path` as events of its authors.

    Raises:
        ForewordError: There is no repository, or it has no commit that touches files.
    """
    from foreword.importers import GitHistory, Pseudonyms

    # With a secret that is not kept, as nothing of the demo is.
    history = GitHistory(path, Pseudonyms(prefix="author-", digits=6).of)
    events = [row.event for row in history.rows() if row.event is not None]
    if not events:
        raise ForewordError(
            f"{path} has no commit that touches files", hint="name another repository with --git PATH"
        )
    title = f"The history of the git repository {history.name}"
    return DemoData(title, _terms(len({event.user_id for event in events}), len(events)), events, "authors")


def _terms(authors: int, commits: int) -> str:
    words = "Authors are pseudonymised with a secret made for this run."
    if authors < _AUTHORS_ENOUGH or commits < _COMMITS_ENOUGH:
        words += (
            "\nThat is little to learn from: expect short forewords, and defaults below 3 meaningful events."
        )
    return words
