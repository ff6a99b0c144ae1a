"""Starting, serving alone, reloading, and stopping."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from paths import BOTH_PATHS
from unprivileged import read_only, unprivileged
from waiting import PATIENCE_SECONDS

from foreword.client import Foreword
from foreword.config_file import ConfigFile
from foreword.errors import FieldError, StoreLockedError
from foreword.store import ActivityWriter
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.user_data_service_pb2 import EraseUserRequest, EraseUserResponse
from sidecar.errors import ListenError

pytestmark = BOTH_PATHS

SERVICES = {f"foreword.v1.{name}Service" for name in ("Profile", "Activity", "Operator", "UserData")}
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
NOBODY = 65534


# -- alone --------------------------------------------------------------------------------------------------------


def test_second_sidecar_on_the_store_is_refused(start: Any) -> None:
    """Two sidecars on one store are refused in a sentence that names the first, whatever their sockets."""
    start()
    config = start.config(sidecar={"listen": [f"unix:{start.sockets}/other.sock"]})
    with pytest.raises(StoreLockedError, match=f"process {os.getpid()} holds"):
        start(config)


def test_second_sidecar_on_the_socket_is_refused(start: Any, tmp_path: Path) -> None:
    """Two sidecars on one socket are refused, and the first keeps its clients."""
    running = start()
    with pytest.raises(StoreLockedError, match=r"another sidecar serves on unix:"):
        start(start.config(store={"directory": str(tmp_path / "other")}), with_profiles=False)
    assert running.client.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT


def test_failed_start_lets_go_of_everything(start: Any) -> None:
    """After a start that failed at an address, the same store and socket can be had."""
    config = start.config(sidecar={"listen": [f"unix:{start.sockets}/s.sock", "192.0.2.1:7464"]})
    with pytest.raises(ListenError):
        start(config)
    assert start().client.status().version


def test_socket_is_closed_to_others(running: Any) -> None:
    """The unix socket has mode 0600."""
    path = Path(running.address.removeprefix("unix:"))
    assert path.stat().st_mode & 0o777 == 0o600


def test_stale_socket_is_taken_over(start: Any) -> None:
    """A socket file that a killed sidecar left behind does not bar the next one."""
    path = start.sockets / "s.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert start().client.status().version


def test_file_in_the_sockets_place_is_left_alone(start: Any) -> None:
    """A file that is no socket is never removed."""
    path = start.sockets / "s.sock"
    path.write_text("mine")
    with pytest.raises(ListenError, match="no socket"):
        start()
    assert path.read_text() == "mine"


def test_taken_port_is_refused(start: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """A port that another process serves is refused in words rather than shared with it."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ListenError, match=f"cannot serve on {address}: Address already in use"):
            start(start.config(sidecar={"listen": [address]}))
    assert "add_port" not in capfd.readouterr().err


def test_port_zero_is_chosen_and_told(start: Any) -> None:
    """With port 0 the address served on names the port in use."""
    running = start(start.config(sidecar={"listen": ["127.0.0.1:0", "localhost:0"]}))
    assert all(int(address.rsplit(":", 1)[1]) > 0 for address in running.server.addresses)
    assert running.client.status().version


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:7464", "sidecar.example:7464"])
def test_open_address_needs_tls(start: Any, address: str) -> None:
    """An address that other machines can reach is refused without TLS, and the hint names the settings."""
    with pytest.raises(ListenError, match="no TLS is configured") as caught:
        start(start.config(sidecar={"listen": [address]}))
    assert "security.tls_certificate_file" in caught.value.hint


def test_socket_path_that_is_too_long_with_the_store_is_named(start: Any) -> None:
    """A path that only the store's folder makes too long is refused with what was found and what is allowed."""
    with pytest.raises(FieldError, match="at most 107 bytes") as caught:
        start(start.config(sidecar={"listen": ["unix:{store}/" + "x" * 100]}))
    assert caught.value.field == "sidecar.listen"


