"""Exit codes and errors of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from foreword.cli import entry, main
from foreword.cli.root import root
from foreword.errors import StoreFullError


def _commands(group: click.Group, path: str = "") -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path}{name}", command))
        if isinstance(command, click.Group):
            found.extend(_commands(command, f"{path}{name} "))
    return found


def test_the_contract_names_are_there() -> None:
    """Every command the contract names for this part exists under that name."""
    names = {name for name, _ in _commands(root)}
    wanted = """up, sidecar, scheduler, demo, import events, import git, import csv, get, text, refresh, status, users,
        config check, config show, config schema, store check, store backup, store restore, store stats,
        store compact, export, erase, evaluate profiles, bench"""
    assert {name.strip() for name in wanted.split(",")} <= names


def test_every_command_has_json_config_and_a_sentence_of_help() -> None:
    """--json and --config are taken after any command, and its help says what it does."""
    for name, command in _commands(root):
        assert command.help, name
        if not isinstance(command, click.Group):
            options = {option for parameter in command.params for option in parameter.opts}
            assert {"--json", "--config"} <= options, name


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["config", "frobnicate"],
        ["get"],
        ["text", "ann", "--max-tokens", "many"],
        ["up", "--as-of", "x"],
        ["up", "--as-of", "1969-12-31T23:59:59Z"],
    ],
)
def test_wrong_usage_exits_2_with_one_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Arguments that make no sense give exit code 2, one line, and where the help is."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "--help" in printed.err


def test_wrong_usage_with_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, an error is one JSON object on stderr."""
    assert main(["--json", "frobnicate"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert "frobnicate" in error["message"]
    assert error["hint"]


def test_a_bad_configuration_names_file_line_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An expected failure gives exit code 1 and one sentence without a traceback; with --json, its fields."""
    file = tmp_path / "foreword.toml"
    file.write_text('[window]\ndays = "4 weeks"\n')
    assert main(["config", "check", str(file)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert f"{file}:2" in said
    assert main(["config", "check", str(file), "--json"]) == 1
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["line"], error["key"]) == (2, "window.days")


def test_interruption_exits_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command quietly with the exit code a shell expects."""

    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_run", interrupted)
    assert main(["status"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_errors_carry_their_hint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The hint of an error follows its sentence in parentheses."""

    def full(*_: object, **__: object) -> int:
        raise StoreFullError("the map is full", hint="raise it")

    monkeypatch.setattr(entry, "_run", full)
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "Error: the map is full (raise it)\n"


def test_a_folder_that_is_closed_to_us_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where looking for a file is not permitted, the error names it, as one sentence."""

    def closed(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", closed)
    assert main(["dataset", "list"]) == 1
    assert capsys.readouterr().err.endswith("profiles.lmdb/data.mdb: permission denied (check permissions)\n")


def test_a_closed_pipe_is_no_error() -> None:
    """`foreword … | head` ends without a traceback when the reader has enough."""
    command = f"{sys.executable} -m foreword config schema | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""


def test_reading_needs_no_daemon_libraries() -> None:
    """`foreword text` waits for none of the libraries that only daemons use."""
    code = "import sys; from foreword.cli import root, text; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert {"click", "grpc"} <= loaded
    assert not {"apscheduler", "uvloop", "pydantic", "sidecar", "scheduler"} & loaded


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["impot"], "'import'"),
        (["import", "evnts"], "'events'"),
        (["store", "chek"], "'check'"),
        (["status", "--josn"], "'--json'"),
    ],
)
def test_a_slip_is_told_what_was_meant(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command or an option nearly right is answered with the right one, at every level."""
    assert main(arguments) == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the guide has a shell run answers with a script, and that script's question with commands."""
    monkeypatch.setenv("_FOREWORD_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert f"_FOREWORD_COMPLETE={shell}_complete" in capsys.readouterr().out
    monkeypatch.setenv("_FOREWORD_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "foreword import ev")
    # fish names the word itself, the others its place.
    monkeypatch.setenv("COMP_CWORD", "ev" if shell == "fish" else "2")
    with pytest.raises(SystemExit):
        main([])
    assert "events" in capsys.readouterr().out.replace("\n", " ").replace(",", " ").split()
