"""`foreword health`, which probes run, against a sidecar that serves, drains, or is gone."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from paths import BOTH_PATHS
from unprivileged import read_only, unprivileged

from foreword.cli import main
from foreword.client.health import is_healthy
from foreword.errors import FieldError, ServiceError
from foreword.store import ActivityWriter

Captured = pytest.CaptureFixture[str]


def health(running: Any, *arguments: str) -> int:
    return main(["health", "--address", running.address, *arguments])


@BOTH_PATHS
def test_a_sidecar_that_serves_is_healthy(running: Any, capsys: Captured) -> None:
    """Exit code 0, one line for people, and the same for machines."""
    assert health(running) == 0
    assert capsys.readouterr().out == f"The sidecar at {running.address} is serving\n"
    assert health(running, "--service", "foreword.v1.ActivityService", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "address": running.address,
        "service": "foreword.v1.ActivityService",
        "serving": True,
    }


def test_a_sidecar_that_cannot_write_is_half_healthy(start: Any, capsys: Captured) -> None:
    """On a store that cannot be written the whole serves, and a probe for events alone ends with 1."""
    start.store = Path(tempfile.mkdtemp(prefix="fw-store-"))
    ActivityWriter(start.store, map_size_bytes=1 << 28).close()
    start.profiles().close()
    start.sockets.chmod(0o777)
    try:
        with read_only(start.store), unprivileged():
            running = start(start.config(), with_profiles=False)
            service = "foreword.v1.ActivityService"
            assert health(running, "--service", service) == 1
            assert capsys.readouterr().out == f"{service} at {running.address} is not serving\n"
            assert health(running) == 0
            running.stop()
    finally:
        shutil.rmtree(start.store)


def test_a_service_of_no_such_name_is_an_error(running: Any, capsys: Captured) -> None:
    """What nobody serves is not healthy, and its name is no way to write on a terminal."""
    assert health(running, "--service", "no\x1b[2Jsuch") == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: NOT_FOUND: no service ")
    assert "\x1b" not in said


def test_a_name_that_is_too_long_is_refused(running: Any) -> None:
    """A name that no service can have is refused before it is sent."""
    with pytest.raises(FieldError, match=r"service: found 200 bytes; allowed: at most 127"):
        is_healthy(running.address, "x" * 200, timeout_seconds=1)


def test_nobody_at_the_address_is_not_healthy(running: Any, capsys: Captured) -> None:
    """A sidecar that has ended is said to be gone at once, with exit code 1."""
    running.stop()
    assert health(running) == 1
    assert (
        capsys.readouterr().err
        == f"Error: no sidecar answers at {running.address} (start one with `foreword up`)\n"
    )


def test_who_accepts_and_says_nothing_is_not_waited_for() -> None:
    """A process that hangs with the socket open is not healthy once the time is over."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        address = "127.0.0.1:{1}".format(*hanging.getsockname())
        with pytest.raises(ServiceError, match=r"no sidecar answers|did not answer within"):
            is_healthy(address, timeout_seconds=0.2)
