"""Options that all commands share, and the time daemons go by."""

from __future__ import annotations

import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from foreword.cli.replay import Replay, TimeType, make_replay
from foreword.cli.root import root
from foreword.cli.settings import Settings
from foreword.clock import SystemClock
from foreword.errors import ConfigError


@pytest.mark.parametrize(
    "arguments",
    [
        ["--namespace", "acme", "--json", "probe"],
        ["probe", "--json", "--namespace", "acme"],
        ["--json", "probe", "--namespace", "acme"],
    ],
)
def test_shared_options_stand_anywhere(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Before or after the command, a shared option means the same."""
    from foreword.cli.settings import user_options

    seen: list[Settings] = []

    @click.command("probe")
    @user_options
    @click.pass_obj
    def probe(settings: Settings) -> None:
        seen.append(settings)

    monkeypatch.setattr(type(root), "get_command", lambda *_: probe)
    assert CliRunner().invoke(root, arguments).exit_code == 0
    assert (seen[0].namespace, seen[0].as_json) == ("acme", True)


def test_the_unix_socket_goes_before_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket in the store's folder is the store's own; a port may be another store's."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "foreword.toml"
    file.write_text('[sidecar]\nlisten = ["127.0.0.1:7464", "unix:{store}/x.sock"]\n')
    assert Settings(config_file=file).sidecar_address == f"unix:{tmp_path}/var/foreword/x.sock"
    assert Settings(config_file=file, address="127.0.0.1:1").sidecar_address == "127.0.0.1:1"
    file.write_text('[sidecar]\nlisten = ["127.0.0.1:7464"]\n')
    assert Settings(config_file=file).sidecar_address == "127.0.0.1:7464"


def test_a_replay_is_handed_on_exactly() -> None:
    """A daemon started with a replay's own arguments goes by the same time, however much later it starts."""
    replay = Replay(as_of_ms=893_290_238_000, started_ms=1_700_000_000_000)
    option, as_of, started = replay.arguments()
    assert option == "--as-of-ms"
    assert make_replay(None, (int(as_of), int(started))) == replay
    moved = replay.clock().now_ms() - 893_290_238_000
    assert abs(moved - (time.time_ns() // 1_000_000 - 1_700_000_000_000)) < 1000


def test_without_as_of_the_machine_is_right() -> None:
    """No replay, no arguments, the machine's clock."""
    replay = make_replay(None, None)
    assert replay.arguments() == []
    assert isinstance(replay.clock(), SystemClock)


def test_a_bad_time_says_what_is_allowed() -> None:
    """A time that is none is wrong usage, with an example."""
    with pytest.raises(click.BadParameter, match="RFC 3339"):
        TimeType().convert("yesterday", None, None)


def test_a_bad_file_stops_only_what_needs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Store and sidecar are found beside a fault elsewhere, which is told once; the whole is still refused."""
    file = tmp_path / "foreword.toml"
    file.write_text(f'[store]\ndirectory = "{tmp_path}"\n[window]\ndays = "x"\n')
    settings = Settings(config_file=file)
    assert settings.directory == tmp_path
    assert settings.sidecar_address == f"unix:{tmp_path}/foreword.sock"
    warning = capsys.readouterr().err
    assert warning.count("foreword.toml:4: window.days: found 'x'") == 1
    with pytest.raises(ConfigError):
        settings.config  # noqa: B018 - the property raises
