"""Answers assembled from stored rows."""

from __future__ import annotations

import pytest

from foreword.errors import StoreCorruptError, StoreVersionError
from foreword.store import codec
from foreword.store import databases as db
from foreword.store.profile_writer import text_etag
from foreword.store.responses import asks_for_refresh, batch_response, cut_to_budget, profile_response
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_pb2 import ForewordCut, Profile
from foreword.v1.profile_service_pb2 import BatchGetProfilesResponse, GetForewordResponse, GetProfileResponse


def row(profile: Profile, flags: int = 0) -> bytes:
    body = GetProfileResponse(profile=profile).SerializeToString()
    header = {
        "flags": flags,
        "segment": 0,
        "revision": 1,
        "computed_at_ms": 1,
        "stale_after_ms": 2,
        "expired_after_ms": 3,
    }
    return codec.encode(db.PROFILES, b"\0\0u", body, **header)


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 16_383, 16_384, 20_000])
def test_batch_is_what_the_message_would_be(size: int) -> None:
    """A batch joined from bytes equals one made of messages, at every length of length."""
    profile = Profile(user_id="u" * size)
    responses = [profile_response(row(profile), now) for now in (1, 2, 3)]
    wanted = BatchGetProfilesResponse(
        results=[
            GetProfileResponse(profile=profile, freshness=freshness)
            for freshness in (
                Freshness.FRESHNESS_FRESH,
                Freshness.FRESHNESS_STALE,
                Freshness.FRESHNESS_EXPIRED,
            )
        ]
    )
    assert batch_response(responses) == wanted.SerializeToString()


def test_row_of_another_format_is_refused() -> None:
    """A row too short for a header, or of a newer format, is never passed on as an answer."""
    with pytest.raises(StoreCorruptError):
        profile_response(b"\1" * 39, 0)
    with pytest.raises(StoreVersionError):
        profile_response(b"\3" + row(Profile())[1:], 0)


@pytest.mark.parametrize(
    ("flags", "asks"),
    [(0, False), (codec.FLAG_REFRESH_ON_OPEN, True), (codec.FLAG_DEFAULT, True), (0x40, False)],
)
def test_flags_decide_whether_a_read_asks(flags: int, asks: bool) -> None:
    """Dormant, default and absent rows ask for a refresh; others do not."""
    assert asks_for_refresh(row(Profile(), flags)) is asks
    assert asks_for_refresh(None)


@pytest.mark.parametrize("tokens_max", range(12))
def test_cut_is_the_longest_that_fits(tokens_max: int) -> None:
    """A cut text ends at a cut, is within the budget, and no later cut would be; multi-byte text stays whole."""
    text = "é.\nüü.\nabc.\n"
    cuts = [ForewordCut(byte_end=4, token_count=3), ForewordCut(byte_end=10, token_count=7)]
    cuts.append(ForewordCut(byte_end=15, token_count=10))
    response = GetForewordResponse(text=text, token_count=10, cuts=cuts, etag=text_etag(text))
    cut_to_budget(response, tokens_max)
    fitting = [cut for cut in cuts if cut.token_count <= tokens_max]
    assert list(response.cuts) == fitting
    assert response.text.encode() == text.encode()[: fitting[-1].byte_end if fitting else 0]
    assert response.token_count == (fitting[-1].token_count if fitting else 0)
    assert response.etag == text_etag(response.text)
