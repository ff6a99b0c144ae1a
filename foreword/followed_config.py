"""The configuration in force in a daemon, following its file."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.errors import ConfigError
from foreword.file_signature import Signature, signature_of
from foreword.problems import Problems

_ABSENT = object()

logger = logging.getLogger("foreword.config")


class FollowedConfig:
    """Holds the last good configuration. What cannot change while running keeps its value, and is said to wait.

    What is in force is what a restart would put in force, but for a file that a restart would refuse.

    Args:
        config: The configuration to begin with.
        file: Where it came from, there or not yet; None follows nothing.
        problems: Where a refused file is stated.
        component: The part under which it is stated; each daemon has its own.
        at_start: The keys of each section that only a restart of this daemon applies; all others apply at once.

    Attributes:
        current: The configuration in force.
    """

    def __init__(
        self,
        config: Config,
        file: ConfigFile | None,
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
        self._seen = file.signature() if file is not None else None
        self._files_seen = _file_signatures(config)
        self._is_missed = False

    def follow(self) -> bool:
        """Take over a changed file, unless it is refused; return whether another configuration is now in force."""
        if self._file is None or not self._has_changed(self._file):
            return False
        try:
            changed = self._file.read()
        except ConfigError as exc:
            message = f"the changed file was refused, the former stays in force: {exc}"
            self._problems.note(self._component, "refused", message)
            return False
        self._problems.end(self._component, "refused")
        self._note_waiting(changed)
        former, self.current = self.current, self._with_start_values(changed)
        self._files_seen = _file_signatures(self.current)
        differences = [
            *_differences(former.model_dump(mode="json"), self.current.model_dump(mode="json")),
            *_reworded(former, self.current),
        ]
        if differences:
            logger.info("%s now applies: %s", self._file, "; ".join(differences))
        return bool(differences)

    def _has_changed(self, file: ConfigFile) -> bool:
        signature, files = file.signature(), _file_signatures(self.current)
        if signature == self._seen:
            self._is_missed = False
            is_other, self._files_seen = files != self._files_seen, files
            return is_other
        if signature is None and not self._is_missed:
            # Some editors move the file away before they put the new one there: only what stays away is gone.
            self._is_missed = True
            return False
        self._seen = signature
        return True

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


def _file_signatures(config: Config) -> list[Signature | None]:
    return [signature_of(file) for file in config.followed_files()]


def _reworded(former: Config, current: Config) -> Iterator[str]:
    """Yield what says something else in files that are called the same."""
    for name in ("", *current.foreword.namespaces):
        before, after = former.foreword.words_of(name), current.foreword.words_of(name)
        is_same_file = before.vocabulary_file == after.vocabulary_file
        if is_same_file and before.domain_words().digest != after.domain_words().digest:
            yield f"the words in {after.vocabulary_file}"
    said, says = former.cold_start, current.cold_start
    if said.editorial == says.editorial and said.editorial_words().digest != says.editorial_words().digest:
        yield f"the editorial in {says.editorial}"


def _value(config: Config, section: str, key: str) -> Any:
    return getattr(getattr(config, section), key)


def _differences(former: dict[str, Any], current: dict[str, Any], above: str = "") -> Iterator[str]:
    """Yield each key with another value, and both values as TOML writes them; one of a table of any keys may be new."""
    for key in {**former, **current}:
        before, after = former.get(key, _ABSENT), current.get(key, _ABSENT)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, f"{above}{key}.")
        elif before != after:
            yield f"{above}{key} from {_shown(before)} to {_shown(after)}"


def _shown(value: object) -> str:
    return "nothing" if value is _ABSENT else json.dumps(value)
