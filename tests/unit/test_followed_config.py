"""A daemon's configuration follows its file: when it comes, changes, is bad, and goes."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from foreword.clock import ManualClock
from foreword.config_file import ConfigFile
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems

AT_START = {"store": ("readers_max",)}


class Followed:
    """A followed file with what it says."""

    def __init__(self, file: ConfigFile) -> None:
        self.problems = Problems(ManualClock(), logging.getLogger("test"))
        self.live = FollowedConfig(
            file.read({}), file, self.problems, component="test.config", at_start=AT_START
        )

    @property
    def days(self) -> int:
        """The window in force."""
        return self.live.current.window.days

    def said(self) -> str:
        """Return what the operator is told."""
        return " ".join(problem.message for problem in self.problems.listed())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "foreword.toml"


def test_a_file_made_later_is_taken_over_and_left_with_it(path: Path) -> None:
    """The default file counts from when it comes, and when it has gone the defaults do again."""
    followed = Followed(ConfigFile(path, is_named=False))
    assert not followed.live.follow()
    path.write_text("[window]\ndays = 30\n")
    assert followed.live.follow()
    assert followed.days == 30
    path.unlink()
    assert not followed.live.follow()
    assert followed.days == 30
    assert followed.live.follow()
    assert followed.days == 28


def test_the_words_of_a_domain_are_followed_too(path: Path, tmp_path: Path) -> None:
    """A vocabulary file that changes applies though the configuration's own does not; a bad one changes nothing."""
    words = tmp_path / "gym.toml"
    words.write_text('[kinds.general]\nact = "trains"\n')
    path.write_text(f'[foreword.namespaces.gym]\nvocabulary_file = "{words}"\n')
    followed = Followed(ConfigFile(path, is_named=True))

    def act(namespace: str) -> str:
        return followed.live.current.foreword.words_of(namespace).domain_words().kinds["general"].act

    assert (act("gym"), act("other"), followed.live.follow()) == ("trains", "active", False)
    words.write_text('[kinds.general]\nact = "works out"\n')
    assert followed.live.follow()
    assert act("gym") == "works out"
    words.write_text('[kinds.general]\nacts = "lifts weights"\n')
    assert not followed.live.follow()
    assert act("gym") == "works out"
    assert "kinds.general.acts: found an unknown key; allowed: act, " in followed.said()


def test_an_editors_gap_between_two_files_changes_nothing(path: Path) -> None:
    """A file that is back at the next look was never gone."""
    path.write_text("[window]\ndays = 30\n")
    followed = Followed(ConfigFile(path, is_named=False))
    for _ in range(3):
        aside = path.rename(path.with_suffix(".old"))
        assert not followed.live.follow()
        aside.rename(path)
        assert not followed.live.follow()
    assert followed.days == 30


def test_a_named_file_that_goes_leaves_the_former_in_force(path: Path) -> None:
    """A restart would refuse to start without it, so its going is refused like a bad file, until it is back."""
    path.write_text("[window]\ndays = 30\n")
    followed = Followed(ConfigFile.find(path))
    path.unlink()
    followed.live.follow()
    followed.live.follow()
    assert followed.days == 30
    assert "there is no such file" in followed.said()
    path.write_text("[window]\ndays = 40\n")
    assert followed.live.follow()
    assert (followed.days, followed.said()) == (40, "")


def test_a_change_is_logged_with_both_values(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each key that changed is logged with what it was and what it is; a waiting key is no change yet."""
    followed = Followed(ConfigFile(path, is_named=False))
    with caplog.at_level(logging.INFO, logger="foreword.config"):
        path.write_text(
            "[window]\ndays = 30\n[segments.active]\nrefresh = 'every'\n[store]\nreaders_max = 100\n"
        )
        assert followed.live.follow()
    assert caplog.messages[-1:] == [
        f'{path} now applies: window.days from 28 to 30; segments.active.refresh from "nightly" to "every"'
    ]
    assert "only a restart applies it: store.readers_max" in followed.said()


def test_keys_that_come_and_go_are_changes_too(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A table of any keys gets one, and loses it again: both are taken over and logged."""
    followed = Followed(ConfigFile(path, is_named=False))
    with caplog.at_level(logging.INFO, logger="foreword.config"):
        path.write_text("[agent.signs]\nsnooze = 'no'\n[foreword.namespaces.shop]\nusers_min = 7\n")
        assert followed.live.follow()
        assert 'agent.signs.snooze from nothing to "no"' in caplog.messages[-1]
        assert (
            'foreword.namespaces.shop from nothing to {"policy": "open", "users_min": 7'
            in caplog.messages[-1]
        )
        path.write_text("[foreword.namespaces.shop]\nusers_min = 8\n")
        assert followed.live.follow()
        assert 'agent.signs.snooze from "no" to nothing' in caplog.messages[-1]
        assert "foreword.namespaces.shop.users_min from 7 to 8" in caplog.messages[-1]


def test_a_bad_file_changes_nothing_until_it_is_good_again(path: Path) -> None:
    """A refused file is stated as a problem, with the newest reason, and ends with a good one."""
    followed = Followed(ConfigFile(path, is_named=False))
    path.write_text("[window]\ndays = 0\n")
    assert not followed.live.follow()
    path.write_text("[windw]\n")
    assert not followed.live.follow()
    assert "did you mean window?" in followed.said()
    path.write_text("")
    followed.live.follow()
    assert (followed.days, followed.said()) == (28, "")
