"""The kept revisions of a user, over gRPC."""

from __future__ import annotations

from typing import Any

import pytest

from foreword.errors import FieldError, ServiceError
from foreword.keys import u64, user_key
from foreword.store import databases as db


def test_revisions_come_newest_first_with_what_changed(running: Any) -> None:
    """Each revision comes whole, with a sentence a change against the one before it; the oldest has none."""
    for text in ("Reads about a.", "Reads about a.", "Reads about b."):
        running.put("ann", text=text)
    found = running.client.list_revisions("ann").revisions
    assert [entry.profile.revision for entry in found] == [3, 2, 1]
    assert [entry.profile.foreword.text for entry in found][1:] == ["Reads about a."] * 2
    assert [list(entry.changes) for entry in found] == [
        ["Text lost: Reads about a.", "Text gained: Reads about b."],
        [],
        [],
    ]


def test_an_unknown_user_has_no_revisions(running: Any) -> None:
    """A miss is no error, nobody is asked to compute such a user, and namespaces are apart."""
    running.put("ann")
    assert not running.client.list_revisions("nobody").revisions
    assert not running.client.list_revisions("ann", namespace="other").revisions
    assert running.triggers() == []


def test_a_damaged_revision_is_named_beside_the_others(running: Any) -> None:
    """Damage hides neither the others, which are compared across it, nor itself."""
    for text in ("Reads about a.", "Reads about b.", "Reads about c."):
        running.put("ann", text=text)
    with running.profiles.begin() as txn:
        txn._put(db.REVISIONS, user_key("ann") + u64(2), b"\x02" + bytes(60))
    found = running.client.list_revisions("ann")
    assert [entry.profile.revision for entry in found.revisions] == [3, 1]
    assert list(found.revisions[0].changes) == ["Text lost: Reads about a.", "Text gained: Reads about c."]
    assert list(found.damaged_revisions) == [2]


def test_a_list_that_fails_always_raises(running: Any) -> None:
    """Whatever `raises` says, a failing call must not pass for a user without revisions."""
    with pytest.raises(FieldError):
        running.client.list_revisions(7)  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match="user_id"):
        running.client.list_revisions("x" * 300)
