"""The configuration in force, which a changed file replaces while the daemon runs."""

from __future__ import annotations

from pathlib import Path

from foreword import config as configuration
from foreword.config import Config
from foreword.errors import ConfigError
from scheduler.log import logger

_FileState = tuple[int, int, int] | None


class LiveConfig:
    """Holds the configuration in force; the last good one stays when the file turns bad.

    Attributes:
        current: The configuration in force.
        problem: Why the file's present content is refused; empty while it is in force.
    """

    def __init__(self, config: Config, file: Path | None = None) -> None:
        self.current = config
        self.problem = ""
        self._file = file
        self._seen = _state(file)

    def reload_if_changed(self) -> bool:
        """Read the file again when it changed; return whether another configuration is now in force."""
        state = _state(self._file)
        if self._file is None or state == self._seen:
            return False
        self._seen = state
        try:
            loaded = configuration.load(self._file)
        except ConfigError as exc:
            self.problem = str(exc)
            logger.error("the changed configuration is refused, the last good one stays in force: %s", exc)
            return False
        self.problem = ""
        return self._replace(loaded)

    def _replace(self, loaded: Config) -> bool:
        if loaded.store != self.current.store:
            # The environments are open with these values; the rest of the file can be obeyed at once.
            logger.warning("changes of [store] take effect at the next start")
            loaded = loaded.model_copy(update={"store": self.current.store})
        changed = loaded != self.current
        self.current = loaded
        if changed:
            logger.info("the changed configuration is in force")
        return changed


def _state(file: Path | None) -> _FileState:
    """Return what changes when the file does; None when it is missing."""
    try:
        stat = file.stat() if file is not None else None
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat is not None else None
