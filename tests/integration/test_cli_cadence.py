"""`foreword cadence` as an operator uses it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from foreword.store import ActivityWriter

if TYPE_CHECKING:
    from conftest import Installation

Until = Callable[[Callable[[], Any], str], Any]


def _history(here: Installation, name: str = "history.jsonl.gz") -> str:
    """Write half a year of three users: one comes daily, one every third day, one once a month."""
    start = datetime(2026, 1, 1, 9, tzinfo=UTC)
    rows = []
    for user, every in (("daily", 1), ("weekly", 3), ("rare", 30)):
        for day in range(0, 180, every):
            for step in range(3):
                time = start + timedelta(days=day, minutes=step)
                rows.append(
                    {
                        "event_id": f"{user}-{day}-{step}",
                        "user_id": user,
                        "type": "read",
                        "topics": ["tests"],
                        "time": time.isoformat().replace("+00:00", "Z"),
                    }
                )
    (here.folder / name).write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return name


def test_simulate_says_what_another_cadence_costs_and_buys(installation: Installation) -> None:
    """More frequent refreshes cost more, and profiles are younger when they are opened; two numbers say it."""
    file = _history(installation)
    found = installation.json(
        "cadence",
        "simulate",
        "--events",
        file,
        "--vary",
        "segments.semi_active.every_days=1,6",
        "--price",
        "0.01",
    )["configurations"]
    often, seldom = (run["segments"]["semi_active"] for run in found)
    assert [run["label"] for run in found] == ["every_days 1", "every_days 6"]
    assert often["refreshes"] > 2 * seldom["refreshes"]
    assert often["cost_micro_usd"] > seldom["cost_micro_usd"] > 0
    assert often["age_hours_p50"] < seldom["age_hours_p50"]
    assert sum(found[0]["all"][kind] for kind in ("fresh", "stale", "expired", "default")) == 1
    assert found[0]["all"]["users"] == 3


def test_simulate_compares_two_files_and_draws(installation: Installation) -> None:
    """Two configurations stand side by side, and the picture has both."""
    file = _history(installation)
    (installation.folder / "a.toml").write_text("[segments.dormant]\nrefresh = 'manual'\n")
    (installation.folder / "b.toml").write_text("[segments.dormant]\nrefresh = 'every'\nevery_days = 2\n")
    done = installation.run(
        *("cadence", "simulate", "--config", "a.toml", "--config", "b.toml", file, "--picture", "curve.svg")
    )
    assert done.returncode == 0, done.stderr
    assert "All segments, side by side" in done.stdout
    picture = (installation.folder / "curve.svg").read_text()
    assert picture.lstrip().startswith("<?xml")
    assert "a.toml" in picture or "a" in picture


def test_simulate_refuses_what_it_cannot_replay(installation: Installation) -> None:
    """Each mistake is one sentence that names what was given."""
    file = _history(installation)
    mistakes = [
        (("--vary", "every_days=3", file), "--vary"),
        (("--vary", "segments.active.refresh=hourly", file), "FOREWORD_SEGMENTS__ACTIVE__REFRESH"),
        (("--picture", "curve.pdf", file), "--picture"),
        ((), "there is no event to replay"),
        (("--price", "-1", file), "--price"),
    ]
    for arguments, said in mistakes:
        done = installation.run("cadence", "simulate", *arguments)
        assert done.returncode in (1, 2)
        assert said in done.stderr, done.stderr
    (installation.folder / "bad.jsonl").write_text('{"user_id": "u"\n')
    done = installation.run("cadence", "simulate", "bad.jsonl")
    assert "bad.jsonl line 1" in done.stderr


def test_a_store_can_be_replayed_and_its_users_explained(serving: Installation, until: Until) -> None:
    """What was imported is explained user by user, and replayed from the store while its daemons run."""
    serving.run("import", "events", _history(serving))
    until(lambda: serving.json("get", "daily")["profile"].get("revision"), "no profile of daily")
    explained = serving.json("cadence", "explain", "daily")
    assert explained["segment"] == "dormant"
    assert explained["facts"]["last_seen_days"] > 100
    told = serving.run("cadence", "explain", "daily").stdout
    assert "the rest: yes" in told
    assert "none planned: the rule is on-open" in told
    found = serving.json("cadence", "simulate", "--store", "store")["configurations"][0]
    assert found["all"]["users"] == 3
    assert serving.run("cadence", "explain", "nobody").returncode == 1


def test_users_are_drawn_of_those_with_events(serving: Installation) -> None:
    """A small sample is never spent on users whose events are gone."""
    # By their digests drawn before all others here.
    names = ("guest1", "guest7", "guest13")
    (serving.folder / "three.jsonl").write_text(
        "".join(json.dumps({"event_id": name, "user_id": name, "type": "read"}) + "\n" for name in names)
    )
    serving.run("import", "events", "three.jsonl")
    simulate = ("cadence", "simulate", "--store", "store", "--users", "1")
    for name in names:
        assert serving.json(*simulate)["configurations"][0]["all"]["users"] == 1
        assert serving.run("events", "delete", name, name, "--wait", "0").returncode == 0
    serving.run("import", "events", _history(serving))
    assert serving.json(*simulate)["configurations"][0]["all"]["users"] == 1


def test_a_store_without_events_says_so(installation: Installation) -> None:
    """It is told apart from a file without any."""
    ActivityWriter(installation.folder / "store", map_size_bytes=1 << 26).close()
    done = installation.run("cadence", "simulate", "--store", "store")
    assert "the store keeps no event to replay" in done.stderr


def test_a_pause_is_seen_and_ended(serving: Installation, until: Until) -> None:
    """A paused segment stands in status; what comes due in it waits, and goes on when it is resumed."""
    assert serving.json("cadence", "pause", "new")["pauses"][0]["segment_name"] == "new"
    (serving.folder / "ann.jsonl").write_text(
        '{"event_id": "1", "user_id": "ann", "type": "session.end"}\n'
        + "".join(
            json.dumps({"event_id": f"e{n}", "user_id": "ann", "type": "read"}) + "\n" for n in range(4)
        )
    )
    serving.run("import", "events", "ann.jsonl")
    until(lambda: int(serving.json("status").get("held_count", 0)) == 1, "nobody is held back")
    assert "new since" in serving.run("status").stdout
    explained = serving.run("cadence", "explain", "ann").stdout
    assert "paused by an operator: new since 20" in explained
    assert "(foreword cadence resume new)" in explained
    wrong = serving.run("cadence", "pause", "loyal")
    assert wrong.returncode != 0
    assert "new, active, semi_active, dormant" in wrong.stderr
    assert serving.json("cadence", "resume").get("pauses", []) == []
    until(lambda: serving.json("get", "ann")["profile"].get("revision"), "the refresh did not go on")


def test_one_user_is_paused_and_resumed(serving: Installation, until: Until) -> None:
    """The pause is of that user alone; status and explain name it, and resuming all does not end it."""
    events = [
        {"event_id": f"e{n}", "user_id": user, "type": "session.end", "namespace": "shop"}
        for n in range(4)
        for user in ("eve", "fay")
    ]
    # Known before, so that the pause is there when the session ends.
    (serving.folder / "first.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events[:2]))
    (serving.folder / "more.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events[2:]))
    serving.run("import", "events", "first.jsonl")
    paused = serving.run("cadence", "pause", "--user", "eve", "--namespace", "shop")
    assert paused.stdout.startswith("Paused: user eve in shop since 20"), paused.stderr
    serving.run("import", "events", "more.jsonl")
    until(
        lambda: serving.json("get", "fay", "--namespace", "shop")["profile"].get("revision"),
        "no profile of fay",
    )
    until(lambda: int(serving.json("status").get("held_count", 0)) == 1, "nobody is held back")
    assert "user eve in shop since 20" in serving.run("status").stdout
    assert "paused since 20" in serving.run("users", "--namespace", "shop").stdout
    explained = serving.run("cadence", "explain", "eve", "--namespace", "shop").stdout
    assert "paused by an operator: this user since 20" in explained
    assert "(foreword cadence resume --user)" in explained
    assert serving.run("cadence", "resume").stdout == "No segment is paused\n"
    assert serving.json("status")["user_pauses"][0]["user_id"] == "eve"
    for arguments, said in [
        (("pause", "new", "--user", "eve"), "name SEGMENTS or --user, not both"),
        (("pause", "--namespace", "shop"), "--namespace goes with --user"),
        (("pause", "--user", "eve"), "user_id: found 'eve'; allowed: a user of whom an event was recorded"),
        (
            ("resume", "--user", "fay", "--namespace", "shop"),
            "user_id: found 'fay'; allowed: a user who is paused",
        ),
    ]:
        wrong = serving.run("cadence", *arguments)
        assert wrong.returncode in (1, 2)
        assert said in wrong.stderr
    ended = serving.json("cadence", "resume", "--user", "eve", "--namespace", "shop")
    assert (ended["pause"]["user_id"], ended["pause"]["namespace"]) == ("eve", "shop")
    until(
        lambda: serving.json("get", "eve", "--namespace", "shop")["profile"].get("revision"),
        "the refresh did not go on",
    )


def test_check_lists_who_is_where(installation: Installation) -> None:
    """Segments in the order in which they are tried, in words."""
    (installation.folder / "foreword.toml").write_text(
        "[segments.team]\nrefresh='nightly'\nnight='22:00-23:00'\nstale_after_hours=26\nexpired_after_hours=50\n"
        "[segments.team.when]\nattributes.plan=['team']\nsessions_per_week_min=2\n"
    )
    rows = installation.json("cadence", "check")["segments"]
    assert [row["segment"] for row in rows] == ["team", "new", "active", "semi-active", "dormant"]
    assert rows[0]["who"] == "sessions per week >= 2 and plan is team"
    assert rows[0]["refresh"] == "nightly 22:00-23:00 UTC"
    assert rows[-1]["who"] == "the rest"


def test_config_show_says_where_each_value_comes_from(installation: Installation) -> None:
    """The line of the file, the variable, or the default; what is printed can be read again, and says the same."""
    (installation.folder / "foreword.toml").write_text(
        "[window]\ndays = 30\n\n[segments.active.window]\nrecent_days = 3\n\n[segments.team]\nrefresh = 'manual'\n"
        "stale_after_hours = 1\nexpired_after_hours = 2\n[segments.team.when]\nattributes.plan = ['x']\n"
    )
    installation.environment["FOREWORD_SCHEDULER__CONCURRENCY"] = "3"
    shown = installation.json("config", "show")
    origins = shown.pop("origins")
    assert origins["window.days"] == origins["segments.active.window.days"] == "foreword.toml:2"
    assert origins["segments.active.window.recent_days"] == "foreword.toml:5"
    assert origins["segments.team.refresh"] == "foreword.toml:8"
    assert origins["scheduler.concurrency"] == "FOREWORD_SCHEDULER__CONCURRENCY"
    assert origins["window.recent_days"] == "default"
    printed = installation.run("config", "show").stdout
    assert 'refresh = "manual" # foreword.toml:8' in printed
    (installation.folder / "again.toml").write_text(printed)
    again = installation.json("config", "show", "--config", "again.toml")
    del again["origins"]
    assert again == shown
