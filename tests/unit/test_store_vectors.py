"""Rows byte for byte: read by nothing but what docs/store-format.md says, and written by the writer as they stand."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from foreword import keys
from foreword.store import ActivityWriter, NewEvent, ProfileWriter
from foreword.store.stored_row import is_sound
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "store_rows.json").read_text("utf-8"))
HEADER = (
    "version",
    "flags",
    "own_segment",
    "reserved",
    "crc32c",
    "revision",
    "computed_at_ms",
    "stale_after_ms",
)
HEADER += ("expired_after_ms",)
FRESH, STALE, EXPIRED, DEFAULT = 1, 2, 3, 4


def named(name: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS if vector["name"] == name)


def split(vector: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    return vector["database"].encode(), bytes.fromhex(vector["key"]), bytes.fromhex(vector["row"])


# -- a reader in another language, but for the language -----------------------------------------------------------


def crc32c(data: bytes) -> int:
    """Return the CRC-32C, bit by bit: polynomial 0x1EDC6F41, reflected."""
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def header_of(row: bytes) -> dict[str, int]:
    return dict(zip(HEADER, struct.unpack_from("<BBBBIQqqq", row), strict=True))


def intact(database: bytes, key: bytes, row: bytes) -> bool:
    if len(row) < 40 or row[0] not in (1, 2):
        return False
    place = database + key if row[0] == 2 else b""
    return crc32c(place + row[:4] + row[8:]) == header_of(row)["crc32c"]


def unsealed(database: bytes, key: bytes, row: bytes) -> bytes | None:
    if row[-9:-4].hex() != "fdffffff0f":
        return row
    return row[:-9] if crc32c(database + key + row[:-9]) == int.from_bytes(row[-4:], "little") else None


def freshness(header: dict[str, int], now_ms: int) -> int:
    if header["flags"] & 2:
        return DEFAULT
    if now_ms < header["stale_after_ms"]:
        return FRESH
    return STALE if now_ms < header["expired_after_ms"] else EXPIRED


def response(database: bytes, key: bytes, row: bytes, now_ms: int) -> bytes:
    is_foreword = database == b"forewords" or key == b"default_foreword"
    return row[40:] + bytes((0x28 if is_foreword else 0x10, freshness(header_of(row), now_ms)))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_reader_of_the_documentation_reads_each_row(vector: dict[str, Any]) -> None:
    """The documented format alone tells sound rows from damaged ones, and gives header and answers of the former."""
    database, key, row = split(vector)
    if database == b"events":
        whole = unsealed(database, key, row)
        assert (whole is not None) is vector["intact"]
        if whole is not None:
            assert (int.from_bytes(whole[:8]), whole[8:].hex()) == (vector["sequence"], vector["message"])
        return
    assert intact(database, key, row) is vector["intact"]
    if vector["intact"]:
        assert header_of(row) == vector["header"]
        for now_ms, answer in vector["answers"].items():
            assert freshness(vector["header"], int(now_ms)) == answer["freshness"]
            assert response(database, key, row, int(now_ms)).hex() == answer["response"]


def test_the_vectors_cover_both_formats_and_every_freshness() -> None:
    """Sound rows of both formats, of each database with a header, at each freshness; and as many damaged ones."""
    sound = [vector for vector in VECTORS if vector["intact"] and "header" in vector]
    assert {vector["header"]["version"] for vector in sound} == {1, 2}
    assert {vector["database"] for vector in sound} == {"profiles", "forewords", "revisions", "meta"}
    found = {answer["freshness"] for vector in sound for answer in vector["answers"].values()}
    assert found == {FRESH, STALE, EXPIRED, DEFAULT}
    assert sum(not vector["intact"] for vector in VECTORS) >= 7


# -- our own reader and writer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_our_reader_agrees(vector: dict[str, Any]) -> None:
    """What the vectors call intact is sound to our own reader, and what they do not is not."""
    database, key, row = split(vector)
    if database not in (b"profiles", b"forewords"):
        return
    of_format_1 = split(named("profile of format 1"))
    rows = {of_format_1[:2]: of_format_1[2]}
    assert is_sound(lambda name, at: rows.get((name, at)), database, key, row) is vector["intact"]


def test_the_writer_writes_these_bytes(tmp_path: Path) -> None:
    """A refresh, the default and an event are stored byte for byte as the vectors of format 2 have them."""
    profiles = ProfileWriter(tmp_path, map_size_bytes=1 << 28)
    database, key, row = split(named("profile of ada in acme"))
    profile = GetProfileResponse.FromString(row[40:]).profile
    header = named("profile of ada in acme")["header"]
    times = {name: header[name] for name in ("computed_at_ms", "stale_after_ms", "expired_after_ms")}
    with profiles.begin() as transaction:
        for _ in range(header["revision"]):
            transaction.put_profile(key, profile, profile.foreword, refresh_on_open=False, **times)
        default = GetProfileResponse.FromString(split(named("default profile"))[2][40:]).profile
        transaction.put_defaults(default, default.foreword)
    for name in ("profile of ada in acme", "foreword of ada in acme", "revision 7 of ada in acme"):
        assert stored(profiles, *split(named(name))[:2]).hex() == named(name)["row"], name
    for name in ("default profile", "default foreword"):
        assert stored(profiles, *split(named(name))[:2]).hex() == named(name)["row"], name
    profiles.close()

    activity = ActivityWriter(tmp_path, map_size_bytes=1 << 28)
    database, key, row = split(named("an event"))
    event = Event.FromString(row[8:-9])
    user, time_ms = keys.user_key(event.user_id, event.namespace), event.time.ToMilliseconds()
    with activity.begin() as transaction:
        for number in range(4):
            transaction.record([NewEvent(user, f"before{number}", time_ms, b"", False)], time_ms)
        transaction.record([NewEvent(user, event.event_id, time_ms, row[8:-9], False)], time_ms)
    assert stored(activity, database, key) == row
    activity.close()


def stored(writer: ProfileWriter | ActivityWriter, database: bytes, key: bytes) -> bytes:
    with writer.environment.begin() as txn:
        return txn.get(key, db=writer.environment.handles[database])


def test_a_foreword_of_the_vectors_parses() -> None:
    """The response behind a foreword's row is the message, its freshness appended as a field."""
    answer = named("foreword of ada in acme")["answers"]["1700100000000"]
    message = GetForewordResponse.FromString(bytes.fromhex(answer["response"]))
    assert message.freshness == STALE
    assert message.text.encode()[: message.cuts[0].byte_end].decode().startswith("About this user")
