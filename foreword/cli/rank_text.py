"""What `foreword rank` and `foreword status` say of ranking."""

from __future__ import annotations

from collections.abc import Iterator

from foreword.v1.ranking_pb2 import RankingStatus


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number of things in words."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def ranking_rows(status: RankingStatus) -> Iterator[tuple[str, str]]:
    """Yield a row of what is kept for ranking, and one of what was asked; nothing before the first order."""
    if status.block_count or status.logged_count:
        users = counted(status.block_count, "user")
        kept = f"{users} with parameters of their own, {status.logged_count:,} decisions in the log"
        yield "ranking", f"global model {status.model_version}; {kept}"
    facts = [
        (status.unlogged_count, "that could not be logged"),
        (status.feedback_count, "of feedback taken"),
        (status.duplicate_count, "sent again"),
        (status.unknown_count, "of a decision that nobody knows"),
        (status.unknown_candidate_count, "candidates never met before"),
        (status.rebased_count, "users brought to another model"),
        (status.other_version_count, "served as new until they were"),
    ]
    said = [f"{count:,} {what}" for count, what in facts if count]
    if status.decision_count or said:
        orders = counted(status.decision_count, "order")
        yield "ranked", "; ".join([f"{orders} since the start", *said])
