"""The profile set as one file: made, read, refused when damaged, judged by its figures, put in force and taken back."""

from __future__ import annotations

import errno
import io
import json
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from foreword import keys
from foreword.clock import ManualClock
from foreword.errors import (
    FieldError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreMissingError,
    StoreVersionError,
)
from foreword.store import ProfileReader, ProfileWriter, lock_profiles
from foreword.store.check import inspect_store
from foreword.store.dataset import (
    DatasetFigures,
    DatasetRules,
    Versions,
    make_dataset,
    objections,
    read_dataset,
)
from foreword.store.files import PROFILES
from foreword.store.swap import former
from foreword.store.upkeep import compact_store

MAP_BYTES = 1 << 26
ADA = keys.user_key("user1")


def revision(store: Path, user: keys.UserKey = ADA) -> int:
    with closing(ProfileReader(store)) as reader:
        state = reader.refresh_state(user)
        return 0 if state is None else state.revision


@pytest.fixture
def change(write_profile: Callable[..., int]) -> Callable[[Path], None]:
    """Return what writes one more revision of a user's profile."""

    def write(store: Path) -> None:
        with closing(ProfileWriter(store, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as transaction:
            write_profile(transaction, "user1", "Newer.")

    return write


@pytest.fixture
def replica(store: Path, tmp_path: Path) -> Path:
    """Return the folder of a store without anything in it."""
    return tmp_path / "replica"


@pytest.mark.parametrize("name", ["set.tar", "set.tar.gz"])
def test_a_dataset_says_what_is_in_it_and_holds_it(
    name: str, store: Path, replica: Path, tmp_path: Path
) -> None:
    """A store of its own, made of the file alone, serves what was served, and is sound."""
    made = make_dataset(store, tmp_path / name, clock=ManualClock(1_700_000_000_000))
    assert (made.figures.users, made.figures.defaults, made.figures.revision) == (12, 0, 33)
    assert made.name == f"20231114T221320Z-r33-{made.profiles.sha256[:8]}"
    assert read_dataset(tmp_path / name) == made
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    installed = Versions(replica).install(tmp_path / name)
    assert (installed.manifest, installed.is_in_force, installed.objections) == (made, True, ())
    assert revision(replica) == revision(store)
    assert list(inspect_store(replica)) == []
    assert Versions(replica).in_force.name == made.name


def test_an_existing_file_is_not_written_over(store: Path, tmp_path: Path) -> None:
    """A name that is taken is refused, and what has it stays."""
    target = tmp_path / "set.tar"
    target.write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        make_dataset(store, target)
    assert target.read_text() == "mine"
    with pytest.raises(StoreMissingError):
        make_dataset(tmp_path / "nothing", tmp_path / "other.tar")


def rewritten(file: Path, change: Callable[[dict[str, bytes]], Any]) -> Path:
    """Return a dataset's file with its members changed."""
    with tarfile.open(file) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    members = change(members) or members
    other = file.with_name("other.tar")
    with tarfile.open(other, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return other


def flipped(members: dict[str, bytes]) -> None:
    data = bytearray(members["profiles.lmdb/data.mdb"])
    data[len(data) // 2] ^= 1
    members["profiles.lmdb/data.mdb"] = bytes(data)


def with_fields(**fields: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["dataset.json"] = json.dumps(json.loads(members["dataset.json"]) | fields).encode()

    return change


def with_part(part: str, **fields: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["dataset.json"])
        members["dataset.json"] = json.dumps(manifest | {part: manifest[part] | fields}).encode()

    return change


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (flipped, StoreCorruptError, "another checksum"),
        (lambda members: {"profiles.lmdb/data.mdb": b""}, StoreCorruptError, "dataset.json is not where"),
        (lambda members: {**members, "profiles.lmdb/data.mdb": b""}, StoreCorruptError, "another checksum"),
        (lambda members: {"dataset.json": b"[]"}, StoreCorruptError, "no manifest that can be read"),
        (lambda members: {"dataset.json": b"{}"}, StoreCorruptError, "no manifest that can be read"),
        (with_fields(created_ms=1 << 60), StoreCorruptError, "no manifest that can be read"),
        (with_fields(format=9), StoreVersionError, "format 9; this Foreword reads up to 1"),
        (with_fields(schema=99), StoreVersionError, "schema 99"),
        (with_fields(more=1), StoreCorruptError, "no manifest that can be read"),
        (with_part("profiles", sha256="../../x" + "0" * 57), StoreCorruptError, "checksum is malformed"),
        (with_part("figures", revision="1/../../x"), StoreCorruptError, "revision is no number"),
        (with_part("figures", users="12"), StoreCorruptError, "users is no number"),
        (with_part("figures", users=13), StoreCorruptError, "not what its manifest says: it has 12 users"),
        (with_part("profiles", bytes=10), StoreCorruptError, "more than the 10 bytes it says"),
    ],
)
def test_a_wrong_file_is_refused_and_the_profiles_stay(
    change: Callable[[dict[str, bytes]], Any], error: type[StoreError], said: str, store: Path, tmp_path: Path
) -> None:
    """Whatever is wrong with a file, it is said, and what is in force stays as it was, with nothing left behind."""
    make_dataset(store, tmp_path / "set.tar")
    before = revision(store)
    wrong = rewritten(tmp_path / "set.tar", change)
    with pytest.raises(error, match=said):
        Versions(store).install(wrong)
    assert revision(store) == before
    assert Versions(store).kept() == []
    assert list(inspect_store(store)) == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.8])
def test_a_file_that_is_cut_is_refused(share: float, store: Path, tmp_path: Path) -> None:
    """Wherever a transfer ended, compressed or not, the file is no dataset."""
    for name in ("set.tar", "set.tar.gz"):
        make_dataset(store, tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / f"cut-{name}").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(StoreCorruptError):
            Versions(store).install(tmp_path / f"cut-{name}")


FORMER = DatasetFigures(users=1_000, defaults=100, bytes=2_000_000, revision=50)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (DatasetFigures(1_000, 100, 2_000_000, 50), []),
        (DatasetFigures(1_200, 100, 2_400_000, 60), []),
        (DatasetFigures(0, 0, 0, 60), ["no users"]),
        (DatasetFigures(799, 10, 1_600_000, 60), ["799 users, 1,000 are in force; allowed are 800 to 1,200"]),
        (DatasetFigures(1_201, 10, 2_400_000, 60), ["1,201 users"]),
        (DatasetFigures(1_000, 100, 900_000, 60), ["900 bytes, 2,000 in force; allowed are 1,000 to 3,000"]),
        (DatasetFigures(1_000, 201, 2_000_000, 60), ["20.1% of its users", "at most 20.0%"]),
        (DatasetFigures(1_000, 100, 2_000_000, 49), ["newest revision is 49, older than 50"]),
        (DatasetFigures(100, 100, 900, 3), ["older than 50", "100 users", "9 bytes", "100.0% of its users"]),
    ],
)
def test_a_set_is_judged_beside_the_one_in_force(new: DatasetFigures, said: list[str]) -> None:
    """Each figure that is too far off is named with what was found and what is allowed; at the border it may pass."""
    found = list(objections(new, FORMER, DatasetRules()))
    assert len(found) == len([one for one in said if "at most" not in one])
    for one in said:
        assert any(one in objection for objection in found), found
    if new.users:
        assert list(objections(new, None, DatasetRules())) == []
        assert list(objections(new, DatasetFigures(), DatasetRules())) == []


