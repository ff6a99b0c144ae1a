"""Keys: they sort as times do, come back whole, and never contain one another."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foreword import keys
from foreword.errors import FieldError


def utf8(least: int, most: int) -> st.SearchStrategy[str]:
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most)
    return text.filter(lambda text: least <= len(text.encode()) <= most)


USER_IDS = utf8(1, keys.USER_ID_BYTES_MAX)
NAMESPACES = utf8(0, keys.NAMESPACE_BYTES_MAX)
TIMES = st.integers(0, 2**63 - 1)


@given(USER_IDS, NAMESPACES)
def test_a_user_key_holds_user_and_namespace(user_id: str, namespace: str) -> None:
    """Both come back from the key as they went in."""
    key = keys.user_key(user_id, namespace)
    assert keys.split_user_key(key) == (user_id, namespace)
    assert keys.user_key_size(key + b"anything") == len(key)
    assert key.startswith(keys.namespace_prefix(namespace))


@given(USER_IDS, NAMESPACES, USER_IDS, NAMESPACES)
def test_no_user_key_begins_with_another(a: str, space_a: str, b: str, space_b: str) -> None:
    """One user's range of rows never touches another's."""
    assume((a, space_a) != (b, space_b))
    assert not keys.user_key(a, space_a).startswith(keys.user_key(b, space_b))


@given(NAMESPACES, NAMESPACES, USER_IDS)
def test_a_namespace_is_one_range(namespace: str, other: str, user_id: str) -> None:
    """No user of another namespace stands in a namespace's range."""
    assume(namespace != other)
    assert not keys.user_key(user_id, other).startswith(keys.namespace_prefix(namespace))


@given(st.tuples(TIMES, USER_IDS), st.tuples(TIMES, USER_IDS))
def test_due_keys_sort_by_time(a: tuple[int, str], b: tuple[int, str]) -> None:
    """Whoever is due earlier stands first, whatever the names."""
    assume(a[0] != b[0])
    first, second = (keys.due_key(ms, keys.user_key(user)) for ms, user in sorted((a, b)))
    assert first < second


@given(USER_IDS, st.tuples(TIMES, utf8(1, 128)), st.tuples(TIMES, utf8(1, 128)))
def test_event_keys_sort_by_time_and_fit(user_id: str, a: tuple[int, str], b: tuple[int, str]) -> None:
    """A user's events stand in the order of their times, and no key exceeds LMDB's limit."""
    user = keys.user_key(user_id, "n" * keys.NAMESPACE_BYTES_MAX)
    first, second = (keys.event_key(user, ms, event_id) for ms, event_id in sorted((a, b)))
    assert (first < second) == (a != b)
    assert max(len(first), len(second)) <= keys.KEY_BYTES_MAX


@given(st.binary(max_size=400))
def test_any_bytes_are_a_key_or_refused(data: bytes) -> None:
    """Splitting damaged bytes raises ValueError and nothing else."""
    try:
        user_id, namespace = keys.split_user_key(data)
    except ValueError:
        return
    assert len(user_id.encode()) + len(namespace.encode()) + 2 == len(data)


@pytest.mark.parametrize(
    ("user_id", "namespace", "field"),
    [("", "", "user_id"), ("x" * 257, "", "user_id"), ("é" * 129, "", "user_id"), ("\ud800", "", "user_id"),
     ("x", "n" * 65, "namespace"), ("x", "\ud800", "namespace")],
)  # fmt: skip
def test_what_is_too_long_or_no_text_is_refused(user_id: str, namespace: str, field: str) -> None:
    """The refusal names the field."""
    with pytest.raises(FieldError) as caught:
        keys.user_key(user_id, namespace)
    assert caught.value.field == field
