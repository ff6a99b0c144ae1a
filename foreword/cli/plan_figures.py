"""What a plan takes from the store and the configuration at hand; the rest is assumed, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from foreword.config import Config
from foreword.planning import (
    ASSUMED_DAYS,
    ASSUMED_SHARES,
    KNOWN,
    Figure,
    Source,
    assumed,
    segment_names,
)
from foreword.store.upkeep import CallFigures, StoreFigures, UseFigures

# With fewer rows, sessions or calls a mean says little of a million.
ROWS_MIN = 50
# Of a segment's users, whose days are counted over four weeks each.
_SEGMENT_USERS_MIN = 20
_BYTES_MIN = 1 << 20
# Tokens of the part of a prompt that is the same for all users (README.md, limits).
_FRONT_TOKENS = 3343
_ROWS = {
    "profile_row_bytes": "profiles.profiles",
    "foreword_row_bytes": "profiles.forewords",
    "revision_row_bytes": "profiles.revisions",
    "state_row_bytes": "profiles.watermarks",
    "due_row_bytes": "profiles.due",
    "ledger_row_bytes": "profiles.ledger",
    "call_row_bytes": "profiles.model_calls",
    "model_state_row_bytes": "profiles.model_states",
    "event_row_bytes": "activity.events",
    "id_row_bytes": "activity.applied",
    "user_row_bytes": "activity.users",
}


class Users(NamedTuple):
    """Who they are, by segment."""

    shares: dict[str, Figure]
    active_days: dict[str, Figure]


def figures_of(found: StoreFigures | None, config: Config) -> dict[str, Figure]:
    """Return every figure of a plan: measured where the store knows enough, else assumed."""
    figures = {name: assumed(name) for name in KNOWN} | _most_tokens(config)
    if found is not None:
        figures |= {name: Figure(value, Source.MEASURED, note) for name, value, note in _measured(found)}
    if figures["reads_per_session"].source is Source.ASSUMED:
        # One prompt for each act, which is the assumption that is easiest to correct.
        events = figures["events_per_session"]
        figures["reads_per_session"] = Figure(events.value, Source.ASSUMED, "one for each event, stated")
    return figures


def users_of(found: StoreFigures | None, config: Config) -> Users:
    """Return the shares of segments and how often their users come: measured where the store knows enough."""
    names = segment_names(config)
    use = found.use if found is not None else UseFigures()
    numbers = {name: config.segments.numbered(name) for name in names}
    counts = {name: use.users_by_segment.get(numbers[name], 0) for name in names}
    known = sum(counts.values())
    is_measured = known >= ROWS_MIN
    note = f"{known:,} users of the store"
    shares = {
        name: Figure(counts[name] / known, Source.MEASURED, note)
        if is_measured
        else Figure(ASSUMED_SHARES.get(name, 0.0), Source.ASSUMED, "stated, not measured")
        for name in names
    }
    days = {}
    for name in names:
        if counts[name] >= _SEGMENT_USERS_MIN and numbers[name] in use.active_days_per_week:
            note = f"{counts[name]:,} users of the store, four weeks"
            days[name] = Figure(use.active_days_per_week[numbers[name]], Source.MEASURED, note)
        else:
            days[name] = Figure(ASSUMED_DAYS.get(name, 1.0), Source.ASSUMED, "stated, not measured")
    return Users(shares, days)


def _measured(found: StoreFigures) -> Iterator[tuple[str, float, str]]:
    yield "page_bytes", found.page_bytes, "the store's files"
    for name, database in _ROWS.items():
        row = found.rows.get(database)
        if row is not None and row.rows >= ROWS_MIN:
            yield name, row.bytes / row.rows, f"{row.rows:,} rows of {database}"
    total = sum(row.bytes for row in found.rows.values())
    if total >= _BYTES_MIN:
        branches = sum(row.branch_bytes for row in found.rows.values())
        yield "branch_share", branches / total, "pages of both environments"
    for part in ("profiles", "activity"):
        size = sum(row.bytes for name, row in found.rows.items() if name.startswith(f"{part}."))
        if size >= _BYTES_MIN:
            yield f"{part}_free_share", found.free_share[f"{part}.lmdb"], f"pages of {part}.lmdb"
    yield from _measured_work(found)
    yield from _measured_use(found)
    yield from _measured_tokens(found)


def _measured_work(found: StoreFigures) -> Iterator[tuple[str, float, str]]:
    written, unchanged = found.attempts.get("written"), found.attempts.get("unchanged")
    if written is not None and written.count >= ROWS_MIN:
        note = f"{written.count:,} rows of the ledger"
        # Of the clock on the wall: on a busy machine more than the processor's.
        yield "written_ms", written.mean_ms, f"{note}, elapsed; half of them within {written.p50_ms:.3g} ms"
        yield "written_p99_ms", written.p99_ms, note
    if unchanged is not None and unchanged.count >= ROWS_MIN:
        yield "unchanged_ms", unchanged.mean_ms, f"{unchanged.count:,} rows of the ledger"


def _measured_use(found: StoreFigures) -> Iterator[tuple[str, float, str]]:
    use = found.use
    if use.sessions < ROWS_MIN:
        return
    note = f"{use.sessions:,} sessions in the store"
    per_day = use.sessions / use.session_days
    yield "sessions_per_day", per_day, note
    yield "events_per_session", use.session_events / use.sessions, note
    yield "session_seconds", use.session_seconds / use.sessions, note
    if found.read_days and use.visits_per_day:
        sessions = use.visits_per_day * per_day
        yield (
            "reads_per_session",
            found.reads / found.read_days / sessions,
            f"{found.reads:,} reads on {found.read_days} days",
        )


def _measured_tokens(found: StoreFigures) -> Iterator[tuple[str, float, str]]:
    calls = sum(each.calls for each in found.calls.values())
    if calls < ROWS_MIN:
        return
    note = f"{calls:,} questions in the ledger"
    for kind in ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"):
        yield kind, sum(_tokens(each, kind) for each in found.calls.values()) / calls, note


def _tokens(figures: CallFigures, kind: str) -> int:
    value: int = getattr(figures, kind)
    return value


def _most_tokens(config: Config) -> dict[str, Figure]:
    """Return the most a question can take: nobody knows what a model will answer."""
    agent = config.agent
    read = Figure(
        _FRONT_TOKENS + agent.prompt_tokens_max,
        Source.ASSUMED,
        f"the most: {_FRONT_TOKENS:,} for all users alike, and agent.prompt_tokens_max",
    )
    written = Figure(agent.output_tokens_max, Source.ASSUMED, "the most: agent.output_tokens_max")
    return {"input_tokens": read, "output_tokens": written}