@pytest.mark.parametrize("share", [-0.1, float("nan")])
def test_a_rule_that_judges_nothing_is_refused(share: float) -> None:
    """A share is a number from 0 on."""
    with pytest.raises(FieldError, match="count_change"):
        DatasetRules(count_change=share)


def test_what_was_in_force_comes_back(store: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Profiles that a scheduler wrote are kept when a dataset takes their place, and return with one call."""
    make_dataset(store, tmp_path / "old.tar", clock=ManualClock(1_700_000_000_000))
    change(store)
    newest = revision(store)
    versions = Versions(store, clock=ManualClock(1_700_000_100_000))
    with pytest.raises(StoreError, match="newest revision is 33, older than 34"):
        versions.install(tmp_path / "old.tar")
    assert revision(store) == newest
    installed = versions.install(tmp_path / "old.tar", is_forced=True)
    assert len(installed.objections) == 1
    assert revision(store) < newest
    kept = [one.manifest.name for one in versions.kept()]
    assert [name[:20] for name in kept] == ["20231114T221500Z-r34", "20231114T221320Z-r33"]
    assert versions.use().name == kept[0]
    assert revision(store) == newest
    assert versions.use().name == kept[1]
    with pytest.raises(FieldError, match="found 'nobody'"):
        versions.use("nobody")
    assert list(inspect_store(store)) == []


def test_a_pinned_dataset_stays_in_force(store: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    """While one is pinned another is kept and not put in force; once it is not, it can be."""
    versions = Versions(store)
    make_dataset(store, tmp_path / "one.tar", clock=ManualClock(1_700_000_000_000))
    change(store)
    make_dataset(store, tmp_path / "two.tar", clock=ManualClock(1_700_000_100_000))
    first = versions.install(tmp_path / "one.tar", is_forced=True).manifest.name
    versions.pin(first)
    second = versions.install(tmp_path / "two.tar")
    assert not second.is_in_force
    assert versions.in_force.name == versions.pinned == first
    with pytest.raises(StoreError, match="is pinned"):
        versions.use(second.manifest.name)
    versions.pin("")
    versions.use(second.manifest.name)
    assert versions.in_force == (second.manifest.name, first)


def test_a_pin_that_cannot_be_written_leaves_the_former(
    store: Path, tmp_path: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fails beneath a new pin the former one holds: nothing goes into force that was not to."""
    versions = Versions(store)
    make_dataset(store, tmp_path / "one.tar", clock=ManualClock(1_700_000_000_000))
    change(store)
    make_dataset(store, tmp_path / "two.tar", clock=ManualClock(1_700_000_100_000))
    first, second = (
        versions.install(tmp_path / f"{name}.tar", is_forced=True).manifest.name for name in ("one", "two")
    )
    versions.pin(first)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("foreword.store.files.os.fsync", full)
        with pytest.raises(StoreFullError):
            versions.pin(second)
    assert versions.pinned == first
    versions.pin(second)
    assert versions.pinned == second


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data.write_bytes(data.read_bytes()[:-4096]), "another checksum"),
        (lambda data: data.unlink(), "its profiles are gone"),
    ],
)
def test_a_kept_dataset_that_is_damaged_is_not_put_in_force(
    damage: Callable[[Path], Any], said: str, store: Path, tmp_path: Path
) -> None:
    """What has become of a kept file on its disk is noticed before it takes the place of what serves."""
    make_dataset(store, tmp_path / "set.tar", clock=ManualClock(1_700_000_000_000))
    versions = Versions(store)
    kept = versions.install(tmp_path / "set.tar").manifest.name
    own = versions.use().name
    damage(store / "datasets" / kept / PROFILES / "data.mdb")
    with pytest.raises(StoreCorruptError, match=f"{said}.*install its file again"):
        versions.use(kept)
    assert versions.in_force.name == own
    assert list(inspect_store(store)) == []


