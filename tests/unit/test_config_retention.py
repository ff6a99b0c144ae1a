"""How long events and their ids are kept: which keys go together, and what is said of those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.errors import ConfigError


def read(folder: Path, text: str) -> Config:
    file = folder / "foreword.toml"
    file.write_text(text)
    return ConfigFile.find(file).read()


def test_ids_stay_twice_as_long_as_events_unless_said_otherwise(tmp_path: Path) -> None:
    """Without a key of its own the age of ids follows retention; 0 keeps them for good."""
    assert Config().ids_days() == 180
    assert read(tmp_path, "[store]\nretention_days = 365").ids_days() == 730
    assert read(tmp_path, "[store]\nids_days = 0").ids_days() == 0


def test_ids_may_not_go_before_their_events(tmp_path: Path) -> None:
    """An age of ids below retention is refused with file, line, key, what was found and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "[store]\nretention_days = 60\nids_days = 59\n")
    assert (caught.value.line, caught.value.key) == (3, "store.ids_days")
    assert "59" in caught.value.message
    assert "at least store.retention_days, 60" in caught.value.message


def test_an_archive_is_on_or_off(tmp_path: Path) -> None:
    """Another word is refused with the two there are."""
    with pytest.raises(ConfigError, match=r"store\.archive: found 'yes'; allowed: 'off' or 'on'"):
        read(tmp_path, '[store]\narchive = "yes"\n')


def test_the_archive_is_in_the_store_or_where_it_is_said_to_be(tmp_path: Path) -> None:
    """The folder follows the store's, until it is named."""
    assert read(tmp_path, '[store]\ndirectory = "s"').archive_directory() == Path("s/archive")
    assert read(tmp_path, '[store]\narchive_directory = "a"').archive_directory() == Path("a")
