"""Errors pass from one process to another."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from foreword.errors import ConfigError, FieldError, ForewordError, ServiceError, StoreFullError


@pytest.mark.parametrize(
    "error",
    [
        ForewordError("wrong", hint="mend it"),
        FieldError("time", "'yesterday'", "an RFC 3339 time", hint="mend it"),
        ConfigError("wrong", file=Path("foreword.toml"), line=3, key="store"),
        StoreFullError("full", store="activity.lmdb"),
        ServiceError("gone", reason="UNAVAILABLE", metadata={"store": "x"}),
    ],
)
def test_an_error_comes_back_as_it_was(error: ForewordError) -> None:
    """Its kind, its sentence and its fields: else whoever works in several processes would see none of them."""
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)
    assert back.args == error.args
