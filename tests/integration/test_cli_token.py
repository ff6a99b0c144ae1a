"""`foreword token`, and commands at a sidecar that asks who calls."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE_SECONDS, until

from foreword.callers import digest_of, read_callers


def made(installation: Any, *arguments: str) -> tuple[str, str]:
    """Return a new token and its entry."""
    found = installation.json("token", "new", *arguments)
    return found["token"], found["entry"]


def test_a_new_token_is_in_its_entry_as_a_digest_alone(installation: Any) -> None:
    """What is printed for the file can be appended as it is, and has not got the token in it."""
    token, entry = made(
        installation, "--name", "shop", "--rights", "read,record", "--namespaces", "shop,", "--days", "2"
    )
    assert token not in entry
    file = Path(installation.folder) / "callers.toml"
    file.touch(0o600)
    other = made(
        installation, "--name", "mesh", "--rights", "erase", "--all-namespaces", "--certificate-name", "m"
    )
    assert other[0] == ""
    file.write_text(entry + other[1])
    callers = read_callers(file)
    shop = callers.by_digest[digest_of(token)]
    assert (shop.name, set(shop.rights), set(shop.namespaces or ())) == (
        "shop",
        {"read", "record"},
        {"shop", ""},
    )
    assert shop.expires_ms is not None
    assert callers.by_certificate["m"].namespaces is None
    listed = installation.run("token", "list", str(file))
    assert listed.returncode == 0
    assert "read,record" in listed.stdout
    assert digest_of(token) not in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "a b", "--rights", "read", "--all-namespaces"], "--name"),
        (["--name", "a", "--rights", "read,write", "--all-namespaces"], "read, record, operate, erase"),
        (["--name", "a", "--rights", "read"], "--namespaces"),
        (["--name", "a", "--rights", "read", "--all-namespaces", "--namespaces", "a"], "--namespaces"),
    ],
)
def test_a_mistake_is_wrong_usage(installation: Any, arguments: list[str], said: str) -> None:
    """What the sidecar would refuse is refused before there is a token."""
    done = installation.run("token", "new", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "fwt_" not in done.stdout + done.stderr


def test_commands_say_who_calls(installation: Any) -> None:
    """A command is refused without a token, and answered with one from a file or the environment; neither is shown."""
    token, entry = made(installation, "--name", "ops", "--rights", "operate,read", "--all-namespaces")
    folder = Path(installation.folder)
    for name, text in (("callers.toml", entry), ("token", f"{token}\n")):
        (folder / name).touch(0o600)
        (folder / name).write_text(text)
    with (folder / "foreword.toml").open("a") as file:
        file.write('[security]\ncallers_file = "callers.toml"\nrequire_caller = "everywhere"\n')
    process = installation.start("up")
    try:
        until(lambda: "Foreword is ready" in installation.log(), "readiness where callers are asked for")
        refused = installation.run("status")
        assert refused.returncode == 1
        assert "the right to operate" in refused.stderr
        assert json.loads(installation.run("status", "--json").stderr)["error"]["reason"] == "UNAUTHENTICATED"
        assert installation.run("status", "--token-file", "token").returncode == 0
        assert installation.run("text", "ada", "--token-file", "token").returncode == 0
        denied = installation.run("erase", "ada", "--yes", "--token-file", "token")
        assert denied.returncode == 1
        assert "the right to erase" in denied.stderr
        installation.environment["FOREWORD_TOKEN"] = token
        assert installation.run("status").returncode == 0
        shown = installation.run("config", "show")
        assert token not in shown.stdout
        assert token not in installation.log()
        assert digest_of(token) not in installation.log() + shown.stdout
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
