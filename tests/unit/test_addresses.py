"""Addresses as configuration, command line and client take them."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.addresses import Address, parse_address
from foreword.cli import main
from foreword.client import AsyncForeword, Foreword
from foreword.config_file import ConfigFile
from foreword.errors import ConfigError, FieldError

NONE = [
    "", ":", "localhost", ":7464", "7464", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:\u00b2", "127.0.0.1:port",
    "127.0.0.1:65536", "127.0.0.1:99999999999999999999", "::1:0", "::1:7464", "[[::1]]:0", "[::1]", "[::1:7464",
    "[127.0.0.1]:7464", "[::g]:1", "[::1%]:1", "[]:1", "256.1.1.1:1", "127.1:1", "0:0", "*:7464", "a b:1", "-a:1",
    "a..b:1", "\u00e4:1", "dns:///localhost:1", "http://localhost:1", "a" * 64 + ":1", "unix:", "unix://", "unix://host/s",
    "unix:/" + "x" * 107, "unix:/a\0b", "unix:/a\nb",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_address_is_refused(text: str) -> None:
    """The error names the field, what was found and what is allowed, and is one line."""
    with pytest.raises(FieldError) as caught:
        parse_address("sidecar.listen", text)
    assert caught.value.field == "sidecar.listen"
    assert caught.value.found
    assert caught.value.allowed
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:7464", Address("127.0.0.1:7464", "127.0.0.1:7464", "", "127.0.0.1", 7464)),
        ("[::1]:0", Address("[::1]:0", "[::1]:0", "", "::1", 0)),
        ("[fe80::1%eth0]:80", Address("[fe80::1%eth0]:80", "[fe80::1%eth0]:80", "", "fe80::1%eth0", 80)),
        ("LocalHost.:0080", Address("LocalHost.:80", "LocalHost.:80", "", "LocalHost.", 80)),
        ("a_b.example:1", Address("a_b.example:1", "a_b.example:1", "", "a_b.example", 1)),
        ("unix:/a/b", Address("unix:/a/b", "unix:/a/b", "/a/b", "", 0)),
        ("unix:///a/b", Address("unix:/a/b", "unix:/a/b", "/a/b", "", 0)),
        ("unix:/a%20b/ü?", Address("unix:/a%20b/ü?", "unix:/a%2520b/ü?", "/a%20b/ü?", "", 0)),
    ],
)  # fmt: skip
def test_addresses_are_read(text: str, address: Address) -> None:
    """Hosts, numbers and sockets are taken apart; gRPC gets an escape where a path has a percent sign."""
    assert parse_address("it", text) == address


def test_a_relative_socket_stands_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is made absolute once, so that a later change of directory changes no address."""
    monkeypatch.chdir(tmp_path)
    assert parse_address("it", "unix:./a/s").path == str(tmp_path / "a/s")


@pytest.mark.parametrize("kind", [Foreword, AsyncForeword])
def test_a_client_refuses_what_is_no_address(kind: type, capfd: pytest.CaptureFixture[str]) -> None:
    """Both clients name the argument when they are made, before gRPC sees it."""
    with pytest.raises(FieldError, match=r"target: found '\[\[::1\]\]:7464'; allowed: unix:PATH"):
        kind("[[::1]]:7464")
    assert capfd.readouterr().err == ""


def test_the_command_line_refuses_what_is_no_address(capfd: pytest.CaptureFixture[str]) -> None:
    """--address that is none is wrong usage, said in one line."""
    assert main(["status", "--address", "::1:7464"]) == 2
    assert capfd.readouterr().err == (
        "Error: --address: found '::1:7464'; allowed: unix:PATH, HOST:PORT or [IPV6]:PORT\n"
    )


def test_the_configuration_refuses_what_is_no_address(tmp_path: Path) -> None:
    """sidecar.listen is looked at when the file is read, and the error names file and line."""
    file = tmp_path / "foreword.toml"
    file.write_text('[sidecar]\nlisten = ["unix:{store}/s", "[[::1]]:0"]\n')
    with pytest.raises(
        ConfigError, match=r"foreword.toml:2: sidecar.listen: found '\[\[::1\]\]:0'; allowed: unix:"
    ):
        ConfigFile.find(file).read(environ={})
