"""Capacity plans: formulas that compute what they show, and sums done by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from foreword.config import Config
from foreword.planning import (
    ASSUMED_DAYS,
    ASSUMED_SHARES,
    KNOWN,
    Figure,
    Plan,
    PlanInput,
    PlannedSegment,
    Sheet,
    Source,
    assumed,
    configured,
    make_plan,
    segment_names,
    segments_of,
)
from foreword.planning.formula import evaluate, filled, names
from foreword.planning.inputs import ModelPrice

# Round figures, so that every sum below can be done in one's head.
FIGURES = {
    "days": 100,
    "sessions_per_day": 2,
    "events_per_session": 5,
    "reads_per_session": 4,
    "session_seconds": 120,
    "peak_factor": 2,
    "page_bytes": 1000,
    "profile_row_bytes": 4000,
    "foreword_row_bytes": 1000,
    "revision_row_bytes": 4000,
    "state_row_bytes": 100,
    "due_row_bytes": 50,
    "ledger_row_bytes": 10,
    "event_row_bytes": 200,
    "id_row_bytes": 100,
    "user_row_bytes": 300,
    "profiles_free_share": 0.5,
    "activity_free_share": 0,
    "branch_share": 0.01,
    "written_ms": 9,
    "unchanged_ms": 1,
    "write_ms": 1,
    "review_ms": 0.05,
    "input_tokens": 5000,
    "output_tokens": 200,
}
PRICE = ModelPrice("small-1", input=1, cache_read=0.1, cache_write=1.25, output=5, batch_share=0.5)


def given(value: float) -> Figure:
    return Figure(value, Source.GIVEN)


def segment(name: str, share: float, days: float, rule: str, **more: object) -> PlannedSegment:
    return PlannedSegment(name, given(share), given(days), rule, **more)  # type: ignore[arg-type]


def planned(
    *segments: PlannedSegment,
    users: float = 1000,
    config: Config | None = None,
    figures: Mapping[str, float] | None = None,
    **more: float,
) -> Plan:
    """Return the plan of round figures."""
    values = {name: assumed(name) for name in KNOWN}
    values |= {name: given(value) for name, value in {**FIGURES, **(figures or {})}.items()}
    return make_plan(PlanInput(given(users), values, configured(config or Config()), segments, **more))


# -- formulas -----------------------------------------------------------------------------------------------------


def test_a_formula_is_what_it_says() -> None:
    """Numbers, names with a dot, the four operations, powers, min, max and ceil are computed in the usual order."""
    values = {"users": 10.0, "active.share": 0.5}
    assert evaluate("users * active.share + 2 ** 3 / 4 - 1", values) == 6
    assert evaluate("max(1, min(users, 7), ceil(6.1 * 1))", values) == 7
    assert names("min(users, active.share) * users + max(1, users)") == ("users", "active.share")


@pytest.mark.parametrize(
    "formula", ["users.__class__.x", "open(1)", "users if 1 else 2", "'text'", "-users", "a < 1"]
)
def test_a_formula_holds_nothing_else(formula: str) -> None:
    """Anything but arithmetic is refused, whatever Python would make of it."""
    with pytest.raises(ValueError, match="a formula cannot hold"):
        evaluate(formula, {"users": 1.0, "a": 1.0})


def test_a_formula_is_shown_with_its_numbers() -> None:
    """Names become numbers, functions stay, and signs are those of people."""
    shown = {"users": "1,000", "min_users": "7"}
    assert filled("min(users, min_users) * 2 ** 3 - 1", shown.__getitem__) == "min(1,000, 7) × 2 ^ 3 − 1"


def test_a_sum_is_as_weak_as_its_weakest_part() -> None:
    """What rests on one assumption is assumed; what rests on measurements and options alone is measured."""
    sheet = Sheet()
    for name, source in (("a", Source.GIVEN), ("b", Source.MEASURED), ("c", Source.ASSUMED)):
        sheet.put(name, name, "1", Figure(2, source))
    sheet.add("ab", "", "1", "a * b")
    sheet.add("abc", "", "1", "ab + c")
    sheet.add("aa", "", "1", "a + a")
    sources = [sheet.row(name).source for name in ("ab", "abc", "aa")]
    assert sources == [Source.MEASURED, Source.ASSUMED, Source.GIVEN]
    assert sheet.filled(sheet.row("abc")) == "4 + 2"
    with pytest.raises(KeyError):
        sheet.add("d", "", "1", "nobody * 2")
    with pytest.raises(ValueError, match="already"):
        sheet.add("ab", "", "1", "a")


# -- sums by hand -------------------------------------------------------------------------------------------------


def test_users_and_acts_by_hand() -> None:
    """Of 1,000 users half come on 7 days and half on 0.7: 550 a day, 1,100 sessions, 5,500 events, 4,400 reads."""
    sheet = planned(segment("a", 0.5, 7, "nightly"), segment("b", 0.5, 0.7, "on_open")).sheet
    shown = [
        sheet[name] for name in ("a.users", "a.visits", "b.visits", "visits", "sessions", "events", "reads")
    ]
    assert shown == pytest.approx([500, 500, 50, 550, 1100, 5500, 4400])
    assert sheet["peak_reads"] == pytest.approx(4400 / 86_400 * 2)


@pytest.mark.parametrize(
    ("rule", "refreshes", "written"),
    [
        # Each visit of two sessions; a user comes every other day of seven.
        ("after_session", 1000, 1000),
        # Each night, with something new after a day on which the user came.
        ("nightly", 1000, 500),
        # Every two days; three of four times the user came on one of them at least.
        ("every", 500, 375),
        # Four reads in two minutes ask at most once a minute: 1 + 120 / 60 = 3 times a session, of 1,000 sessions.
        ("on_open", 3000, 3000),
        ("never", 0, 0),
    ],
)
def test_refreshes_by_hand(rule: str, refreshes: float, written: float) -> None:
    """Each rule has its refreshes a day, and of these some that find something new."""
    sheet = planned(segment("a", 1, 3.5, rule, interval_days=2)).sheet
    assert sheet["refreshes"] == pytest.approx(refreshes)
    assert sheet["written"] == pytest.approx(written)
    work = written * 9 + (refreshes - written) * 1
    assert sheet["compute_seconds"] == pytest.approx(work / 1000)
    assert sheet["refresh_seconds"] == pytest.approx((work + refreshes) / 1000)


def test_a_night_by_hand() -> None:
    """60,000 users an hour are 1,000 a minute; at 10 ms each the night takes 600 s, which is within its hour."""
    sheet = planned(segment("a", 1, 7, "nightly"), users=60_000).sheet
    assert sheet["night_minute"] == 1000
    assert sheet["night_seconds"] == pytest.approx(600)
    assert sheet["night_hours"] == 1
    assert sheet["night_hosts"] == 1
    late = planned(segment("a", 1, 7, "nightly"), users=6_000_000).sheet
    # 60,000 s of work in an hour and the two hours that a profile may be late.
    assert late["night_hours"] == pytest.approx(60_000 / 3600)
    assert late["night_hosts"] == math.ceil(60_000 / (3 * 3600))


def test_a_review_by_hand() -> None:
    """All users are looked through once a day: 1,000 × 0.05 ms."""
    assert planned(segment("a", 1, 7, "nightly")).sheet["review_day_seconds"] == pytest.approx(0.05)


def test_storage_by_hand() -> None:
    """Rows times their bytes: ten revisions of who is written daily, events within retention, ids for all days."""
    sheet = planned(segment("a", 0.5, 7, "nightly"), segment("b", 0.5, 0.007, "on_open")).sheet
    visits = 500 + 0.5
    events = visits * 2 * 5
    # Of `a` ten revisions are kept. Of each in `b` the first, 3 a day of 500 users for 100 days, and those of the week
    # in which they were new, two on each day on which they came.
    revisions = 5000 + 500 * (1 + 3 / 500 * 100 + 0.007 * 2)
    assert sheet["a.revisions"] == 5000
    assert sheet["revisions"] == pytest.approx(revisions)
    profiles = (
        1000 * 5000 + revisions * 4000 + 1000 * 100 + 500 * 50 + min(100_000, sheet["refreshes"] * 100) * 10
    )
    assert sheet["profiles_data_bytes"] == pytest.approx(profiles)
    assert sheet["profiles_file_bytes"] == pytest.approx(1.5 * profiles)
    activity = events * 90 * 200 + events * 100 * 100 + 1000 * 300
    assert sheet["activity_file_bytes"] == pytest.approx(activity)
    assert sheet["backup_bytes"] == pytest.approx(profiles + activity)
    assert sheet["growth_bytes"] == pytest.approx(events * 100)


def test_memory_and_writes_by_hand() -> None:
    """A visitor touches profile, foreword and three pages; a refresh writes rows and twelve pages, an event eight.

    Each commit writes sixteen more: of a night's refreshes 64 share one, a triggered one has two, an event its own.
    """
    sheet = planned(segment("a", 1, 7, "nightly")).sheet
    assert sheet["serving_bytes"] == 1000 * 5000
    assert sheet["recording_bytes"] == 1000 * 3 * 1000
    assert sheet["refresh_commits"] == 1000 / 64
    assert sheet["refresh_writes_bytes"] == 1000 * 9000 + (1000 * 12 + 1000 / 64 * 16) * 1000
    assert sheet["event_writes_bytes"] == 10_000 * 300 + 10_000 * (8 + 16) * 1000
    assert planned(segment("a", 1, 7, "after_session")).sheet["refresh_commits"] == 4000
    # However many events come, there are no more commits than one each two milliseconds.
    assert planned(segment("a", 1, 7, "nightly"), users=1e8).sheet["event_commits"] == 43_200_000


def test_models_by_hand() -> None:
    """5,000 tokens read at 1 USD and 200 written at 5 are 0.006 USD; in a batch half of it; a month has 30.4 days."""
    sheet = planned(
        segment("a", 0.5, 7, "nightly", price=PRICE, asking="batch"),
        segment("b", 0.25, 7, "after_session", price=PRICE),
        segment("c", 0.25, 7, "nightly"),
    ).sheet
    assert sheet["small_1.call_usd"] == pytest.approx(0.006)
    assert (sheet["a.calls"], sheet["b.calls"], sheet["calls"]) == (500, 500, 1000)
    assert "c.calls" not in sheet
    assert sheet["usd"] == pytest.approx(500 * 0.003 + 500 * 0.006)
    assert sheet["calls_usd"] == pytest.approx(6)
    assert sheet["batches_usd"] == pytest.approx(3)
    assert sheet["month_usd"] == pytest.approx(4.5 * 365.25 / 12)
    assert sheet["tokens"] == 1000 * 5200
    # Ten dollars a day pay for all of it.
    assert sheet["budget_share"] == 1
    assert sheet["undone_calls"] == 0


def test_a_budget_that_is_short_says_what_is_left_undone() -> None:
    """At a third of what is needed two thirds of the questions wait, and the plan says so; so for one user's budget."""
    config = Config.model_validate({"budget": {"day_micro_usd": 2_000_000, "user_day_micro_usd": 5_000}})
    plan = planned(segment("a", 1, 7, "after_session", price=PRICE), users=500, config=config)
    assert plan.sheet["usd"] == pytest.approx(6)
    assert plan.sheet["undone_calls"] == pytest.approx(1000 * 2 / 3)
    day, user = plan.findings
    assert "budget.day_micro_usd pays for 33.3 % of the questions: 667 a day wait" in day
    assert "budget.user_day_micro_usd" in user


