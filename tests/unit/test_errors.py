"""Errors that pass from one process to another."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from foreword.errors import (
    ConfigError,
    FieldError,
    ForewordError,
    MissingExtraError,
    ServiceError,
    StoreFullError,
)


@pytest.mark.parametrize(
    "error",
    [
        ForewordError("m", hint="h"),
        FieldError("f", "x", "y", hint="h"),
        ConfigError("m", file=Path("a.toml"), line=3, key="k"),
        StoreFullError("m", store="activity.lmdb"),
        ServiceError("m", reason="r", metadata={"a": "b"}, from_sidecar=True),
        MissingExtraError("what", "extra"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_in_another_process(error: ForewordError) -> None:
    """It keeps class, words and fields when it is pickled."""
    other = pickle.loads(pickle.dumps(error))
    assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))
