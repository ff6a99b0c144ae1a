"""The two ways a LocalReader reads: by py-lmdb, and by foreword-native where that is installed."""

from __future__ import annotations

import importlib.util

import pytest

from foreword.local import LocalReader

has_native = importlib.util.find_spec("foreword_native") is not None
needs_native = pytest.mark.skipif(
    not has_native, reason="foreword-native is not installed: run `make native`"
)
BOTH = [pytest.param(False, id="python"), pytest.param(True, id="native", marks=needs_native)]


def require(reader: LocalReader, *, native: bool) -> LocalReader:
    """Return a reader that reads in the way that is tested."""
    assert reader.native is native
    return reader
