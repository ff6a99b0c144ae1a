"""Reading profiles in process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from forked import run
from reader_paths import BOTH, require

from foreword import keys
from foreword.clock import ManualClock
from foreword.defaults import default_profile
from foreword.errors import FieldError, StoreCorruptError, StoreError
from foreword.local import LocalReader
from foreword.store import ActivityWriter, ProfileWriter, following
from foreword.store import databases as db
from foreword.store.environment import Environment
from foreword.store.identity import find_identity
from foreword.store.sharing import open_environment
from foreword.store.swap import RESTORE_MARKER, former
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

NOW_MS = 1_700_000_000_000


def put(directory: Path, user_id: str, text: str = "One.\nTwo.\n") -> None:
    """Write a profile as the scheduler does: in another process, since it is read here."""
    child = run(_put, directory, user_id, text)
    assert child.code == 0, child.errors


def _put(directory: Path, user_id: str, text: str) -> None:
    foreword = Foreword(
        text=text,
        token_count=6,
        cuts=[ForewordCut(byte_end=5, token_count=3), ForewordCut(byte_end=10, token_count=6)],
    )
    with closing(ProfileWriter(directory, map_size_bytes=1 << 26)) as writer, writer.begin() as txn:
        txn.put_profile(
            keys.user_key(user_id),
            Profile(user_id=user_id, foreword=foreword),
            foreword,
            computed_at_ms=NOW_MS,
            stale_after_ms=NOW_MS + 10,
            expired_after_ms=NOW_MS + 20,
            refresh_on_open=False,
        )


def erase(directory: Path, user_id: str) -> None:
    """Ask for an erasure as the sidecar does, in another process."""
    child = run(_erase, directory, user_id)
    assert child.code == 0, child.errors


def _erase(directory: Path, user_id: str) -> None:
    with (
        closing(ActivityWriter(directory, map_size_bytes=1 << 26)) as activity,
        activity.begin() as transaction,
    ):
        transaction.erase(keys.user_key(user_id), NOW_MS)


def _damage(directory: Path, user_id: str) -> None:
    with closing(ProfileWriter(directory, map_size_bytes=1 << 26)) as writer:
        environment = writer.environment
        with environment.begin(write=True) as txn:
            row = txn.get(keys.user_key(user_id), db=environment.handles[db.PROFILES])
            txn.put(keys.user_key(user_id), row[:-1] + b"?", db=environment.handles[db.PROFILES])


@pytest.fixture(params=BOTH)
def native(request: pytest.FixtureRequest) -> bool:
    """By what the store is read: py-lmdb, or foreword-native."""
    is_native: bool = request.param
    return is_native


def reading(directory: Path, native: bool, now_ms: int = NOW_MS) -> LocalReader:
    """Return a reader of a store that is there, by what is tested."""
    return require(LocalReader(directory, clock=ManualClock(now_ms), native=native), native=native)


def test_known_user_is_read_with_freshness(native: bool, tmp_path: Path) -> None:
    """Profile, foreword and their bytes agree, and freshness follows the clock."""
    put(tmp_path, "ann")
    clock = ManualClock(NOW_MS)
    with require(LocalReader(tmp_path, clock=clock, native=native), native=native) as reader:
        assert reader.profile("ann").profile.revision == 1
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


def test_what_no_scheduler_has_refreshed_says_so(native: bool, tmp_path: Path) -> None:
    """By the machine's own clock, what was written long ago and never again is expired, and still served."""
    put(tmp_path, "ann")
    with require(LocalReader(tmp_path, native=native), native=native) as reader:
        assert reader.foreword("ann").freshness == Freshness.FRESHNESS_EXPIRED
        assert reader.profile("ann").freshness == Freshness.FRESHNESS_EXPIRED
        assert reader.text("ann") == "One.\nTwo.\n"


def test_a_budget_is_clamped_and_zero_is_the_default(native: bool, tmp_path: Path) -> None:
    """More than 200 means 200, and so does 0, as over gRPC; a smaller one cuts."""
    put(tmp_path, "ada")
    with reading(tmp_path, native) as reader:
        whole = reader.foreword("ada")
        assert whole.text
        assert [reader.foreword("ada", budget) for budget in (0, 200, 10**9)] == [whole] * 3
        assert [reader.text("ada", budget) for budget in (0, 200, 10**30)] == [whole.text] * 3
        assert reader.text("ada", 1) == ""
        with pytest.raises(FieldError, match="max_tokens"):
            reader.text("ada", -1)


def test_unknown_user_gets_the_default(native: bool, tmp_path: Path) -> None:
    """A user nobody knows is no error; nor is one of another namespace."""
    put(tmp_path, "ann")
    with reading(tmp_path, native) as reader:
        response = reader.profile("ann", namespace="shop")
        assert response.profile == default_profile("ann", "shop")
        assert response.freshness == reader.foreword("x").freshness == Freshness.FRESHNESS_DEFAULT
        assert reader.text("nobody") == ""


