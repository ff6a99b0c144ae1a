"""A client in another language that knows nothing but an address: grpcurl, by reflection."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ports import free_port
from waiting import until

GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4"
SECONDS_MAX = 30
ROOT = Path(__file__).parents[2]

Call = Callable[..., Any]


# Without caches Go compiles grpcurl, which takes longer than other tests may.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def grpcurl(request: pytest.FixtureRequest, build: Callable[..., None]) -> str:
    """grpcurl from the path, else built from Go modules, and kept for the next run."""
    found = shutil.which("grpcurl")
    if found is not None:
        return found
    binaries = request.config.cache.mkdir(GRPCURL.rpartition("/")[2])
    if not (binaries / "grpcurl").exists():
        build(["go", "install", GRPCURL], ROOT, {"GOBIN": str(binaries)})
    return str(binaries / "grpcurl")


@pytest.fixture(scope="module")
def call(grpcurl: str) -> Iterator[Call]:
    """Call a method of two running daemons, and return its answer."""
    with tempfile.TemporaryDirectory(prefix="fw-curl-") as folder:
        address = f"127.0.0.1:{free_port()}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")},
            "FOREWORD_STORE__DIRECTORY": f"{folder}/store",
            "FOREWORD_SIDECAR__LISTEN": f'["unix:{{store}}/foreword.sock", "{address}"]',
        }
        log = Path(folder) / "up.log"
        with log.open("wb") as output:
            up = subprocess.Popen(
                [sys.executable, "-m", "foreword", "up"], env=environment, stdout=output, stderr=output
            )
        try:
            until(lambda: b"Foreword is ready" in log.read_bytes() or up.poll() is not None, log.read_text)
            assert up.poll() is None, log.read_text()

            def run(method: str, request: dict[str, Any] | None = None) -> Any:
                done = subprocess.run(
                    [grpcurl, "-plaintext", "-d", json.dumps(request or {}), address, method]
                    if "/" in method
                    else [grpcurl, "-plaintext", address, method],
                    capture_output=True,
                    text=True,
                    timeout=30,
                    check=False,
                )
                assert done.returncode == 0, done.stderr
                return json.loads(done.stdout) if "/" in method else done.stdout

            yield run
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(timeout=SECONDS_MAX)


def test_reflection_lists_the_services(call: Call) -> None:
    """The contract's services and health are there to be found."""
    listed = set(call("list").split())
    names = {"ProfileService", "ActivityService", "OperatorService", "UserDataService"}
    assert {f"foreword.v1.{name}" for name in names} <= listed
    assert "grpc.health.v1.Health" in listed


def test_every_service_is_serving(call: Call) -> None:
    """Health has an entry for the whole and for each service."""
    for service in ("", "foreword.v1.ProfileService", "foreword.v1.ActivityService"):
        assert call("grpc.health.v1.Health/Check", {"service": service}) == {"status": "SERVING"}


def test_events_become_a_foreword_and_more_events_a_new_revision(call: Call) -> None:
    """An unknown user, then events, then a foreword; further events, then a newer revision."""
    get = "foreword.v1.ProfileService/GetForeword"
    before = call(get, {"user_id": "gopher"})
    assert before["freshness"] == "FRESHNESS_DEFAULT"
    assert "text" not in before

    first = _session(call, "a", "scheduler")
    assert first == {"accepted_count": 7}
    known = until(lambda: (answer := call(get, {"user_id": "gopher"})).get("revision") and answer)
    assert "scheduler" in known["text"]
    assert known["freshness"] == "FRESHNESS_FRESH"

    assert _session(call, "a", "scheduler") == {"duplicate_count": 7}
    assert call(get, {"user_id": "gopher"})["etag"] == known["etag"]

    _session(call, "b", "compilers")
    newer = until(lambda: (a := call(get, {"user_id": "gopher"}))["revision"] != known["revision"] and a)
    assert int(newer["revision"]) > int(known["revision"])
    assert "compilers" in newer["text"]

    profile = call("foreword.v1.ProfileService/GetProfile", {"user_id": "gopher"})["profile"]
    topics = {row["topic"] for row in profile["content_preferences"]["high_affinity_topics"]}
    assert topics == {"scheduler", "compilers"}


def _session(call: Call, name: str, topic: str) -> Any:
    events = [
        {"event_id": f"{name}{number}", "user_id": "gopher", "type": "read", "topics": [topic]}
        for number in range(6)
    ]
    end = {"event_id": f"{name}-end", "user_id": "gopher", "type": "session.end"}
    return call("foreword.v1.ActivityService/RecordEvents", {"events": [*events, end]})