def test_a_map_that_is_too_small_is_named_with_one_that_is_not() -> None:
    """The finding says what is needed and a power of two with room above it, which a configuration takes."""
    config = Config.model_validate({"store": {"profiles_map_size_bytes": 1 << 30}})
    plan = planned(segment("a", 1, 7, "nightly"), users=100_000, config=config)
    (finding,) = [each for each in plan.findings if "profiles.lmdb" in each]
    size = int(finding.split("store.profiles_map_size_bytes to ")[1].split()[0].replace("_", ""))
    assert size >= 1.5 * plan.sheet["profiles_file_bytes"]
    assert not [
        each
        for each in planned(
            segment("a", 1, 7, "nightly"),
            users=100_000,
            config=Config.model_validate({"store": {"profiles_map_size_bytes": size}}),
        ).findings
        if "profiles.lmdb" in each
    ]


def test_hosts_are_as_many_as_the_scarcest_thing_asks_for() -> None:
    """Memory and disk count where a host's are given; a plan of several hosts says that users are divided."""
    one = planned(segment("a", 1, 7, "nightly"))
    assert one.sheet["hosts"] == 1
    assert one.findings == ()
    need = one.sheet["disk_bytes"] + one.sheet["backup_bytes"]
    two = planned(segment("a", 1, 7, "nightly"), host_disk_bytes=need / 1.5, host_memory_bytes=1e12)
    assert (two.sheet["disk_hosts"], two.sheet["memory_hosts"], two.sheet["hosts"]) == (2, 1, 2)
    assert two.sheet["users_per_host"] == 500
    assert "2 stores with 500 users each" in two.findings[0]


