"""Datasets swapped under a sidecar that is being read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from foreword.store import ProfileWriter
from foreword.store.dataset import Versions, make_dataset

USERS = 50
SWAPS = 12


def a_set(store: Path, target: Path, text: str, write_profile: Callable[..., int]) -> None:
    """Write a dataset in which every user has a foreword with this text."""
    writer = ProfileWriter(store, map_size_bytes=1 << 28)
    with writer.begin() as txn:
        for number in range(USERS):
            write_profile(txn, f"user{number}", f"{text} of user{number}")
    writer.close()
    make_dataset(store, target)


def test_datasets_are_swapped_under_load(
    start: Any, tmp_path: Path, write_profile: Callable[..., int]
) -> None:
    """No call fails while sets take each other's place; each answer is whole and of one of them, and the newest is
    what is read soon after."""
    for text in ("old", "new"):
        a_set(tmp_path / text, tmp_path / f"{text}.tar", text, write_profile)
    running = start(with_profiles=False)
    versions = Versions(running.store)
    names = [versions.install(tmp_path / f"{text}.tar").manifest.name for text in ("old", "new")]
    running.eventually(lambda: running.client.foreword("user1").text == "new of user1", "the set")
    stop, wrong, counts = threading.Event(), [], [0] * 3

    def read(place: int) -> None:
        while not stop.is_set():
            number = counts[place] % USERS
            found = running.client.foreword(f"user{number}").text
            counts[place] += 1
            if found not in {f"{text} of user{number}" for text in ("old", "new")}:
                wrong.append(found)

    readers = [threading.Thread(target=read, args=(place,)) for place in range(len(counts))]
    for reader in readers:
        reader.start()
    try:
        for swap in range(SWAPS):
            text = ("old", "new")[swap % 2]
            assert versions.use(names[swap % 2]).name == names[swap % 2]
            running.eventually(
                lambda text=text: running.client.foreword("user7").text == f"{text} of user7", text
            )
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not wrong
    assert min(counts) > SWAPS
