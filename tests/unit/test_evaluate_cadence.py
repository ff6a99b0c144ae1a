"""Cadences at equal cost, on made-up traces and on real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from git_activity import FOLDER, needs_git_activity

from evaluations.cadence import evaluate_cadence
from evaluations.cadence.optimal import OptimalLife, Spending
from evaluations.cadence.schedules import Refreshed, uniform
from evaluations.cadence.score import opens
from evaluations.cadence.segments import by_segments
from evaluations.cadence.traces import Session, Traced, trace
from evaluations.events import read_events
from evaluations.sources import EventFile
from foreword.cli.evaluate import command
from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.errors import FieldError

START_MS = 20_000 * DAY_MS
CONFIG = Config()


def traced(*known: str, every_ms: int = DAY_MS, name: str = "u") -> Traced:
    """Return a user whose profile after each session is one word; an empty one is a default profile."""
    sessions = [
        Session([START_MS + number * every_ms], ({}, {}, {word: 1.0}), not word)
        for number, word in enumerate(known)
    ]
    return Traced(name, sessions, 0.1)


def found(user: Traced, *refreshed: tuple[int, int]) -> list[tuple[bool, float]]:
    return [tuple(one) for one in opens(user, [Refreshed(START_MS + at, number) for at, number in refreshed])]


def test_a_profile_is_fresh_while_nothing_material_changed() -> None:
    """An open is fresh when the stored profile says what one of now would, whenever it was computed."""
    user = traced("a", "a", "b", "a")
    assert found(user, (1, 0)) == [(True, 0.0), (True, 0.0), (False, 1.0)]
    assert found(user, (1, 0), (2 * DAY_MS + 1, 2)) == [(True, 0.0), (True, 0.0), (True, 0.0)]


def test_age_counts_from_the_first_change_that_is_lacking() -> None:
    """An outdated profile is as old as the change it lacks first, not as the refresh."""
    user = traced("a", "b", "c", "c")
    assert found(user, (1, 0)) == [(True, 0.0), (False, 1.0), (False, 2.0)]
    assert found(user) == [(False, 1.0), (False, 2.0), (False, 3.0)]


def test_opens_before_anything_is_known_do_not_count() -> None:
    """An open counts once the events before it were enough for a profile."""
    assert found(traced("", "", "a", "a"), (3 * DAY_MS - 1, 2)) == [(True, 0.0)]


def test_a_refresh_at_the_open_comes_too_late() -> None:
    """What is written while the user opens serves the next open."""
    user = traced("a", "a")
    assert found(user, (DAY_MS, 0)) == [(False, 1.0)]


def test_one_interval_skips_those_without_news() -> None:
    """Of one interval only those refreshes count that have something to read."""
    user = traced("a", "b", "c", every_ms=10 * DAY_MS)
    rows = uniform([user], DAY_MS)[user.key]
    assert [row.number for row in rows] == [0, 1, 2]
    assert all(0 < row.at_ms - user.sessions[row.number].end_ms <= DAY_MS for row in rows)
    assert len(uniform([user], 100 * DAY_MS)[user.key]) == 1


def test_segments_refresh_new_users_after_each_session() -> None:
    """The segments of the simulation are the product's: a new user is refreshed when a session is idle."""
    user = traced("a", "b", "c", every_ms=6 * HOUR_MS)
    rows = by_segments([user], CONFIG)[user.key]
    idle_ms = int(CONFIG.session.idle_timeout_seconds * 1000)
    assert [row.at_ms for row in rows] == [session.end_ms + idle_ms for session in user.sessions]


def population() -> list[Traced]:
    steady = [traced(*["a"] * 40, name=f"steady {number}") for number in range(30)]
    lively = [traced(*["a", "b"] * 20, name=f"lively {number}") for number in range(30)]
    return steady + lively


def run(users: Sequence[Traced], threshold: float, *, keeps_promises: bool = False) -> dict[str, int]:
    life = OptimalLife(users, CONFIG, Spending(threshold=threshold), keeps_promises=keeps_promises)
    return {key: len(rows) for key, rows in life.run().items()}


def test_the_policy_learns_who_changes() -> None:
    """Users whose sessions change nothing are refreshed less and less often, at the same price as the others."""
    counts = run(population(), 0.25)
    steady = sum(count for key, count in counts.items() if key.startswith("steady"))
    lively = sum(count for key, count in counts.items() if key.startswith("lively"))
    assert lively > 1.5 * steady > 0


def test_promises_cost_refreshes() -> None:
    """Where the threshold would refresh nobody, the segments' service levels still do."""
    users = population()
    assert sum(run(users, 1e6).values()) == 0
    assert sum(run(users, 1e6, keeps_promises=True).values()) > 0


def test_nobody_who_came_twice_is_an_error(tmp_path: Path) -> None:
    """Without a second session there is no open to score."""
    file = tmp_path / "one.jsonl"
    file.write_text('{"event_id":"1","user_id":"u","time":"2026-01-01T00:00:00Z","type":"view"}\n')
    with pytest.raises(FieldError, match="second session"):
        evaluate_cadence([EventFile(file)], bootstrap=1)


@needs_git_activity
def test_real_profiles_are_traced() -> None:
    """Sessions of a real file have the profiles of the product's own refresh, which some of them change."""
    users = trace(read_events(FOLDER / "mem0.jsonl.gz"), "mem0", CONFIG, 0.1)
    assert len(users) == 116
    fresh = [user.is_fresh(number - 1, number) for user in users for number in user.counted_opens()]
    assert 0.2 < sum(fresh) / len(fresh) < 0.8


@needs_git_activity
def test_the_command_compares_at_equal_cost() -> None:
    """On a real file the optimal policy costs no more than the segments and serves more opens fresh."""
    arguments = [
        "cadence",
        "--events",
        str(FOLDER / "mem0.jsonl.gz"),
        "--cost-share",
        "1",
        "--resamples",
        "20",
    ]
    done = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    rows = {row["method"]: row for row in report["rows"]}
    assert rows["optimal"]["refreshes_per_day"] <= rows["segments"]["refreshes_per_day"]
    assert rows["optimal"]["fresh_at_open"] > rows["segments"]["fresh_at_open"]
    assert rows["after each session"]["fresh_at_open"] == 1
