"""The native front answers nobody at an address where the sidecar asks who calls."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from waiting import PATIENCE_SECONDS, until

from foreword.callers import digest_of
from foreword.client import Foreword
from foreword.errors import ServiceError
from foreword.v1.profile_service_pb2 import (
    BatchGetProfilesRequest,
    GetForewordRequest,
    GetProfileRequest,
)
from sidecar.front_door import find_former, front_folder

pytestmark = pytest.mark.parametrize("path", ["native"], indirect=True)

# Everything that the front answers.
READS = {
    "GetProfile": GetProfileRequest(user_id="ann"),
    "GetForeword": GetForewordRequest(user_id="ann", max_tokens=50),
    "BatchGetProfiles": BatchGetProfilesRequest(user_ids=["ann", "bob"]),
}


def callers(folder: Path) -> Path:
    """Write a callers file with one caller, of another namespace."""
    file = folder / "callers.toml"
    file.write_text(
        f'[[callers]]\nname = "shop"\ntoken_sha256 = "{digest_of("fwt_shop")}"\nrights = ["read"]\n'
        'namespaces = ["shop"]\n'
    )
    file.chmod(0o600)
    return file


def refusals(address: str) -> list[tuple[Any, ...]]:
    """Return how each read ends without a token, with a wrong one, and with one of another namespace."""
    found = []
    with grpc.insecure_channel(address) as channel:
        for method, request in READS.items():
            call: Any = channel.unary_unary(f"/foreword.v1.ProfileService/{method}")
            for token in (None, "fwt_none", "fwt_shop"):
                named = () if token is None else (("authorization", f"Bearer {token}"),)
                metadata = (("x-request-id", "the-same"), *named)
                with pytest.raises(grpc.RpcError) as caught:
                    call(request.SerializeToString(), timeout=PATIENCE_SECONDS, metadata=metadata)
                exc = caught.value
                found.append((exc.code(), exc.details(), tuple(exc.trailing_metadata())))
    return found


def test_refusals_are_the_same_with_and_without_a_front(start: Any, tmp_path: Path) -> None:
    """At a guarded address each read is refused, byte for byte as without a front, while a plain one is the front's."""
    guarded = {"callers_file": str(callers(tmp_path)), "require_caller": "everywhere"}
    alone = start(start.config(sidecar={"native": "off"}, security=guarded))
    expected = refusals(alone.address)
    alone.stop()
    running = start(start.config(security=guarded))
    status = running.server._fronting.status()
    assert (status.is_native, status.reason) == (False, "every address asks for TLS or for who calls")
    assert refusals(running.address) == expected
    assert {code for code, _, _ in expected} == {
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }


def test_a_front_from_before_lets_go_where_callers_are_now_asked_for(start: Any, tmp_path: Path) -> None:
    """A front that outlived a sidecar which asked nobody is gone before the next one, which asks, serves."""
    address = f"unix:{start.sockets}/s.sock"
    environment = {
        **os.environ,
        "FOREWORD_STORE__DIRECTORY": str(start.store),
        "FOREWORD_SIDECAR__LISTEN": f'["{address}"]',
    }

    def run(**more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "foreword", "sidecar"], env={**environment, **more})

    def answers() -> bool:
        with suppress(ServiceError), Foreword(address, raises=True, timeout_seconds=1) as client:
            return bool(client.status().version)
        return False

    running = start()
    running.put("ann")
    running.stop()
    former = run()
    until(answers, "the sidecar")
    former.kill()
    former.wait(PATIENCE_SECONDS)
    with Foreword(address, raises=True) as client:
        assert client.profile("ann").profile.user_id == "ann"
    process = run(
        FOREWORD_SECURITY__CALLERS_FILE=str(callers(tmp_path)),
        FOREWORD_SECURITY__REQUIRE_CALLER="everywhere",
    )
    try:
        until(lambda: find_former(front_folder(start.store, make=True)) is None, "the former front")
        with Foreword(address, raises=True, token="fwt_shop") as client:

            def is_served() -> bool:
                with suppress(ServiceError):
                    return client.profile("ann", namespace="shop").profile.user_id == "ann"
                return False

            until(is_served, "the sidecar that asks")
        assert len(refusals(address)) == 3 * len(READS)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
