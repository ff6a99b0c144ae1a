"""What of a plan does not fit, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.planning.inputs import PlannedSegment
from foreword.planning.models import usd_of
from foreword.planning.sheet import Sheet, number_text


def findings(sheet: Sheet, segments: Sequence[PlannedSegment]) -> list[str]:
    """Return what does not fit, a sentence each."""
    found = []
    hosts = sheet["hosts"]
    for part in ("profiles", "activity"):
        need, room = sheet[f"{part}_file_bytes"] / hosts, sheet[f"{part}_map_bytes"]
        if need > room:
            found.append(
                f"{part}.lmdb takes {_gib(need)} a host and may take {_gib(room)}: set "
                f"store.{part}_map_size_bytes to {_roomy(need)} or more before it is full"
            )
    if hosts > 1:
        found.append(
            f"one host is not enough: {hosts:,.0f} stores with {sheet['users_per_host']:,.0f} users each, "
            "and the application says which user is where"
        )
    if sheet["refresh_cores"] > 1 and hosts == 1:
        found.append("the scheduler cannot keep up: its refreshes take more than a day of one core each day")
    if "undone_calls" in sheet and sheet["undone_calls"] > 0:
        found.append(
            f"budget.day_micro_usd pays for {number_text(100 * sheet['budget_share'])} % of the questions: "
            f"{sheet['undone_calls']:,.0f} a day wait, and these users keep what code alone writes; "
            f"all of them cost {sheet['usd']:,.2f} USD a day"
        )
    for each in segments:
        if each.price is None or "user_day_usd" not in sheet:
            continue
        cost = sheet[f"{each.name}.calls"] / sheet[f"{each.name}.users"] * sheet[usd_of(each)]
        if cost > sheet["user_day_usd"]:
            found.append(
                f"budget.user_day_micro_usd is less than a day of a user in {each.name} costs, {cost:.4f} USD"
            )
    return found


def _gib(count: float) -> str:
    return f"{count / (1 << 30):,.1f} GiB"


def _roomy(count: float) -> str:
    """Return a size with room, a power of two: growing a map disturbs whoever has it open."""
    size = 1 << 30
    while size < 1.5 * count:
        size *= 2
    return f"{size:_}"