def test_a_segment_without_users_is_left_out() -> None:
    """Nobody in it, nothing of it in the plan, and no division by nobody."""
    sheet = planned(segment("a", 1, 7, "nightly"), segment("b", 0, 7, "after_session")).sheet
    assert "b.users" not in sheet
    assert sheet["visits"] == 1000


def test_every_row_can_be_computed_again_from_what_it_shows() -> None:
    """Formula and inputs of a row give its value."""
    config = Config.model_validate({"agent": {"provider": "anthropic"}})
    shares = {name: given(ASSUMED_SHARES[name]) for name in segment_names(config)}
    days = {name: given(ASSUMED_DAYS[name]) for name in segment_names(config)}
    sheet = planned(*segments_of(config, shares, days), config=config).sheet
    rows = [row for row in sheet if row.formula]
    assert len(rows) > 60
    for row in rows:
        assert row.value == evaluate(row.formula, {name: sheet[name] for name in row.inputs}), row.name
        assert row.label
        assert row.unit


# -- from the configuration ---------------------------------------------------------------------------------------


def test_segments_are_those_of_the_configuration() -> None:
    """Cadence, hours, interval, model and mode of each segment are in force; extractive ones ask nobody."""
    config = Config.model_validate(
        {
            "agent": {"provider": "anthropic"},
            "segments": {
                "active": {"mode": "messages"},
                "semi_active": {"every_days": 1.5, "model": "claude-sonnet-5-5"},
                "dormant": {"mode": "extractive"},
            },
        }
    )
    known = dict.fromkeys(segment_names(config), given(0.25))
    new, active, semi, dormant = segments_of(config, known, known)
    assert [each.rule for each in (new, active, semi, dormant)] == [
        "after_session",
        "nightly",
        "every",
        "on_open",
    ]
    assert [each.asking for each in (new, active, semi)] == ["messages", "messages", "batch"]
    assert semi.interval_days == 1.5
    assert semi.price is not None
    assert semi.price[:2] == ("claude-sonnet-5-5", 2.0)
    assert active.stale_after_hours == 26
    assert dormant.price is None


