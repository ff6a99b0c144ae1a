"""Defaults of namespaces in the store: what is written, and what readers make of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from foreword.clock import ManualClock
from foreword.defaults import default_profile
from foreword.keys import namespace_prefix
from foreword.local import LocalReader
from foreword.store import ProfileReader, ProfileWriter, following
from foreword.store import databases as db
from foreword.store.check import inspect_store
from foreword.store.profile_writer import text_etag
from foreword.store.v1.store_pb2 import Trend, Trends
from foreword.v1.freshness_pb2 import FRESHNESS_DEFAULT
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ProfileWriter]:
    writer = ProfileWriter(tmp_path, map_size_bytes=1 << 26)
    yield writer
    writer.close()
    assert list(inspect_store(tmp_path)) == []


def default(text: str) -> Profile:
    profile = default_profile()
    cuts = [ForewordCut(byte_end=len(text), token_count=3)]
    profile.foreword.CopyFrom(Foreword(text=text, token_count=3, tokenizer="t", cuts=cuts))
    profile.default_basis.digest = "d"
    return profile


def put(writer: ProfileWriter, namespace: str | None, text: str) -> bool:
    profile = default(text)
    with writer.begin() as txn:
        if namespace is None:
            txn.put_defaults(profile, profile.foreword)
            return True
        return txn.put_namespace_defaults(namespace, profile, profile.foreword)


def test_a_namespace_is_served_its_own_default_and_others_that_of_all(
    writer: ProfileWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By namespace, in the asked user's names, marked as default; what is deleted is that of all again."""
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    put(writer, None, "All.")
    put(writer, "radio", "Radio.")
    put(writer, "", "None.")
    with LocalReader(tmp_path, clock=ManualClock(0)) as reader:
        for namespace, text in (("radio", "Radio."), ("", "None."), ("shop", "All."), ("radi", "All.")):
            served = reader.profile("ann", namespace=namespace)
            expected = default(text)
            expected.user_id, expected.namespace = "ann", namespace
            assert (served.profile, served.freshness) == (expected, FRESHNESS_DEFAULT)
            said = reader.foreword("ann", namespace=namespace)
            assert (said.text, said.etag, said.revision) == (text, text_etag(text), 0)
            assert said.freshness == FRESHNESS_DEFAULT
        with writer.begin() as txn:
            assert txn.delete_namespace_defaults("radio")
            assert not txn.delete_namespace_defaults("radio")
        assert reader.text("ann", namespace="radio") == "All."


def test_what_is_the_same_is_not_written_again(writer: ProfileWriter) -> None:
    """The writer says whether anything changed."""
    assert put(writer, "radio", "Radio.")
    assert not put(writer, "radio", "Radio.")
    assert put(writer, "radio", "Radio!")


def test_a_damaged_default_is_never_served(writer: ProfileWriter, tmp_path: Path) -> None:
    """That of all namespaces stands in, and the check names the row."""
    put(writer, None, "All.")
    put(writer, "radio", "Radio.")
    key = namespace_prefix("radio") + db.DEFAULT_FOREWORD
    handle = writer.environment.handles[db.DEFAULTS]
    with writer.environment.begin(write=True) as txn:
        row = txn.get(key, db=handle)
        txn.put(key, row[:-1] + b"!", db=handle)
    with LocalReader(tmp_path) as reader:
        assert reader.text("ann", namespace="radio") == "All."
    assert {fault.key for fault in inspect_store(tmp_path)} == {key.hex()}
    with writer.begin() as txn:
        txn.delete_namespace_defaults("radio")


def test_the_check_names_a_default_without_its_text_and_a_trend_of_nobody(
    writer: ProfileWriter, tmp_path: Path
) -> None:
    """Both halves are there or none, keys are of namespaces, and a trend rests on users."""
    put(writer, "radio", "Radio.")
    prefix = namespace_prefix("radio")
    with writer.environment.begin(write=True) as txn:
        txn.delete(prefix + db.DEFAULT_FOREWORD, db=writer.environment.handles[db.DEFAULTS])
        txn.put(b"\7x\0", b"row", db=writer.environment.handles[db.DEFAULTS])
    with writer.begin() as txn:
        txn.put_trends("radio", Trends(night=1, trends=[Trend()]))
    said = sorted(fault.what for fault in inspect_store(tmp_path))
    assert said == [
        "a trend rests on nobody",
        "of profile and foreword only one is there",
        "the key is no namespace",
    ]
    with writer.environment.begin(write=True) as txn:
        txn.delete(b"\7x\0", db=writer.environment.handles[db.DEFAULTS])
    with writer.begin() as txn:
        txn.delete_namespace_defaults("radio")
        txn.delete_trends("radio")


def test_trends_and_their_night_are_read_back(writer: ProfileWriter, tmp_path: Path) -> None:
    """By namespace; before the first night there is none."""
    reader = ProfileReader(tmp_path)
    assert reader.trends_night() is None
    assert reader.trends("radio") == Trends()
    row = Trends(night=9, trends=[Trend(user_count=7)])
    with writer.begin() as txn:
        txn.put_trends("radio", row)
        txn.put_trends_night(9)
    put(writer, "shop", "Shop.")
    assert (reader.trends("radio"), reader.trends_night()) == (row, 9)
    assert reader.default_namespaces() == {"radio", "shop"}
    reader.close()
