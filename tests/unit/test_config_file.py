"""Which file the configuration comes from, what it says, and what is said of a bad one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from foreword.cli.root import root
from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.errors import ConfigError

KEYS = ["store.directory", "sidecar.listen"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "foreword.toml"


def refusal(file: Path, text: str, environ: dict[str, str] | None = None) -> ConfigError:
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        ConfigFile.find(file).read(environ or {})
    return raised.value


def test_a_named_file_goes_before_the_environments_and_that_before_the_default(file: Path) -> None:
    """--config decides, else FOREWORD_CONFIG, else ./foreword.toml, which alone may be missing."""
    environ = {"FOREWORD_CONFIG": "/etc/foreword.toml"}
    assert ConfigFile.find(file, environ) == ConfigFile(file, is_named=True)
    assert ConfigFile.find(None, environ) == ConfigFile(Path("/etc/foreword.toml"), is_named=True)
    assert ConfigFile.find(None, {}) == ConfigFile(Path("foreword.toml"), is_named=False)
    assert ConfigFile(file, is_named=False).read({}) == Config()
    with pytest.raises(ConfigError, match="there is no such file"):
        ConfigFile.find(file).read({})


def test_an_error_names_file_line_found_and_allowed(file: Path) -> None:
    """A wrong value is reported with its place, and with the unit it is meant in."""
    error = refusal(file, '[store]\n\n[scheduler]\nsweep_seconds = "5s"\n')
    assert (error.file, error.line, error.key) == (file, 4, "scheduler.sweep_seconds")
    assert "found '5s'; allowed: number (a number of seconds, without a unit)" in error.message


def test_an_override_is_blamed_by_its_own_name(file: Path) -> None:
    """A wrong value from the environment is put down to the variable, not to the file."""
    error = refusal(file, "[scheduler]\n", {"FOREWORD_SCHEDULER__SWEEP_SECONDS": "soon"})
    assert error.message.startswith("FOREWORD_SCHEDULER__SWEEP_SECONDS: ")
    assert error.file is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[scheduler]\nsweep_secs = 5\n", "did you mean sweep_seconds?"),
        ("[schduler]\nsweep_seconds = 5\n", "did you mean scheduler?"),
        ("[window]\nidle_timeout_seconds = 5\n", "did you mean session.idle_timeout_seconds?"),
        ("[segments.active]\nevry_days = 5\n", "did you mean every_days?"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(file: Path, text: str, meant: str) -> None:
    """A misspelled or misplaced key, or a misspelled table, is answered with the nearest one there is."""
    assert meant in refusal(file, text).message


def test_a_key_like_no_other_is_answered_with_all_there_are(file: Path) -> None:
    """Without a near one only the allowed keys are listed."""
    message = refusal(file, "[session]\nxyzzy = 1\n").message
    assert "did you mean" not in message
    assert "allowed: idle_timeout_seconds, settle_seconds" in message


@pytest.mark.parametrize(
    "fault",
    [
        "[scheduler]\nsweep_seconds = -1\n",
        "[nonsense]\na = 1\n",
        "[scheduler]\nsweep_seconds = \n",
        "[scheduler\n",
        "[scheduler]\nsweep_seconds =",
    ],
)
def test_keys_are_read_whatever_else_is_wrong(file: Path, fault: str) -> None:
    """Where store and sidecar are is known of a file with a fault elsewhere, and the fault is handed over."""
    file.write_text(f'[store]\ndirectory = "/srv/x"\n[sidecar]\nlisten = ["unix:/srv/s"]\n{fault}')
    config, found = ConfigFile.find(file).read_keys(KEYS, {})
    assert config.store.directory == Path("/srv/x")
    assert config.listen_addresses() == ("unix:/srv/s",)
    assert isinstance(found, ConfigError)


@pytest.mark.parametrize(
    "text",
    [
        "[store]\ndirectory = 5\n",
        '[sidecar]\nlisten = "127.0.0.1:1"\n',
        '[scheduler\n[store]\ndirectory = "/srv/x"\n',
        'store = "/srv/x"\n',
    ],
)
def test_a_key_that_cannot_be_told_is_not_guessed(file: Path, text: str) -> None:
    """When the fault is in a key that is needed, or that key may stand behind it, the file is refused."""
    file.write_text(text)
    with pytest.raises(ConfigError):
        ConfigFile.find(file).read_keys(KEYS, {})


def test_keys_of_the_environment_count_beside_a_bad_file(file: Path) -> None:
    """An override of a needed key holds, and a bad override of another one does no harm."""
    file.write_text("[nonsense]\n")
    environ = {"FOREWORD_STORE__DIRECTORY": "/srv/y", "FOREWORD_WINDOW__DAYS": "many"}
    config, fault = ConfigFile.find(file).read_keys(KEYS, environ)
    assert config.store.directory == Path("/srv/y")
    assert fault is not None


def test_config_show_can_be_read_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What `config show` prints is the configuration in force, with a comment for each value that is not set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWORD_STORE__DIRECTORY", 'with "quotes" and \\ and ü')
    shown = CliRunner().invoke(root, ["config", "show"], catch_exceptions=False).stdout
    assert Config.model_validate(tomllib.loads(shown)) == ConfigFile.find().read()
    assert "# tls_key_file is not set" in shown
