"""What tests of integrations start from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from integrations.beside import TEXT, Daemon, running_daemon


@pytest.fixture
def daemon(write_profile: Any) -> Iterator[Daemon]:
    """Return a running sidecar that knows `example-ada`."""
    with running_daemon({"example-ada": TEXT}, write_profile) as running:
        yield running
