"""`foreword ui` as an operator starts it."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Installation

Until = Callable[[Callable[[], Any], str], Any]


@contextmanager
def started(here: Installation, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the page on a port of the system's choice; give its process and address, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", "ui", "--json", "--listen", "127.0.0.1:0", *arguments],
        cwd=here.folder,
        env=here.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        yield process, json.loads(line)["addresses"][0]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_page_is_served_and_ended(installation: Installation, number: signal.Signals) -> None:
    """It says where it is once it is there, works without any daemon, and a signal ends it without a word."""
    with started(installation) as (process, address):
        host = address.removeprefix("http://").rstrip("/")
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("GET", "/configuration")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command to make a certificate")
def test_a_certificate_serves_the_page_with_tls(installation: Installation) -> None:
    """With a certificate and its key, whoever trusts it is answered."""
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        " -keyout page.key -out page.pem -days 1"
    )
    subprocess.run(command.split(), cwd=installation.folder, check=True, capture_output=True, timeout=60)
    with started(installation, "--certificate-file", "page.pem", "--key-file", "page.key") as (_, address):
        assert address.startswith("https://")
        port = int(address.rstrip("/").rpartition(":")[2])
        trusting = ssl.create_default_context(cafile=str(installation.folder / "page.pem"))
        connection = http.client.HTTPSConnection("localhost", port, context=trusting, timeout=30)
        connection.request("GET", "/configuration")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--listen", "0.0.0.0:0"], "--listen: found 0.0.0.0:0, which other machines reach, without a token"),
        (["--listen", "unix:/tmp/x"], "browsers read no sockets"),
        (["--listen", "here"], "--listen: found 'here'"),
        (["--page-token-file", "none"], "--page-token-file: found none"),
        (["--key-file", "k"], "both --certificate-file and --key-file"),
    ],
)
def test_what_cannot_be_served_is_refused(
    installation: Installation, arguments: list[str], says: str
) -> None:
    """One sentence names the option, what was found and what is allowed."""
    done = installation.run("ui", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_taken_port_is_said(installation: Installation) -> None:
    """Who listens there already is not pushed aside."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = installation.run("ui", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert "cannot serve the page on 127.0.0.1" in done.stderr


def test_without_the_extra_it_says_what_to_install(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain server install names the command that adds the page."""
    for name in [
        name for name in sys.modules if name.split(".")[0] == "jinja2" or name.startswith("foreword.cli.ui.")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = installation.run("ui")
    assert done.returncode == 1
    assert "pip install 'foreword[ui]'" in done.stderr


def test_up_serves_the_page_beside_the_daemons(installation: Installation, until: Until) -> None:
    """`--ui` starts it under the same supervisor, and one signal ends all three."""
    process = installation.start("up", "--ui", "127.0.0.1:0")
    try:
        until(
            lambda: "The page is at http://127.0.0.1:" in installation.log() or process.poll() is not None,
            "it",
        )
        address = installation.log().partition("The page is at http://")[2].split("/")[0]
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("GET", "/")
        body = connection.getresponse().read().decode()
        assert "Freshness by segment" in body
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
