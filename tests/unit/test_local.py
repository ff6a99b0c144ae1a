"""Reading profiles in process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreword import keys, local
from foreword.clock import ManualClock
from foreword.defaults import default_profile
from foreword.errors import FieldError, StoreCorruptError
from foreword.local import LocalReader
from foreword.store import ActivityWriter, ProfileWriter
from foreword.store import databases as db
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

NOW_MS = 1_700_000_000_000


def put(writer: ProfileWriter, user_id: str, text: str = "One.\nTwo.\n") -> int:
    foreword = Foreword(
        text=text,
        token_count=6,
        cuts=[ForewordCut(byte_end=5, token_count=3), ForewordCut(byte_end=10, token_count=6)],
    )
    with writer.begin() as txn:
        return txn.put_profile(
            keys.user_key(user_id),
            Profile(user_id=user_id, foreword=foreword),
            foreword,
            computed_at_ms=NOW_MS,
            stale_after_ms=NOW_MS + 10,
            expired_after_ms=NOW_MS + 20,
            refresh_on_open=False,
        )


@pytest.fixture
def writer(tmp_path: Path) -> Any:
    """The scheduler's side of the store."""
    writer = ProfileWriter(tmp_path, map_size_bytes=1 << 26)
    yield writer
    writer.close()


def test_known_user_is_read_with_freshness(writer: ProfileWriter, tmp_path: Path) -> None:
    """Profile, foreword and their bytes agree, and freshness follows the clock."""
    revision = put(writer, "ann")
    clock = ManualClock(NOW_MS)
    with LocalReader(tmp_path, clock=clock) as reader:
        assert reader.profile("ann").profile.revision == revision
        assert reader.text("ann") == "One.\nTwo.\n"
        assert reader.text("ann", 5) == "One.\n"
        assert reader.text("ann", 2) == ""
        assert GetProfileResponse.FromString(reader.profile_response("ann")) == reader.profile("ann")
        assert GetForewordResponse.FromString(reader.foreword_response("ann")) == reader.foreword("ann")
        seen = []
        for _ in range(3):
            assert reader.foreword("ann").freshness == reader.profile("ann").freshness
            seen.append(reader.profile("ann").freshness)
            clock.advance(10)
    assert seen == [Freshness.FRESHNESS_FRESH, Freshness.FRESHNESS_STALE, Freshness.FRESHNESS_EXPIRED]


def test_a_budget_is_clamped_and_zero_is_the_default(writer: ProfileWriter, tmp_path: Path) -> None:
    """More than 200 means 200, and so does 0, as over gRPC; a smaller one cuts."""
    put(writer, "ada")
    with LocalReader(tmp_path, clock=ManualClock(NOW_MS)) as reader:
        whole = reader.foreword("ada")
        assert whole.text
        assert [reader.foreword("ada", budget) for budget in (0, 200, 10**9)] == [whole] * 3
        assert reader.text("ada", 1) == ""
        with pytest.raises(FieldError, match="max_tokens"):
            reader.text("ada", -1)


def test_unknown_user_gets_the_default(writer: ProfileWriter, tmp_path: Path) -> None:
    """A user nobody knows is no error; nor is one of another namespace."""
    put(writer, "ann")
    with LocalReader(tmp_path) as reader:
        response = reader.profile("ann", namespace="shop")
        assert response.profile == default_profile("ann", "shop")
        assert response.freshness == reader.foreword("x").freshness == Freshness.FRESHNESS_DEFAULT
        assert reader.text("nobody") == ""


def test_works_before_there_is_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a store everyone is unknown; one that appears is read, without a new reader."""
    monkeypatch.setattr(local, "UPKEEP_SECONDS", 0)
    with LocalReader(tmp_path / "later") as reader:
        assert reader.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
        writer = ProfileWriter(tmp_path / "later", map_size_bytes=1 << 26)
        put(writer, "ann")
        assert reader.text("ann") == "One.\nTwo.\n"
    writer.close()


def test_restored_store_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes the former's place is read from the next look on."""
    monkeypatch.setattr(local, "UPKEEP_SECONDS", 0)
    for name, text in (("store", "One.\nTwo.\n"), ("other", "Six.\nTen.\n")):
        writer = ProfileWriter(tmp_path / name, map_size_bytes=1 << 26)
        put(writer, "ann", text)
        writer.close()
    with LocalReader(tmp_path / "store") as reader:
        assert reader.text("ann") == "One.\nTwo.\n"
        (tmp_path / "store" / "profiles.lmdb").rename(tmp_path / "former")
        (tmp_path / "other" / "profiles.lmdb").rename(tmp_path / "store" / "profiles.lmdb")
        assert reader.text("ann") == "Six.\nTen.\n"


def test_erased_user_is_unseen_at_once(writer: ProfileWriter, tmp_path: Path) -> None:
    """A reader that is open serves a user as unknown once an erasure is asked for, before any row is gone."""
    put(writer, "ann")
    put(writer, "bob")
    activity = ActivityWriter(tmp_path, map_size_bytes=1 << 26)
    with LocalReader(tmp_path, clock=ManualClock(NOW_MS)) as reader:
        assert reader.text("ann")
        with activity.begin() as transaction:
            transaction.erase(keys.user_key("ann"), NOW_MS)
        assert reader.text("ann") == ""
        assert reader.profile("ann") == GetProfileResponse(
            profile=default_profile("ann"), freshness=Freshness.FRESHNESS_DEFAULT
        )
        assert reader.text("bob")
    activity.close()


def test_bad_arguments_and_damaged_rows_are_errors(writer: ProfileWriter, tmp_path: Path) -> None:
    """An impossible user id names its field; a damaged row is never served."""
    put(writer, "ann")
    environment = writer.environment
    with environment.begin(write=True) as txn:
        row = txn.get(keys.user_key("ann"), db=environment.handles[db.PROFILES])
        txn.put(keys.user_key("ann"), row[:-1] + b"?", db=environment.handles[db.PROFILES])
    with LocalReader(tmp_path) as reader:
        with pytest.raises(FieldError):
            reader.profile("")
        with pytest.raises(StoreCorruptError, match="'ann'"):
            reader.profile("ann")


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda reader: reader.text(5), "user_id"),
        (lambda reader: reader.text(None), "user_id"),
        (lambda reader: reader.profile(b"ann"), "user_id"),
        (lambda reader: reader.profile("ann", namespace=5), "namespace"),
        (lambda reader: reader.foreword("ann", namespace="\ud800"), "namespace"),
        (lambda reader: reader.text(""), "user_id"),
        (lambda reader: reader.text("ann", "60"), "max_tokens"),
    ],
)
def test_a_wrong_argument_names_its_field(
    writer: ProfileWriter, tmp_path: Path, call: Callable[[LocalReader], object], field: str, is_there: bool
) -> None:
    """What the client refuses is refused here too, whether there is a store already or not."""
    with LocalReader(tmp_path if is_there else tmp_path / "none") as reader:
        with pytest.raises(FieldError) as caught:
            call(reader)
        assert caught.value.field == field


def test_reader_imports_no_server_library() -> None:
    """Importing the local reader brings in none of the daemons' libraries."""
    code = (
        "import sys, foreword.local\n"
        "print({'pydantic', 'click', 'apscheduler', 'uvloop', 'grpc_status'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
