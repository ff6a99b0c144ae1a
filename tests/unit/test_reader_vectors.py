"""Foreword's own reader against the vectors that every client's reader must pass."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from reader_paths import BOTH, require

from foreword.clock import ManualClock
from foreword.errors import FieldError, ForewordError, StoreCorruptError, StoreError, StoreVersionError
from foreword.local import LocalReader
from foreword.read_notes import socket_address
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

CLIENTS = Path(__file__).parents[2] / "clients"
VECTORS = json.loads((CLIENTS / "vectors" / "reads.json").read_text("utf-8"))
REASONS = {
    "STORE_CORRUPT": StoreCorruptError,
    "STORE_VERSION": StoreVersionError,
    "STORE_UNUSABLE": StoreError,
    "FIELD_INVALID": FieldError,
}


def script(name: str) -> ModuleType:
    """Return a script of clients/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, CLIENTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stores of the vectors."""
    directory = tmp_path_factory.mktemp("vectors")
    script("vector_stores").build(VECTORS["stores"], directory)
    return directory


@contextmanager
def reading(store: Path, clock: ManualClock, native: bool) -> Iterator[LocalReader]:
    with LocalReader(store, clock=clock, native=native) as reader:
        # Without a store, and of a file that is shorter than its pages, only py-lmdb's reader knows what to make.
        yield require(reader, native=native and store.name not in ("absent", "short"))


def read(reader: LocalReader, case: dict[str, Any]) -> GetProfileResponse | GetForewordResponse:
    if case["call"] == "profile":
        return reader.profile(case["user_id"], namespace=case["namespace"])
    return reader.foreword(case["user_id"], case["max_tokens"], namespace=case["namespace"])


@pytest.mark.parametrize("native", BOTH)
@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: f"{case['call']} {case['name']}")
def test_our_reader_answers_as_the_vectors_say(stores: Path, case: dict[str, Any], native: bool) -> None:
    """Each read is answered with the message of the vectors, or refused for their reason."""
    place, clock = stores / case["store"], ManualClock(case["now_ms"])
    if "reason" in case:
        with pytest.raises(REASONS[case["reason"]]) as caught, reading(place, clock, native) as reader:
            read(reader, case)
        assert getattr(caught.value, "field", "") == case.get("field", "")
        # It is the base of the others.
        assert case["reason"] != "STORE_UNUSABLE" or caught.type is StoreError
        return
    with reading(place, clock, native) as reader:
        found = read(reader, case)
    assert found == type(found).FromString(bytes.fromhex(case["response"]))


@pytest.mark.parametrize("native", BOTH)
@pytest.mark.parametrize("telling", VECTORS["tellings"], ids=lambda telling: telling["name"])
def test_our_reader_tells_as_the_vectors_say(stores: Path, telling: dict[str, Any], native: bool) -> None:
    """Reads send the user keys of the vectors to the socket in the store's folder, in their order, and nothing else."""
    place, clock = stores / telling["store"], ManualClock(0)
    place.mkdir(exist_ok=True)
    with (
        closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as taking,
        socket_address(place) as address,
    ):
        taking.bind(address)
        taking.setblocking(False)
        try:
            with reading(place, clock, native) as reader:
                for each in telling["reads"]:
                    clock.advance(each["now_ms"] - clock.now_ms())
                    # Also a read that is refused tells of nobody.
                    with suppress(ForewordError):
                        read(reader, each)
        finally:
            Path(address).unlink()
        assert [said.hex() for said in taken(taking)] == telling["datagrams"]


def taken(taking: socket.socket) -> Iterator[bytes]:
    """Yield the datagrams that came."""
    with suppress(BlockingIOError):
        while True:
            yield taking.recv(512)


def test_the_vectors_are_what_their_script_writes() -> None:
    """The committed file is the one that clients/make_vectors.py makes today."""
    written = (CLIENTS / "vectors" / "reads.json").read_text("utf-8")
    assert written == script("make_vectors").vectors(), "run `python clients/make_vectors.py`"


def test_the_vectors_cover_what_a_reader_may_meet() -> None:
    """Every freshness and every reason comes, and nearly a hundred reads."""
    found = {case.get("freshness") or case["reason"] for case in VECTORS["cases"]}
    assert found == {*REASONS, *Freshness.keys()} - {"FRESHNESS_UNSPECIFIED"}
    assert len(VECTORS["cases"]) > 80
