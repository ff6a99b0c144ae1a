"""Looking through a store portion by portion: nothing is left out, and what is found stands until it is mended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from foreword import keys
from foreword.store import ProfileWriter
from foreword.store import databases as db
from foreword.store.check import Fault, Scrub
from foreword.store.check import scrub as scrub_module
from foreword.store.check.portion import CHECKS, Position, Progress, inspect_portion
from foreword.store.files import ACTIVITY, DATA_FILE, ENVIRONMENTS, PROFILES
from foreword.store.snapshot import DATABASES, open_snapshot

USER = keys.user_key("user7")
MAP_BYTES = 1 << 28


def portions(path: Path, rows_max: int) -> tuple[list[Fault], list[Position]]:
    """Look through an environment to its end; return what was found and where each portion began."""
    faults, begun, position = [], [], Position()
    while position is not None:
        begun.append(position)
        for said in inspect_portion(path, position, rows_max):
            if isinstance(said, Fault):
                faults.append(said)
            if isinstance(said, Progress):
                position = said.position
    return faults, begun


def damage(store: Path, database: bytes, key: bytes) -> None:
    """Change the last byte of a row."""
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    with writer.environment.begin(write=True) as txn:
        handle = writer.environment.handles[database]
        row = txn.get(key, db=handle)
        txn.put(key, row[:-1] + bytes((row[-1] ^ 1,)), db=handle)
    writer.close()


async def a_round(scrub: Scrub) -> None:
    rounds = scrub.rounds
    while scrub.rounds == rounds:
        await scrub.go_on()


@pytest.mark.parametrize("name", ENVIRONMENTS)
@pytest.mark.parametrize("rows_max", [1, 7, 10_000])
def test_a_round_sees_every_row_once(store: Path, name: str, rows_max: int, monkeypatch) -> None:
    """Whatever the size of a portion, each row of each database is shown to its check, and a sound store is sound."""
    seen: list[tuple[bytes, bytes]] = []
    for database, check in CHECKS[name].items():

        def shown(part, database=database, check=check):
            before = part.last_key
            yield from check(part)
            with open_snapshot(store / name) as whole:
                seen.extend(
                    (database, key) for key, _ in whole.rows(database) if before < key <= part.last_key
                )

        monkeypatch.setitem(CHECKS[name], database, shown)
    faults, begun = portions(store / name, rows_max)
    assert faults == []
    with open_snapshot(store / name) as whole:
        wanted = [
            (database, key)
            for database in DATABASES[name]
            if database != db.META or name == PROFILES
            for key, _ in whole.rows(database)
        ]
    by_rows = [place for place in seen if place[0] != db.META]
    assert sorted(by_rows) == sorted(place for place in wanted if place[0] != db.META)
    assert len(begun) > len(wanted) / rows_max / 2


@pytest.mark.parametrize("database", [db.PROFILES, db.FOREWORDS])
def test_a_damaged_row_is_named(store: Path, database: bytes) -> None:
    """A row that fails its checksum is found by its database and user, in the portion it is in."""
    damage(store, database, USER)
    faults, _ = portions(store / PROFILES, 10)
    assert Fault(f"profiles.{database.decode()}", "user7", "the checksum fails") in faults


def test_what_is_found_stands_until_it_is_mended(store: Path, write_profile) -> None:
    """A fault is listed once, from the portion on that found it, and no longer after a round without it."""
    damage(store, db.PROFILES, USER)
    scrub = Scrub(store)
    asyncio.run(a_round(scrub))
    asyncio.run(scrub.go_on())
    assert Fault("profiles.profiles", "user7", "the checksum fails") in scrub.faults(PROFILES)
    assert len(set(scrub.faults(PROFILES))) == len(scrub.faults(PROFILES))
    assert scrub.faults(ACTIVITY) == []
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    with writer.begin() as transaction:
        write_profile(transaction, "user7")
    writer.close()
    asyncio.run(a_round(scrub))
    assert scrub.faults(PROFILES) == []


def test_damaged_trees_are_found_without_lmdb(store: Path) -> None:
    """A page that is no page any more is a finding, and rows are not walked through it."""
    data = store / ACTIVITY / DATA_FILE
    bad = bytearray(data.read_bytes())
    for page in range(2, len(bad) // 4096):
        bad[page * 4096 + 10] ^= 0x40
    data.write_bytes(bad)
    faults, begun = portions(store / ACTIVITY, 10)
    assert faults
    assert begun == [Position()]


def test_a_process_that_is_ended_is_a_finding_and_the_round_goes_on(store: Path, monkeypatch) -> None:
    """What crashes the process costs the daemon nothing; the next portion begins behind it."""
    real = scrub_module.create_subprocess_exec

    async def crashing(*command: Any, **options: Any) -> Any:
        at = '{"at": ["forewords", "00"]}'
        return await real("sh", "-c", f"echo '{at}'; kill -SEGV $$", **options)

    scrub = Scrub(store)
    monkeypatch.setattr(scrub_module, "create_subprocess_exec", crashing)
    asyncio.run(scrub.go_on())
    monkeypatch.setattr(scrub_module, "create_subprocess_exec", real)
    (fault,) = scrub.faults(PROFILES)
    assert fault.what == "it is too damaged to be read: signal SIGSEGV in forewords"
    assert scrub._position[PROFILES] == Position("revisions")
    asyncio.run(a_round(scrub))
    assert scrub.rounds == 1


def test_a_store_that_is_not_there_yet_has_nothing_wrong(tmp_path: Path) -> None:
    """Before the daemons have made it, a round is over at once."""
    scrub = Scrub(tmp_path)
    asyncio.run(a_round(scrub))
    assert scrub.faults(PROFILES) == scrub.faults(ACTIVITY) == []


def test_a_round_goes_on_beside_a_writer(store: Path, write_profile) -> None:
    """What is written between and during portions is no damage."""
    writer = ProfileWriter(store, map_size_bytes=MAP_BYTES)
    position: Position | None = Position()
    while position is not None:
        for said in inspect_portion(store / PROFILES, position, 20):
            assert not isinstance(said, Fault), said
            with writer.begin() as transaction:
                write_profile(transaction, "user7")
                transaction.erase(keys.user_key("user3"))
                write_profile(transaction, "user3")
            if isinstance(said, Progress):
                position = said.position
    writer.close()
