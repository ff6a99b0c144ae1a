"""Writing the configuration as TOML."""

from __future__ import annotations

import tomllib

from foreword.cli import toml
from foreword.config import Config


def test_defaults_survive_the_way_through_toml() -> None:
    """What `config show` prints, read again, is the same configuration."""
    shown = toml.dump(Config().model_dump(mode="json"))
    assert Config.model_validate(tomllib.loads(shown)) == Config()


def test_texts_are_escaped() -> None:
    """A text with quotes, backslashes and line breaks is read back as it was."""
    tables = {"a": {"b": 'x"y\\z\n', "c": ["1", "ü"], "d": {"e": 1.5}}}
    assert tomllib.loads(toml.dump(tables)) == tables


def test_unset_values_are_comments() -> None:
    """A None has no form in TOML; it is shown as a comment, not left out."""
    assert toml.dump({"security": {"tls_key_file": None}}) == "[security]\n# tls_key_file is not set\n"
