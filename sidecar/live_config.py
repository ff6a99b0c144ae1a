"""The configuration in force, following its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreword.config import Config, load
from foreword.errors import ConfigError
from sidecar.problems import Problems

COMPONENT = "sidecar.config"

# What takes effect while running. The rest is decided when the server, the environments and the threads are made.
LIVE: dict[str, tuple[str, ...]] = {
    "sidecar": ("write_queue_events_max", "drain_seconds", "maintenance_seconds", "open_trigger_seconds"),
    "store": ("retention_days", "reader_check_seconds"),
}
AT_START: dict[str, tuple[str, ...]] = {
    "sidecar": ("listen", "message_bytes_max", "group_commit_ms"),
    "store": ("directory", "profiles_map_size_bytes", "activity_map_size_bytes", "readers_max"),
    "security": ("tls_certificate_file", "tls_key_file"),
}


class LiveConfig:
    """Holds the last good configuration. What cannot change while running keeps its value, and is said to wait.

    Attributes:
        current: The configuration in force.
    """

    def __init__(self, config: Config, file: Path | None, problems: Problems) -> None:
        self.current = config
        self._started_with = config
        self._file = file
        self._problems = problems
        self._seen = _signature(file)

    def follow(self) -> None:
        """Take over a changed file; keep the last good one when the new one is refused."""
        signature = _signature(self._file)
        if self._file is None or signature == self._seen:
            return
        self._seen = signature
        try:
            changed = load(self._file)
        except ConfigError as exc:
            self._problems.note(
                COMPONENT, "refused", f"the changed file was refused, the former stays in force: {exc}"
            )
            return
        self._problems.end(COMPONENT, "refused")
        self.current = _merged(self._started_with, changed)
        self._note_waiting(changed)

    def _note_waiting(self, changed: Config) -> None:
        waiting = [
            f"{section}.{key}"
            for section, keys in AT_START.items()
            for key in keys
            if _value(changed, section, key) != _value(self._started_with, section, key)
        ]
        if waiting:
            self._problems.note(
                COMPONENT, "waiting", f"changed, but only a restart applies it: {', '.join(waiting)}"
            )
        else:
            self._problems.end(COMPONENT, "waiting")


def _merged(started_with: Config, changed: Config) -> Config:
    sections = {
        section: getattr(started_with, section).model_copy(
            update={key: _value(changed, section, key) for key in keys}
        )
        for section, keys in LIVE.items()
    }
    return started_with.model_copy(update=sections)


def _value(config: Config, section: str, key: str) -> Any:
    return getattr(getattr(config, section), key)


def _signature(file: Path | None) -> tuple[int, int, int] | None:
    """Return what changes whenever a file is written or replaced; None while there is none."""
    if file is None:
        return None
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