def test_what_a_killed_process_left_half_made_is_cleared(store: Path, tmp_path: Path) -> None:
    """A set of which only a part was written or removed takes no room once another process changes the datasets."""
    make_dataset(store, tmp_path / "set.tar")
    versions = Versions(store)
    name = versions.install(tmp_path / "set.tar").manifest.name
    for dead in ("20231114T221320Z-r33-00000000.partial", "present.partial"):
        (store / "datasets" / dead / PROFILES).mkdir(parents=True)
    (store / "datasets" / "mine.partial").mkdir()
    versions.pin(name)
    assert sorted(path.name for path in (store / "datasets").glob("*.partial")) == ["mine.partial"]


def test_a_set_is_judged_beside_what_a_killed_swap_left_aside(
    store: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """Killed between its two renames a swap leaves nothing in force; what is aside counts, and is kept."""
    make_dataset(store, tmp_path / "old.tar")
    change(store)
    (store / PROFILES).rename(former(store / PROFILES))
    with pytest.raises(StoreError, match="newest revision is 33, older than 34"):
        Versions(store).install(tmp_path / "old.tar")
    assert revision(store) == 34
    assert list(inspect_store(store)) == []


@pytest.mark.parametrize("target", [".", "/"])
def test_a_place_without_a_name_is_refused(target: str, store: Path) -> None:
    """What is there already is said to be, also where nothing could be made beside it."""
    with pytest.raises(StoreError, match="exists already"):
        make_dataset(store, Path(target))


def test_old_datasets_go_and_those_in_use_stay(store: Path, tmp_path: Path) -> None:
    """Beyond the number that is kept the oldest are removed, but none that is in force, was before, or is pinned."""
    versions = Versions(store, clock=ManualClock(1_600_000_000_000))
    names = []
    for number in range(5):
        file = tmp_path / f"{number}.tar"
        make_dataset(store, file, clock=ManualClock(1_700_000_000_000 + 1_000 * number))
        names.append(versions.install(file).manifest.name)
    versions.use(names[1])
    versions.use(names[0])
    removed = versions.prune(2)
    assert removed[0] == names[2]
    assert [name[:20] for name in removed[1:]] == ["20200913T122640Z-r33"]
    assert [one.manifest.name for one in versions.kept()] == [names[4], names[3], names[1], names[0]]
    with pytest.raises(FieldError, match="keep"):
        versions.prune(0)


def test_a_removal_that_is_cut_short_leaves_nothing_that_passes_for_kept(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of a dataset when its removal was killed is none, and the next removal takes it away."""
    versions = Versions(store)

    def kept() -> set[str]:
        return {one.manifest.name for one in versions.kept()}

    for number in range(3):
        file = tmp_path / f"{number}.tar"
        make_dataset(store, file, clock=ManualClock(1_700_000_000_000 + 1_000 * number))
        versions.install(file)
    before = kept()

    def killed(folder: Path) -> None:
        (folder / "dataset.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("foreword.store.dataset.versions.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            versions.prune(1)
    assert kept() < before
    versions.prune(1)
    assert {each.name for each in (store / "datasets").iterdir() if each.is_dir()} == kept()


def test_nothing_is_swapped_under_a_scheduler(store: Path, tmp_path: Path) -> None:
    """While a scheduler writes the profiles a dataset is kept, and refused with what to do."""
    make_dataset(store, tmp_path / "set.tar")
    with lock_profiles(store), pytest.raises(StoreLockedError, match="a scheduler runs"):
        Versions(store).install(tmp_path / "set.tar")
    assert Versions(store).in_force.name == ""
    assert Versions(store).install(tmp_path / "set.tar").is_in_force


def test_a_dataset_stays_named_through_a_compaction(store: Path, tmp_path: Path) -> None:
    """Which dataset is in force stands in the profiles themselves, so that whatever rewrites them takes it along."""
    make_dataset(store, tmp_path / "set.tar")
    name = Versions(store).install(tmp_path / "set.tar").manifest.name
    compact_store(store, PROFILES)
    assert Versions(store).in_force.name == name


def test_a_full_disk_leaves_what_is_in_force(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the copy that is to be in force finds no room, it is said in words, and the former profiles serve on."""
    make_dataset(store, tmp_path / "set.tar")
    before = revision(store)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("foreword.store.dataset.versions.shutil.copyfile", full)
    with pytest.raises(StoreFullError, match=r"the disk under .* is full"):
        Versions(store).install(tmp_path / "set.tar")
    assert revision(store) == before
    assert list(inspect_store(store)) == []
