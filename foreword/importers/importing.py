"""Importing a source: batches to the sink, refused rows written aside, and a place to go on from."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foreword.errors import StoreNotWritableError
from foreword.importers.refusals import Refusals
from foreword.importers.source import Row, Sink, Source, batches

_STATE_VERSION = 1
# Names come from the file; one with a different name in every row must not fill the memory.
_IGNORED_NAMES_MAX = 50


@dataclass
class ImportReport:
    """What an import came to.

    Attributes:
        rows: Rows read by this run, refused ones included.
        accepted: Events newly recorded.
        duplicates: Events recorded before under the same id.
        refused: Rows and events that were not recorded.
        without_time: Rows that say nothing of when it was, and so count as of now.
        ignored: How many rows held what no event has, by its name, for the first names met.
        refused_file: Where they stand with line and reason; None when there are none.
        is_resumed: It went on where an earlier import had stopped.
    """

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    without_time: int = 0
    ignored: dict[str, int] = field(default_factory=dict)
    refused_file: Path | None = None
    is_resumed: bool = False

    @property
    def is_mostly_refused(self) -> bool:
        """Whether more than half of the rows were refused: then it is the file that is wrong, not some rows."""
        return self.refused * 2 > self.rows


def import_source(
    source: Source,
    sink: Sink,
    directory: Path,
    *,
    on_progress: Callable[[str, int, int, str], object] | None = None,
    from_start: bool = False,
) -> ImportReport:
    """Send all events of a source to a sink.

    Broken off at any moment and run again, it goes on after the last batch that was acknowledged; a batch sent
    twice counts once, because events carry ids.

    Args:
        source: Where events come from.
        sink: Where they go, up to 1,000 at a time.
        directory: The store's folder; state and refused rows are kept in `imports/` below it.
        on_progress: Called after every batch with the source's name and the fields of its Progress.
        from_start: Read all, whatever an earlier import has done.

    Raises:
        ForewordError: From the source or the sink; what was acknowledged stays, and the next run goes on from there.
    """
    imports = directory / "imports"
    state = _State(imports, source)
    saved = None if from_start else state.load()
    report = ImportReport(is_resumed=saved is not None)
    refusals = Refusals(imports / f"{source.name}.{state.digest}.refused.jsonl")
    refusals.keep(saved["refused_bytes"] if saved is not None else 0)
    for batch in batches(source.rows(saved["point"] if saved is not None else None)):
        _send(batch, sink, refusals, report)
        if (point := source.resume_point()) is not None:
            state.save(point, refusals.bytes_written)
        if on_progress is not None:
            on_progress(source.name, *source.progress())
    state.finish(source.finished_point())
    report.refused_file = refusals.path if report.refused else None
    return report


def _send(batch: list[Row], sink: Sink, refusals: Refusals, report: ImportReport) -> None:
    sent = [row for row in batch if row.event is not None]
    # Before they are sent: who takes an event without a time gives it one.
    report.without_time += sum(row.event is not None and not row.event.HasField("time") for row in sent)
    answer = sink([row.event for row in sent if row.event is not None]) if sent else None
    # The field stands within the request (`events[3].type`); a file's reader wants to know the field of the row.
    said = {
        refused.index: f"{refused.field.partition('.')[2]}: {refused.message}"
        for refused in (answer.refused if answer is not None else ())
    }
    for row in batch:
        if row.event is None:
            refusals.add(row.number, row.refusal, row.raw)
        elif row.ignored:
            _count(report.ignored, row.ignored)
    for index, message in said.items():
        refusals.add(sent[index].number, message, sent[index].raw)
    report.rows += len(batch)
    report.refused += len(batch) - len(sent) + len(said)
    if answer is not None:
        report.accepted += answer.accepted_count
        report.duplicates += answer.duplicate_count


def _count(counts: dict[str, int], names: tuple[str, ...]) -> None:
    for name in names:
        if name in counts or len(counts) < _IGNORED_NAMES_MAX:
            counts[name] = counts.get(name, 0) + 1


class _State:
    """The file that says where an import stopped."""

    def __init__(self, imports: Path, source: Source) -> None:
        self._identity = source.identity
        self.digest = hashlib.sha256(source.identity.encode()).hexdigest()[:12]
        self._file = imports / f"{self.digest}.json"

    def load(self) -> dict[str, Any] | None:
        """Return what was saved; None when nothing is, or it cannot be understood."""
        try:
            saved = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return None
        is_ours = isinstance(saved, dict) and (saved.get("version"), saved.get("source")) == (
            _STATE_VERSION,
            self._identity,
        )
        return saved if is_ours else None

    def save(self, point: dict[str, Any], refused_bytes: int) -> None:
        """Remember where to go on."""
        saved = {
            "version": _STATE_VERSION,
            "source": self._identity,
            "point": point,
            "refused_bytes": refused_bytes,
        }
        temporary = self._file.with_suffix(".json.new")
        try:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(saved), encoding="utf-8")
            temporary.rename(self._file)
        except OSError as exc:
            raise StoreNotWritableError(f"{self._file} cannot be written: {exc}") from exc

    def finish(self, point: dict[str, Any] | None) -> None:
        """Remember where the next import begins; forget the state when that is the start."""
        if point is not None:
            self.save(point, 0)
        else:
            with contextlib.suppress(OSError):
                self._file.unlink()
