"""Segments as an operator writes them: what is taken, what is refused, and in which words."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.config_segments import OWN_NUMBER_MIN
from foreword.errors import ConfigError, FieldError

TRIAL = """
[segments.trial]
refresh = "every"
every_days = 2
stale_after_hours = 50
expired_after_hours = 100
[segments.trial.when]
attributes.plan = ["trial"]
"""


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "foreword.toml"
    path.write_text(text)
    return ConfigFile(path, is_named=True).read({})


def names(config: Config) -> list[str]:
    return [one.name for one in config.segments.tried()]


def test_segments_of_ones_own_are_tried_before_the_defaults(tmp_path: Path) -> None:
    """Without an order they come first, as they stand in the file; the four defaults stay behind them."""
    config = read(tmp_path, TRIAL)
    assert names(config) == ["trial", "new", "active", "semi_active", "dormant"]
    assert config.segments.attributes() == {"plan"}
    assert config.segments.settings_of("trial").every_days == 2


def test_an_order_puts_them_elsewhere_and_leaves_defaults_out(tmp_path: Path) -> None:
    """segments.order is the whole order; a default one that it does not name is not used."""
    config = read(tmp_path, '[segments]\norder = ["active", "trial", "dormant"]\n' + TRIAL)
    assert names(config) == ["active", "trial", "dormant"]
    assert config.segments.numbered("new") == 0


def test_numbers_follow_from_the_names(tmp_path: Path) -> None:
    """The defaults keep theirs for good, and one's own has the same whatever else is in the file and wherever."""
    alone, among = read(tmp_path, TRIAL), read(tmp_path, TRIAL.replace("trial", "team") + TRIAL)
    assert [alone.segments.numbered(name) for name in names(alone)[1:]] == [1, 2, 3, 4]
    assert alone.segments.numbered("trial") == among.segments.numbered("trial") >= OWN_NUMBER_MIN
    assert among.segments.name_of(among.segments.numbered("team")) == "team"


def test_many_segments_have_numbers_of_their_own() -> None:
    """However names fall together, no two of 28 segments have the same number, and all fit into a byte."""
    own = {f"s{number}": SETTINGS | {"when": {"attributes": {"n": [str(number)]}}} for number in range(28)}
    numbers = [one.number for one in Config.model_validate({"segments": own}).segments.tried()]
    assert len(set(numbers)) == 32
    assert max(numbers) < 256


SETTINGS: dict[str, Any] = {"refresh": "manual", "stale_after_hours": 1, "expired_after_hours": 2}


def test_configurations_with_segments_are_equal_and_travel() -> None:
    """Two of the same text are equal, and one goes through pickle, as to another process."""
    tables = {"segments": {"trial": SETTINGS | {"when": {"age_days_below": 3}}}}
    config = Config.model_validate(tables)
    assert config == Config.model_validate(tables) == pickle.loads(pickle.dumps(config))
    assert config == Config.model_validate(config.model_dump())
    assert config != Config()


