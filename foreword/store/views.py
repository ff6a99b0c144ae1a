"""Views that processes hold of an environment: pages freed since wait for the oldest, and the file grows instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from foreword.store.files import DATA_FILE
from foreword.store.pages import free_lists, newest_meta


class Slot(NamedTuple):
    """A slot of LMDB's reader table that is in use."""

    pid: int
    thread: str
    transaction: int | None
    """The newest commit its view shows; None between two views."""


class View(NamedTuple):
    """A view that a process holds."""

    pid: int
    thread: str
    transaction: int
    """The newest commit it shows."""
    transactions_behind: int
    """Commits since."""
    pages_kept: int
    """Pages those commits freed, which are not used again while the view is held."""
    page_bytes: int


def slots(env: Any) -> list[Slot]:
    """Return the slots in use of an LMDB environment; those of dead processes too, until they are freed."""
    lines = [line.split() for line in env.readers().splitlines()]
    return [
        Slot(int(pid), thread, int(transaction) if transaction.isdigit() else None)
        for pid, thread, transaction in (line for line in lines if len(line) == 3)
        if pid.isdigit()
    ]


def oldest_view(env: Any, *, beside: int = 0) -> View | None:
    """Return the oldest view that is held of an LMDB environment; None when none is.

    Args:
        env: LMDB's environment.
        beside: Transaction of a view of this process's own that is left out.
    """
    own = (os.getpid(), beside)
    held = [
        slot for slot in slots(env) if slot.transaction is not None and (slot.pid, slot.transaction) != own
    ]
    oldest = min(held, key=_age_order, default=None)
    if oldest is None or oldest.transaction is None:
        return None
    info = env.info()
    behind = max(0, info["last_txnid"] - oldest.transaction)
    return View(
        pid=oldest.pid,
        thread=oldest.thread,
        transaction=oldest.transaction,
        transactions_behind=behind,
        pages_kept=_pages_freed_since(env.path(), oldest.transaction) if behind else 0,
        page_bytes=env.stat()["psize"],
    )


def _age_order(slot: Slot) -> int:
    return slot.transaction or 0


def _pages_freed_since(path: str, transaction: int) -> int:
    with (Path(path) / DATA_FILE).open("rb") as file:
        meta = newest_meta(file)
        if meta is None:
            return 0
        try:
            return sum(len(found.pages) for found in free_lists(file, meta, after=transaction))
        except ValueError:
            # The view was let go meanwhile, and with it the pages that were being read.
            return 0