def test_percent_sign_in_a_path_is_one(start: Any) -> None:
    """Sidecar and client meet at a socket whose path looks like an escape to gRPC."""
    folder = start.sockets / "a%20b"
    folder.mkdir()
    running = start(start.config(sidecar={"listen": [f"unix:{folder}/s.sock"]}))
    assert (folder / "s.sock").is_socket()
    assert running.client.status().version


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command to make a certificate")
def test_open_address_is_served_with_tls(start: Any, tmp_path: Path) -> None:
    """With a certificate and callers not asked for, an open address is served, encrypted, to whoever trusts it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*command.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    config = start.config(
        sidecar={"listen": ["0.0.0.0:0"]},
        security={
            "tls_certificate_file": str(certificate),
            "tls_key_file": str(key),
            "require_caller": "nowhere",
        },
    )
    running = start(config)
    port = running.server.addresses[0].rsplit(":", 1)[1]
    with Foreword(f"127.0.0.1:{port}", raises=True, certificate_file=certificate) as client:
        assert client.status().version


# -- a store that cannot be written -------------------------------------------------------------------------------


def test_read_only_store_is_served(start: Any) -> None:
    """On a store that cannot be written profiles are served, events refused with the reason, and health says so."""
    start.store = Path(tempfile.mkdtemp(prefix="fw-store-"))
    writer = ActivityWriter(start.store, map_size_bytes=1 << 28)
    writer.close()
    profiles = start.profiles()
    with profiles.begin() as txn:
        txn.put_scheduler_seen(1)
    profiles.close()
    start.sockets.chmod(0o777)
    try:
        with read_only(start.store), unprivileged():
            listen = ["unix:{store}/foreword.sock", f"unix:{start.sockets}/s.sock"]
            running = start(start.config(sidecar={"listen": listen}), with_profiles=False)
            assert running.client.profile("ann").freshness == Freshness.FRESHNESS_DEFAULT
            with pytest.raises(grpc.RpcError) as caught:
                running.call("ActivityService/RecordEvents", b"\x0a\x00")
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert running.error_info(caught.value).reason == "STORE_NOT_WRITABLE"
            assert running.health("foreword.v1.ActivityService") == NOT_SERVING
            assert running.health("foreword.v1.ProfileService") == SERVING
            problems = running.problems()
            assert "read-only" in problems["sidecar.activity"]
            assert "foreword.sock" in problems["sidecar.listen"]
            running.stop()
    finally:
        shutil.rmtree(start.store)


# -- what others find out ---------------------------------------------------------------------------------------


def test_reflection_lists_the_services(running: Any) -> None:
    """A client without the .proto files can list the services and get their descriptors."""
    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="foreword.v1.ProfileService"),
    ]
    listed, described = stub.ServerReflectionInfo(iter(requests), timeout=PATIENCE_SECONDS)
    names = {service.name for service in listed.list_services_response.service}
    assert SERVICES | {"grpc.health.v1.Health"} <= names
    assert described.file_descriptor_response.file_descriptor_proto


def test_each_service_has_health(running: Any) -> None:
    """Health knows the whole and each service; one that is not there is NOT_FOUND."""
    assert {running.health(service) for service in ("", *SERVICES)} == {SERVING}
    with pytest.raises(grpc.RpcError) as caught:
        running.health("foreword.v1.NoService")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_watchers_hear_of_the_drain_and_do_not_delay_it(running: Any) -> None:
    """Whoever watches health is told NOT_SERVING at a drain, and then his call ends."""
    stub = health_pb2_grpc.HealthStub(running.channel)
    heard: list[int] = []
    first = threading.Event()

    def watch() -> None:
        for response in stub.Watch(health_pb2.HealthCheckRequest(service=""), timeout=PATIENCE_SECONDS):
            heard.append(response.status)
            first.set()

    thread = threading.Thread(target=watch)
    thread.start()
    assert first.wait(PATIENCE_SECONDS)
    running.eventually(lambda: running.health() == SERVING, "the start")
    stopping = threading.Thread(target=running.server_stop)
    started = time.monotonic()
    stopping.start()
    thread.join(PATIENCE_SECONDS)
    stopping.join(PATIENCE_SECONDS)
    assert heard == [SERVING, NOT_SERVING]
    assert time.monotonic() - started < PATIENCE_SECONDS / 2


def test_drain_lets_a_waiting_call_finish(running: Any) -> None:
    """A call under way when the drain begins gets its answer, and needs not wait for its own end."""
    request = EraseUserRequest(user_id="ann", wait={"seconds": 30}).SerializeToString()
    future = running.channel.unary_unary("/foreword.v1.UserDataService/EraseUser").future(request, timeout=30)
    running.eventually(lambda: running.server._erasures._pending, "the erasure to begin")
    running.server_stop()
    assert not EraseUserResponse.FromString(future.result(timeout=PATIENCE_SECONDS)).complete


def test_changed_configuration_is_taken_over(start: Any, tmp_path: Path) -> None:
    """A changed file takes effect while running; what needs a restart is said, and a bad file is refused visibly."""
    file = tmp_path / "foreword.toml"
    store = f'[store]\ndirectory = "{start.store}"\n'

    def write(sidecar: str, listen: str = f"unix:{start.sockets}/s.sock") -> None:
        file.write_text(f'{store}[sidecar]\nlisten = ["{listen}"]\n{sidecar}\n')

    write("")
    source = ConfigFile.find(file)
    running = start(source.read(), config_file=source)
    live = running.server._live
    assert live.current.sidecar.open_trigger_seconds == 60
    write("open_trigger_seconds = 5.0")
    running.eventually(lambda: live.current.sidecar.open_trigger_seconds == 5, "the new value")
    assert "sidecar.config" not in running.problems()
    write("open_trigger_seconds = 7.0", listen="127.0.0.1:1")
    running.eventually(lambda: running.problems().get("sidecar.config", ""), "the notice")
    assert running.problems()["sidecar.config"].endswith("only a restart applies it: sidecar.listen")
    assert live.current.sidecar.open_trigger_seconds == 7
    write("open_trigger_seconds = -1")
    running.eventually(lambda: "foreword.toml:5" in running.problems()["sidecar.config"], "the refusal")
    assert live.current.sidecar.open_trigger_seconds == 7
    write("")
    running.eventually(lambda: "sidecar.config" not in running.problems(), "all to be well again")


def test_sigterm_drains_and_exits_with_zero(start: Any) -> None:
    """The daemon says where it serves, ends on SIGTERM with exit code 0, and leaves no socket behind."""
    path = start.sockets / "s.sock"
    environment = {
        **os.environ,
        "FOREWORD_STORE__DIRECTORY": str(start.store),
        "FOREWORD_SIDECAR__LISTEN": f'["unix:{path}"]',
    }
    code = (
        "import logging; logging.basicConfig(level=logging.INFO)\n"
        "from foreword.config_file import ConfigFile; from foreword.clock import SystemClock\n"
        "from sidecar.server import run\n"
        "raise SystemExit(run(ConfigFile.find().read(), SystemClock()))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        assert f"serving on unix:{path}" in process.stderr.readline()
        with Foreword(f"unix:{path}", raises=True) as client:
            assert client.record(user_id="ann", type="view").accepted_count == 1
        second = subprocess.run(
            [sys.executable, "-m", "foreword", "sidecar"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert second.returncode == 1
    assert f"process {process.pid} holds" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    assert not path.exists()
