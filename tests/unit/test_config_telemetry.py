"""Where the daemons may be watched, and what is refused before they start."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.errors import ConfigError


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "foreword.toml"
    path.write_text(f"[telemetry]\n{text}\n")
    return ConfigFile(path, is_named=True).read({})


@pytest.mark.parametrize(
    "said", ["9464", "127.0.0.1", "127.0.0.1:99999", "unix:/run/m.sock", "http://127.0.0.1:9464"]
)
@pytest.mark.parametrize("key", ["sidecar_metrics_listen", "scheduler_metrics_listen"])
def test_an_address_that_cannot_be_served_on_is_refused(tmp_path: Path, key: str, said: str) -> None:
    """A bad address is refused by its line, with what was found and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f'{key} = "{said}"')
    assert (caught.value.key, caught.value.line) == (f"telemetry.{key}", 2)
    assert "found" in str(caught.value)
    assert "allowed: HOST:PORT or [IPV6]:PORT" in str(caught.value)


def test_spans_are_sent_to_an_http_address(tmp_path: Path) -> None:
    """Where spans go is an address by http, and is not repeated in the error: it may hold a key."""
    with pytest.raises(ConfigError, match=r"begins with http://") as caught:
        read(tmp_path, 'traces_url = "collector:4317/secret"')
    assert caught.value.key == "telemetry.traces_url"
    assert "secret" not in str(caught.value)
    assert read(tmp_path, 'traces_url = "http://127.0.0.1:4318/v1/traces"').telemetry.traces_share == 0.01


def test_two_daemons_do_not_share_a_port(tmp_path: Path) -> None:
    """One address for both is refused; a port that the system chooses is another one each time."""
    with pytest.raises(ConfigError, match="an address of its own"):
        read(
            tmp_path,
            'sidecar_metrics_listen = "127.0.0.1:9464"\nscheduler_metrics_listen = "127.0.0.1:9464"',
        )
    chosen = 'sidecar_metrics_listen = "[::1]:0"\nscheduler_metrics_listen = "[::1]:0"'
    assert read(tmp_path, chosen).telemetry.sidecar_metrics_listen == "[::1]:0"
