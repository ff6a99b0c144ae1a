"""Foreword's own reader against the vectors that every client's reader must pass."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from reader_paths import BOTH, require

from foreword.clock import ManualClock
from foreword.errors import FieldError, StoreCorruptError, StoreVersionError
from foreword.local import LocalReader
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse

CLIENTS = Path(__file__).parents[2] / "clients"
VECTORS = json.loads((CLIENTS / "vectors" / "reads.json").read_text("utf-8"))
REASONS = {
    "STORE_CORRUPT": StoreCorruptError,
    "STORE_VERSION": StoreVersionError,
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


def read(stores: Path, case: dict[str, Any], native: bool) -> GetProfileResponse | GetForewordResponse:
    clock = ManualClock(case["now_ms"])
    with LocalReader(stores / case["store"], clock=clock, native=native) as reader:
        # Without a store, and of a file that is shorter than its pages, only py-lmdb's reader knows what to make.
        require(reader, native=native and case["store"] not in ("absent", "short"))
        if case["call"] == "profile":
            return reader.profile(case["user_id"], namespace=case["namespace"])
        return reader.foreword(case["user_id"], case["max_tokens"], namespace=case["namespace"])


@pytest.mark.parametrize("native", BOTH)
@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: f"{case['call']} {case['name']}")
def test_our_reader_answers_as_the_vectors_say(stores: Path, case: dict[str, Any], native: bool) -> None:
    """Each read is answered with the message of the vectors, or refused for their reason."""
    if "reason" in case:
        with pytest.raises(REASONS[case["reason"]]) as caught:
            read(stores, case, native)
        assert getattr(caught.value, "field", "") == case.get("field", "")
        return
    found = read(stores, case, native)
    assert found == type(found).FromString(bytes.fromhex(case["response"]))


def test_the_vectors_are_what_their_script_writes() -> None:
    """The committed file is the one that clients/make_vectors.py makes today."""
    written = (CLIENTS / "vectors" / "reads.json").read_text("utf-8")
    assert written == script("make_vectors").vectors(), "run `python clients/make_vectors.py`"


def test_the_vectors_cover_what_a_reader_may_meet() -> None:
    """Every freshness and every reason comes, and nearly a hundred reads."""
    found = {case.get("freshness") or case["reason"] for case in VECTORS["cases"]}
    assert found == {*REASONS, *Freshness.keys()} - {"FRESHNESS_UNSPECIFIED"}
    assert len(VECTORS["cases"]) > 80