@pytest.mark.parametrize(
    ("table", "rule", "interval_days", "spread_minutes"),
    [
        ({"refresh": "nightly", "night": "22:00-01:30"}, "nightly", 1, 210),
        ({"refresh": "cron", "cron": "0 4 * * *", "spread_minutes": 30}, "cron", 1, 30),
        ({"refresh": "cron", "cron": "0 4,16 * * *"}, "cron", 0.5, 10),
        ({"refresh": "cron", "cron": "0 4 * * 1", "time_zone": "Europe/Berlin"}, "cron", 7, 10),
        ({"refresh": "manual"}, "never", 1, 60),
        ({"refresh": "never"}, "never", 1, 60),
    ],
)
def test_a_segment_of_ones_own_is_planned_by_its_rule(
    table: dict[str, object], rule: str, interval_days: float, spread_minutes: float
) -> None:
    """Nights have their length, cron lines come as often as they do on average, and what only operators ask never."""
    own = {"stale_after_hours": 30, "expired_after_hours": 90, "when": {"attributes": {"plan": ["pro"]}}}
    config = Config.model_validate({"segments": {"pro": {**own, **table}}})
    known = dict.fromkeys(segment_names(config), given(0.2))
    first = segments_of(config, known, known)[0]
    assert (first.name, first.rule, first.spread_minutes) == ("pro", rule, spread_minutes)
    assert first.interval_days == pytest.approx(interval_days, rel=0.02)
    sheet = planned(first, config=config).sheet
    assert sheet["refreshes"] == pytest.approx(0 if rule == "never" else 200 / first.interval_days)
    if rule in ("nightly", "cron"):
        assert sheet["peak_refreshes"] == pytest.approx(200 / spread_minutes)


def test_a_provider_without_batches_is_asked_one_by_one() -> None:
    """Chat completions have no batches, whatever the cadence."""
    config = Config.model_validate(
        {"agent": {"provider": "openai-chat", "model": "own", "prices": {"own": {"input": 0, "output": 0}}}}
    )
    known = dict.fromkeys(segment_names(config), given(0.25))
    assert {each.asking for each in segments_of(config, known, known)} == {"messages"}


def test_no_limit_is_no_figure() -> None:
    """A budget that is not set is not in the plan, and nothing is left undone for it."""
    config = Config.model_validate({"budget": {"day_micro_usd": None, "user_day_micro_usd": None}})
    assert not {"day_usd", "user_day_usd"} & configured(config).keys()
    sheet = planned(segment("a", 1, 7, "nightly", price=PRICE), config=config, users=1e6).sheet
    assert "undone_calls" not in sheet


def test_every_assumption_says_where_it_is_from() -> None:
    """Each figure has a label, a unit and a note; those that follow from the configuration are filled in later."""
    silent = [name for name, each in KNOWN.items() if not (each.label and each.unit and each.note)]
    assert silent == ["input_tokens", "output_tokens"]
    assert all(each.least <= each.assumed <= each.most for each in KNOWN.values())
    assert sum(ASSUMED_SHARES.values()) == pytest.approx(1)
