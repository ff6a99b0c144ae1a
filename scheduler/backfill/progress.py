"""How far the newest backfill is: the row, and the one way to change it."""

from __future__ import annotations

from collections.abc import Callable

from foreword.store import ProfileReader, ProfileTransaction, ProfileWriter
from foreword.store.v1.store_pb2 import BackfillRow
from foreword.v1.backfill_pb2 import BackfillQuestions, BackfillStage

OVER = (BackfillStage.BACKFILL_STAGE_DONE, BackfillStage.BACKFILL_STAGE_CANCELED)


class Progress:
    """Keeps the row of the newest backfill, in memory as it is on disk.

    Attributes:
        row: The row; None when there never was a backfill. Replaced, never changed in place.
    """

    def __init__(self, writer: ProfileWriter, profiles: ProfileReader) -> None:
        self._writer = writer
        self._profiles = profiles
        self.row = profiles.backfill()

    @property
    def is_running(self) -> bool:
        """Whether profiles are being written."""
        return self.row is not None and self.row.stage == BackfillStage.BACKFILL_STAGE_RUNNING

    @property
    def is_under_way(self) -> bool:
        """Whether a backfill was begun, or estimated, and is not over."""
        return self.row is not None and self.row.stage not in OVER

    @property
    def questions(self) -> BackfillQuestions:
        """What was asked of models."""
        return self._profiles.model.backfill_questions()

    def copy(self) -> BackfillRow:
        """Return a copy of the row to be changed."""
        row = BackfillRow()
        row.CopyFrom(self.row or BackfillRow())
        return row

    def change(self, row: BackfillRow, also: Callable[[ProfileTransaction], None] | None = None) -> None:
        """Write another row, and what else belongs to it, in one transaction.

        Raises:
            StoreError: Nothing was written.
        """
        with self._writer.begin() as txn:
            if also is not None:
                also(txn)
            txn.put_backfill(row)
        self.row = row


def stage_of(row: BackfillRow, questions: BackfillQuestions) -> BackfillStage:
    """Return how far a backfill is by its row and by what it asked of models."""
    is_asking = not row.are_questions_done or bool(questions.queued_count or questions.open_count)
    stages = (
        (row.stage in OVER, row.stage),
        (row.plan.is_canceled, BackfillStage.BACKFILL_STAGE_CANCELED),
        (not row.HasField("estimate"), BackfillStage.BACKFILL_STAGE_COUNTING),
        (not row.plan.is_confirmed, BackfillStage.BACKFILL_STAGE_ESTIMATED),
        (row.plan.is_paused, BackfillStage.BACKFILL_STAGE_PAUSED),
        (not row.are_refreshes_done, BackfillStage.BACKFILL_STAGE_RUNNING),
        (is_asking, BackfillStage.BACKFILL_STAGE_ASKING),
    )
    return next((stage for holds, stage in stages if holds), BackfillStage.BACKFILL_STAGE_DONE)
