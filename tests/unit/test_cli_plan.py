"""`foreword plan`: what is asked, what is measured, what is assumed, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foreword import keys
from foreword.cli import main
from foreword.clock import DAY_MS
from foreword.planning.formula import evaluate
from foreword.store import ActivityWriter, NewEvent, ProfileWriter
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Foreword, Profile, Segment
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState

MAP_BYTES = 1 << 26
USERS = 60
TODAY = 20_000

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `foreword plan` in a folder of its own; returns code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWORD_STORE__DIRECTORY", str(tmp_path / "store"))

    def running(*arguments: str) -> tuple[int, str, str]:
        code = main(["plan", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return running


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """60 active users who come daily, two events a day; 60 refreshes in the ledger."""
    place = tmp_path / "store"
    activity = ActivityWriter(place, map_size_bytes=MAP_BYTES)
    for day in range(TODAY - 28, TODAY + 1):
        rows = [_event(user, day, second) for user in range(USERS) for second in (0, 60)]
        with activity.begin() as txn:
            txn.record(rows, day * DAY_MS)
            txn.add_reads(day, {Segment.SEGMENT_ACTIVE: 6 * USERS})
    activity.close()
    profiles = ProfileWriter(place, map_size_bytes=MAP_BYTES)
    with profiles.begin() as txn:
        for user in range(USERS):
            name, segment = f"user-{user}", Segment.SEGMENT_ACTIVE
            revision = txn.put_profile(
                keys.user_key(name),
                Profile(user_id=name, segment=segment, semantic_summary="x" * 3000),
                Foreword(),
                computed_at_ms=1,
                stale_after_ms=2,
                expired_after_ms=3,
                refresh_on_open=False,
            )
            txn.schedule(keys.user_key(name), RefreshState(segment=segment, revision=revision))
            written = RefreshOutcome.REFRESH_OUTCOME_WRITTEN
            txn.append_ledger(LedgerEntry(user_key=keys.user_key(name), outcome=written, duration_us=4000))
    profiles.close()
    return place


def _event(user: int, day: int, second: int) -> NewEvent:
    time_ms = day * DAY_MS + second * 1000
    event = Event(event_id=f"{day}-{second}", user_id=f"user-{user}", type="read")
    event.time.FromMilliseconds(time_ms)
    return NewEvent(keys.user_key(event.user_id), event.event_id, time_ms, event.SerializeToString(), False)


def rows_of(out: str) -> dict[str, Any]:
    return {row["name"]: row for row in json.loads(out)["quantities"]}


def test_a_plan_shows_each_formula_with_its_numbers(run: Run) -> None:
    """Quantity, value with unit, source and formula; without a store all is assumed, and that is said."""
    code, out, err = run("--users", "10e6", "--sessions-per-day", "5")
    assert code == 0
    assert "No store at" in err
    line = next(line for line in out.splitlines() if line.lstrip().startswith("active users who come"))
    assert line.split("  ")[-1].strip() == "= 1,800,000 × 6.5 / 7"
    assert "1,671,429 users a day" in line
    assert "assumed" in line
    assert "What does not fit" in out


def test_json_can_be_computed_again(run: Run) -> None:
    """Every row has name, value, unit, formula, inputs and source, and its formula gives its value."""
    code, out, _ = run("--users", "10e6", "--json")
    assert code == 0
    rows = rows_of(out)
    assert rows["users"] == {
        "name": "users",
        "label": "users",
        "section": "Users and what they do",
        "value": 10_000_000,
        "unit": "users",
        "formula": "",
        "filled": "",
        "inputs": {},
        "source": "given",
        "note": "--users",
    }
    for row in rows.values():
        if row["formula"]:
            assert row["value"] == pytest.approx(evaluate(row["formula"], row["inputs"])), row["name"]


def test_what_the_store_knows_is_measured(run: Run, store: Path) -> None:
    """Users, habits, rows and times of the store go before what is assumed; options go before both."""
    code, out, err = run("--json", "--days", "30", "--set", "unchanged_ms=2")
    assert (code, err) == (0, "")
    rows = rows_of(out)
    assert (rows["users"]["value"], rows["users"]["source"]) == (USERS, "measured")
    measured = {
        "active.share": 1,
        "active.days": 7,
        "sessions_per_day": 1,
        "events_per_session": 2,
        "written_ms": 4,
    }
    assert {name: rows[name]["value"] for name in measured} == measured
    assert {rows[name]["source"] for name in measured} == {"measured"}
    # Six reads of each of 60 users a day, in one session each.
    assert rows["reads_per_session"]["value"] == pytest.approx(6)
    assert rows["event_row_bytes"]["note"] == f"{29 * USERS * 2:,} rows of activity.events"
    # Too few rows for a mean, or none.
    assert rows["due_row_bytes"]["source"] == "assumed"
    assert (rows["days"]["source"], rows["unchanged_ms"]["source"]) == ("given", "given")
    assert rows["visits"]["source"] == "measured"
    # Nobody is new.
    assert "new.users" not in rows


def test_shares_that_are_given_leave_the_rest_its_proportions(run: Run) -> None:
    """With half of the users active, the others divide the other half as before."""
    _, out, _ = run("--users", "1000", "--share", "active=0.5", "--active-days", "active=7", "--json")
    rows = rows_of(out)
    shares = {name: rows[f"{name}.share"]["value"] for name in ("new", "active", "semi_active", "dormant")}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["dormant"] / shares["semi_active"] == pytest.approx(5 / 3)
    assert rows["active.visits"]["value"] == 500


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--users", "many"), "'--users': found 'many'; allowed: a whole number such as 10e6, 1 to 1e+11"),
        (("--users", "1.5"), "'--users': found '1.5'; allowed: a whole number"),
        (("--users", "nan"), "'--users': found 'nan'"),
        (("--users", "1e12"), "'--users': found '1e12'"),
        (("--users", "9", "--days", "0"), "'--days': found '0'; allowed: a number such as 10e6, 1 to 36500"),
        (("--users", "9", "--peak-factor", "inf"), "'--peak-factor': found 'inf'"),
        (
            ("--users", "9", "--share", "vip=0.1"),
            "--share: found 'vip'; allowed: new, active, semi_active, dormant",
        ),
        (("--users", "9", "--share", "active"), "'--share': found 'active'; allowed: NAME=NUMBER"),
        (("--users", "9", "--share", "active=0.9", "--share", "new=0.2"), "--share: found 1.1 in all"),
        (("--users", "9", "--active-days", "active=8"), "found '8'; allowed: a number such as 10e6, 0 to 7"),
        (("--users", "9", "--set", "load_max=2"), "--set load_max: found 2; allowed: 0.01 to 1"),
        (("--users", "9", "--set", "luck=1"), "--set: found 'luck'; allowed: days, "),
        ((), "say how many with --users"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """A bad value ends with 2, and one sentence names the option, what was found, and what is allowed."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err.replace("Invalid value for ", "")


def test_a_short_measurement_goes_before_what_is_assumed(run: Run) -> None:
    """--measure asks a sidecar of its own, and says so of both figures."""
    code, out, _ = run("--users", "1000", "--measure", "--json")
    assert code == 0
    rows = rows_of(out)
    for name in ("reads_per_second_max", "events_per_second_max"):
        assert rows[name]["source"] == "measured"
        assert rows[name]["value"] > 10
