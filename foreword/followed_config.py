"""The configuration in force in a daemon, following its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foreword.config import Config, load
from foreword.errors import ConfigError
from foreword.problems import Problems


class FollowedConfig:
    """Holds the last good configuration. What cannot change while running keeps its value, and is said to wait.

    Args:
        config: The configuration to begin with.
        file: Where it came from; None follows nothing.
        problems: Where a refused file is stated.
        component: The part under which it is stated; each daemon has its own.
        at_start: The keys of each section that only a restart of this daemon applies; all others apply at once.

    Attributes:
        current: The configuration in force.
    """

    def __init__(
        self,
        config: Config,
        file: Path | None,
        problems: Problems,
        *,
        component: str,
        at_start: Mapping[str, Sequence[str]],
    ) -> None:
        self.current = config
        self._component = component
        self._at_start = at_start
        self._started_with = config
        self._file = file
        self._problems = problems
        self._seen = _signature(file)

    def follow(self) -> bool:
        """Take over a changed file, unless it is refused; return whether another configuration is now in force."""
        signature = _signature(self._file)
        if self._file is None or signature == self._seen:
            return False
        self._seen = signature
        try:
            changed = load(self._file)
        except ConfigError as exc:
            message = f"the changed file was refused, the former stays in force: {exc}"
            self._problems.note(self._component, "refused", message)
            return False
        self._problems.end(self._component, "refused")
        self._note_waiting(changed)
        former, self.current = self.current, self._with_start_values(changed)
        return former != self.current

    def _note_waiting(self, changed: Config) -> None:
        waiting = [
            f"{section}.{key}"
            for section, keys in self._at_start.items()
            for key in keys
            if _value(changed, section, key) != _value(self._started_with, section, key)
        ]
        if waiting:
            message = f"changed, but only a restart applies it: {', '.join(waiting)}"
            self._problems.note(self._component, "waiting", message)
        else:
            self._problems.end(self._component, "waiting")

    def _with_start_values(self, changed: Config) -> Config:
        sections = {
            section: getattr(changed, section).model_copy(
                update={key: _value(self._started_with, section, key) for key in keys}
            )
            for section, keys in self._at_start.items()
        }
        return changed.model_copy(update=sections)


def _value(config: Config, section: str, key: str) -> Any:
    return getattr(getattr(config, section), key)


def _signature(file: Path | None) -> tuple[int, int, int] | None:
    """Return what changes whenever a file is written or replaced; None while there is none."""
    try:
        stat = file.stat() if file is not None else None
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat is not None else None
