"""Moments in a batch's life at which a crash would hurt most, by name, so that a test can end the process at each."""

from __future__ import annotations

from enum import StrEnum


class BatchPoint(StrEnum):
    """What has just been done."""

    WAVE_GATHERED = "the questions of a wave are made, nothing is written"
    INTENT_WRITTEN = "the intent is written, nothing is sent"
    BATCH_TAKEN = "the provider has the batch, its name is not written"
    NAME_WRITTEN = "the provider's name for the batch is written"
    BATCH_FOUND = "a batch is found again, its name is not written"
    ROWS_SETTLED = "some rows are dealt with, others are not"
    BATCH_SETTLED = "all rows are dealt with, the batch still stands"
