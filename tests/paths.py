"""The mark of tests that hold for both paths of a read: the sidecar itself, and the native front before it."""

from __future__ import annotations

import pytest

BOTH_PATHS = pytest.mark.parametrize("path", ["python", "native"], indirect=True)