def test_a_window_of_a_segment_is_the_common_one_but_for_what_it_says(tmp_path: Path) -> None:
    """What a segment's window leaves out is as in [window], which may be changed itself."""
    config = read(tmp_path, "[window]\ndays = 40\n[segments.active.window]\nrecent_weight = 0.9\n")
    window = config.segments.active.window
    assert window is not None
    assert (window.days, window.recent_weight) == (40, 0.9)
    assert config.segments.new.window is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[segments]\nordr = 3\n", 2, "segments.ordr: found 3; allowed: a table of a segment of your own"),
        ("[segments.Trial]\nrefresh = 'manual'\n", 1, "found this name; allowed: a to z"),
        ("[segments.trial]\nrefresh = 'manual'\n", 1, "found nothing; allowed: a value"),
        (TRIAL + "[segments.trial.window]\ndays = 91\n", None, "below segments.trial.window.days 91"),
        ("[segments.active]\nrefresh = 'hourly'\n", 2, "found 'hourly'; allowed: 'after-session', 'nightly'"),
        ("[segments.active]\nrefresh = 'cron'\n", 1, "cron is missing"),
        ("[segments.active]\ncron = '* * * * *'\n", 1, 'cron is set, and refresh is "nightly"'),
        ("[segments.active]\nrefresh='cron'\ncron = '0 4 30 2 *'\n", 3, "found '0 4 30 2 *'"),
        ("[segments.active]\nrefresh='cron'\ncron = '0 4 31 4,6 *'\n", 3, "found '0 4 31 4,6 *'"),
        ("[segments.active]\nrefresh='cron'\ncron = '0 4 * *'\n", 3, "with 4 fields; allowed: five"),
        ("[segments.active]\nnight = '3-4'\n", 2, "found '3-4'; allowed: two times of day"),
        ("[segments.active]\nnight = '03:00-03:00'\n", 2, "two times of day that differ"),
        ("[scheduler]\nnight = '24:00-01:00'\n", 2, "two times of day"),
        ("[scheduler]\ntime_zone = 'Berlin'\n", 2, "Europe/Berlin, perhaps"),
        ("[segments.semi_active]\nevery_days = -1\n", 2, "found -1; allowed: greater than 0"),
        ("[segments.active.when]\nactive_days_per_week_min = 8\n", 2, "less than or equal to 7"),
        (
            "[segments.active.when]\nactive_days_per_week_below = 3\n",
            1,
            "active_days_per_week_min 6 is not below active_days_per_week_below 3; nobody is in between",
        ),
        ("[segments.active.when]\nplan = ['pro']\n", 2, "segments.active.when.plan: unknown key"),
        ("[segments.active.when.attributes]\nplan = []\n", None, "plan: found no value"),
        ("[segments.active]\nstale_after_hours = 100\n", 1, "a profile is stale before it expires"),
        ('[segments]\norder = ["new", "dormant", "new"]\n', 2, "found 'new'; allowed: each of"),
        ('[segments]\norder = ["new", "loyal"]\n', 2, "found 'loyal'; allowed: each of new"),
        ('[segments]\norder = ["dormant"]\n' + TRIAL, 2, "found no trial; allowed: all segments of your own"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, line: int | None, said: str) -> None:
    """Each wrong file is refused with the key, what was found and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    if line is not None:
        assert caught.value.line == line, str(caught.value)


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        # Nobody is left for the one behind.
        ({"all": SETTINGS}, "segments.new: found a segment nobody can be in: whoever meets `when` is in all"),
        ({"order": ["dormant", "active"]}, "segments.active: found a segment nobody can be in"),
        (
            {"young": SETTINGS | {"when": {"age_days_below": 9}}},
            "segments.new: found a segment nobody can be in: whoever meets `when` is in young",
        ),
        # Two together take all of a third.
        (
            {
                "few": SETTINGS | {"when": {"sessions_per_week_below": 5}},
                "many": SETTINGS | {"when": {"sessions_per_week_min": 5}},
            },
            "is in few or many",
        ),
        # Somebody is left over.
        ({"order": ["new", "active"]}, "nothing for a user with age_days 7 and active_days_per_week 0 to 6"),
        ({"dormant": {"when": {"last_seen_days_min": 30}}}, "last_seen_days 0 to 30"),
        (
            {"dormant": {"when": {"attributes": {"plan": ["pro", ""]}}}},
            "plan other than '', 'pro'",
        ),
    ],
)
def test_holes_and_segments_nobody_can_be_in_are_refused(segments: dict[str, Any], said: str) -> None:
    """First match wins, so what is refused is a user without a segment, and a segment without a user."""
    with pytest.raises(FieldError) as caught:
        Config.model_validate({"segments": segments})
    assert said in str(caught.value)


def test_what_cannot_be_is_no_hole() -> None:
    """Nobody was last seen before they were first seen, and nobody comes on more than seven days a week."""
    old = SETTINGS | {"when": {"age_days_min": 30}}
    seen = SETTINGS | {"when": {"last_seen_days_below": 30}}
    Config.model_validate({"segments": {"order": ["old", "seen"], "old": old, "seen": seen}})