def test_works_before_there_is_a_store(native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a store everyone is unknown; one that appears is read, without a new reader."""
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    with LocalReader(tmp_path / "later", native=native) as reader:
        assert reader.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
        assert not reader.native
        put(tmp_path / "later", "ann")
        assert reader.text("ann") == "One.\nTwo.\n"
        require(reader, native=native)


def test_restored_store_is_followed(native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes the former's place is read from the next look on."""
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    put(tmp_path / "store", "ann")
    put(tmp_path / "other", "ann", "Six.\nTen.\n")
    with reading(tmp_path / "store", native) as reader:
        assert reader.text("ann") == "One.\nTwo.\n"
        swap_profiles(tmp_path)
        assert reader.text("ann") == "Six.\nTen.\n"
        require(reader, native=native)


def swap_profiles(folder: Path) -> None:
    """Put the profiles of `other` in the place of those of `store`."""
    swap_in(folder, "profiles.lmdb")


def swap_in(folder: Path, environment: str) -> None:
    """Put an environment of `other` in the place of that of `store`."""
    (folder / "store" / environment).rename(folder / f"former-{environment}")
    (folder / "other" / environment).rename(folder / "store" / environment)


def test_a_restore_is_followed_when_it_has_ended(
    native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a restore is marked as under way, a reader keeps both files it has; one that is opened then is refused."""
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    put(tmp_path / "store", "ann")
    put(tmp_path / "other", "ann", "Six.\nTen.\n")
    marker = tmp_path / "store" / RESTORE_MARKER
    with reading(tmp_path / "store", native) as reader:
        marker.write_text("[]")
        swap_profiles(tmp_path)
        assert reader.text("ann") == "One.\nTwo.\n"
        marker.unlink()
        assert reader.text("ann") == "Six.\nTen.\n"
        require(reader, native=native)
    marker.write_text("[]")
    with pytest.raises(StoreError, match="was interrupted"):
        LocalReader(tmp_path / "store", native=native)


def test_a_file_that_is_back_at_once_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look in the moment in which a restore has moved a file aside does not serve erased users until the next one."""
    put(tmp_path, "ann")
    erase(tmp_path, "ann")
    absences = [None]
    look = following._activity_when_present
    monkeypatch.setattr(
        following, "_activity_when_present", lambda folder: absences.pop() if absences else look(folder)
    )
    with LocalReader(tmp_path, clock=ManualClock(NOW_MS), native=False) as reader:
        assert reader.text("ann") == ""
    assert not absences


def test_what_a_look_found_of_two_stores_is_not_kept_through_the_next_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore within a look leaves profiles of after it and erasures of before: refused when another has begun."""
    put(tmp_path / "store", "ann")
    erase(tmp_path / "store", "bob")
    put(tmp_path / "other", "ann", "Six.\nTen.\n")
    erase(tmp_path / "other", "bob")
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    with LocalReader(tmp_path / "store", clock=ManualClock(NOW_MS), native=False) as reader:
        swaps = ["profiles.lmdb", "activity.lmdb"]

        def noticed(folder: Path) -> None:
            if not swaps:
                raise StoreError("a restore was interrupted")
            swap_in(tmp_path, swaps.pop(0))

        with monkeypatch.context() as during:
            during.setattr(following, "refuse_interrupted_restore", noticed)
            during.setattr(following, "is_restoring", lambda folder: not swaps)
            with pytest.raises(StoreError, match="was interrupted"):
                reader.text("ann")
        assert reader.text("ann") == "Six.\nTen.\n"


def opened_at(monkeypatch: pytest.MonkeyPatch, name: str, then: Callable[[], None]) -> None:
    """Have a function called each time that a reader is about to open an environment."""
    original = open_environment

    def opening(path: Path, *args: Any, **options: Any) -> Environment:
        if path.name == name:
            then()
        return original(path, *args, **options)

    monkeypatch.setattr("foreword.store.reader.open_environment", opening)


def test_a_store_that_is_replaced_while_it_is_opened_is_not_mistaken_for_the_former(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What LMDB has mapped is what stands there, though another file has come between its opening and our look."""
    put(tmp_path / "store", "ann")
    put(tmp_path / "other", "ann", "Six.\nTen.\n")
    swaps = ["profiles.lmdb"]

    def identified(path: Path, env: Any) -> Any:
        if swaps:
            swap_in(tmp_path, swaps.pop())
        return find_identity(path, env)

    monkeypatch.setattr("foreword.store.environment.find_identity", identified)
    with LocalReader(tmp_path / "store", clock=ManualClock(NOW_MS), native=False) as reader:
        assert not swaps
        assert reader.text("ann") == "Six.\nTen.\n"


def test_threads_read_one_store_while_another_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads while a restored store is opened sees the former whole: its rows, and who is erased there."""
    put(tmp_path / "store", "ann")
    erase(tmp_path / "store", "ann")
    put(tmp_path / "other", "bob")
    erase(tmp_path / "other", "bob")
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    with LocalReader(tmp_path / "store", clock=ManualClock(NOW_MS), native=False) as reader:
        assert reader.text("ann") == ""
        for name in ("activity.lmdb", "profiles.lmdb"):
            swap_in(tmp_path, name)
        # For others nothing is due while one looks.
        monkeypatch.setattr(following, "UPKEEP_SECONDS", 60)
        meanwhile: list[str] = []
        opened_at(monkeypatch, "profiles.lmdb", lambda: meanwhile.append(reader.text("ann")))
        assert reader.text("bob") == ""
        assert meanwhile == [""]


def test_profiles_that_a_restored_store_lacks_are_not_read_on(
    native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the erasures of a store without profiles, as restoring leaves it, none of the former's are shown."""
    put(tmp_path / "store", "ann")
    erase(tmp_path / "store", "ann")
    erase(tmp_path / "other", "bob")
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    with reading(tmp_path / "store", native) as reader:
        assert reader.text("ann") == ""
        swap_in(tmp_path, "activity.lmdb")
        (tmp_path / "store" / "profiles.lmdb").rename(tmp_path / "removed")
        assert reader.text("ann") == ""


def test_what_a_swap_cut_short_has_put_aside_is_read_on(
    native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compaction killed between its two renames takes no user from a reader that has them."""
    put(tmp_path, "ann")
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    with reading(tmp_path, native) as reader:
        (tmp_path / "profiles.lmdb").rename(former(tmp_path / "profiles.lmdb"))
        assert reader.text("ann") == "One.\nTwo.\n"


def test_nobody_is_taken_for_unknown_while_a_store_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that reads during the look behind one that failed waits for what it finds."""
    put(tmp_path, "ann")
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    with LocalReader(tmp_path, clock=ManualClock(NOW_MS), native=False) as reader:
        with monkeypatch.context() as during:
            during.setattr(following, "refuse_interrupted_restore", failing)
            with pytest.raises(StoreError, match="was interrupted"):
                reader.text("ann")
        arrived, texts = threading.Event(), list[str]()

        class Guard:
            """Tells when another thread than the one that looks comes to wait."""

            def __init__(self) -> None:
                self._lock = threading.Lock()

            def __enter__(self) -> None:
                if threading.current_thread() is other:
                    arrived.set()
                self._lock.acquire()

            def __exit__(self, *_: object) -> None:
                self._lock.release()

        def read() -> None:
            try:
                texts.append(reader.text("ann"))
            finally:
                arrived.set()

        def meanwhile() -> None:
            other.start()
            arrived.wait()

        other = threading.Thread(target=read)
        monkeypatch.setattr(reader._store, "_guard", Guard())
        monkeypatch.setattr(following, "UPKEEP_SECONDS", 60)
        opened_at(monkeypatch, "profiles.lmdb", meanwhile)
        assert reader.text("ann") == "One.\nTwo.\n"
        other.join()
        assert texts == ["One.\nTwo.\n"]


def failing(_: Path) -> None:
    raise StoreError("a restore was interrupted")


def test_erased_user_is_unseen_at_once(native: bool, tmp_path: Path) -> None:
    """A reader that is open serves a user as unknown once an erasure is asked for, before any row is gone."""
    put(tmp_path, "ann")
    put(tmp_path, "bob")
    erase(tmp_path, "bob")
    with reading(tmp_path, native) as reader:
        assert reader.text("ann")
        erase(tmp_path, "ann")
        assert reader.text("ann") == ""
        assert reader.profile("ann") == GetProfileResponse(
            profile=default_profile("ann"), freshness=Freshness.FRESHNESS_DEFAULT
        )
        assert reader.text("bob") == ""
        require(reader, native=native)


def test_bad_arguments_and_damaged_rows_are_errors(native: bool, tmp_path: Path) -> None:
    """An impossible user id names its field; a damaged row is never served."""
    put(tmp_path, "ann")
    child = run(_damage, tmp_path, "ann")
    assert child.code == 0, child.errors
    with reading(tmp_path, native) as reader:
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
    native: bool, tmp_path: Path, call: Callable[[LocalReader], object], field: str, is_there: bool
) -> None:
    """What the client refuses is refused here too, whether there is a store already or not."""
    if is_there:
        put(tmp_path, "ann")
    with LocalReader(tmp_path, native=native) as reader:
        require(reader, native=native and is_there)
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
