"""Which details an error carries over the wire."""

from __future__ import annotations

import grpc
import lmdb
import pytest

from foreword.errors import StoreCorruptError, StoreFullError, StoreNotWritableError, StoreRowError
from foreword.keys import user_key
from foreword.store.codec import decode_header
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.stored_row import damaged
from foreword.store.translation import translate, translated
from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.status import classify, metadata
from tiering.errors import CacheError, CoreExistsError, NoAnswerError


@pytest.mark.parametrize("name", [ACTIVITY, PROFILES])
def test_every_error_that_passes_the_stores_door_names_its_environment(name: str) -> None:
    """LMDB's errors, rows that cannot be parsed and errors raised inside a block carry the environment's name."""
    assert translate(name, lmdb.CorruptedError("x")).store == name
    assert translate(name, OSError(13, "denied")).store == name
    with pytest.raises(StoreRowError) as unparsed, translated(name):
        RefreshState.FromString(b"\xff")
    assert unparsed.value.store == name
    with pytest.raises(StoreCorruptError) as raised, translated(name):
        raise StoreCorruptError("counts 2 triggers but holds a later one")
    assert raised.value.store == name


def test_damage_is_put_down_to_its_store_whatever_names_a_user_bears() -> None:
    """A damaged profile of a user called after the other environment is still damage of the profiles."""
    error = damaged(user_key(ACTIVITY, ""), b"")
    assert ACTIVITY in error.message
    assert metadata(error)["store"] == PROFILES
    with pytest.raises(StoreCorruptError) as short:
        decode_header(b"")
    assert metadata(short.value)["store"] == PROFILES


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            StoreFullError("full", hint="h", store=PROFILES),
            {"store": PROFILES, "setting": "store.profiles_map_size_bytes", "hint": "h"},
        ),
        (
            StoreFullError("full", hint="h", store=ACTIVITY),
            {"store": ACTIVITY, "setting": "store.activity_map_size_bytes", "hint": "h"},
        ),
        (StoreNotWritableError("no", hint="h", store=PROFILES), {"store": PROFILES, "hint": "h"}),
    ],
)
def test_full_and_read_only_stores_are_named_by_their_field(
    error: StoreFullError, expected: dict[str, str]
) -> None:
    """The metadata of a full or read-only store names that store and the key that limits it."""
    assert metadata(error) == expected


def test_what_goes_wrong_with_answers_has_reasons_of_its_own() -> None:
    """A missing answer says what was tried and whether it is shared; a curated core and a cache in trouble differ."""
    none = NoAnswerError(
        "no answer",
        tried=("no core", "no model is configured"),
        private_reason=PrivateReason.PRIVATE_REASON_TIME,
        hint="h",
    )
    assert classify(none) == (grpc.StatusCode.UNAVAILABLE, ErrorReason.ERROR_REASON_NO_ANSWER)
    assert metadata(none) == {
        "tried": "no core; no model is configured",
        "private_reason": "PRIVATE_REASON_TIME",
        "hint": "h",
    }
    assert classify(CoreExistsError("x"))[0] == grpc.StatusCode.ALREADY_EXISTS
    assert classify(CacheError("x"))[1] == ErrorReason.ERROR_REASON_CACHE_UNAVAILABLE
