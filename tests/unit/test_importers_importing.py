"""Importing: batches, refused rows, and going on after a break."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from foreword.errors import FieldError, ServiceError, StoreNotWritableError
from foreword.importers import CsvRows, JsonLines, import_source
from foreword.v1.activity_service_pb2 import RecordEventsResponse, RefusedEvent
from foreword.v1.event_pb2 import Event


class Sidecar:
    """Takes events as RecordEvents does, and can be told to refuse a user or to go away."""

    def __init__(self, refuses: str = "", batches_max: int = 1000) -> None:
        self.events: dict[tuple[str, str], Event] = {}
        self.batches: list[int] = []
        self._refuses = refuses
        self._batches_max = batches_max

    def __call__(self, events) -> RecordEventsResponse:
        """Record events."""
        if len(self.batches) >= self._batches_max:
            raise ServiceError("the sidecar is gone", reason="UNAVAILABLE")
        self.batches.append(len(events))
        answer = RecordEventsResponse()
        for index, event in enumerate(events):
            key = (event.user_id, event.event_id)
            if event.user_id == self._refuses:
                field = f"events[{index}].user_id"
                answer.refused.append(
                    RefusedEvent(index=index, field=field, message="found it; allowed: others")
                )
            elif key in self.events:
                answer.duplicate_count += 1
            else:
                answer.accepted_count += 1
                self.events[key] = event
        return answer


def line(number: int, user: str = "ann") -> str:
    return json.dumps(
        {"event_id": f"e{number}", "user_id": user, "time": "2026-01-02T03:04:05Z", "type": "view"}
    )


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{text}\n" for text in lines), encoding="utf-8")
    return path


def test_events_go_in_batches_of_a_thousand(tmp_path: Path) -> None:
    """No call holds more than RecordEvents takes, and nothing is left behind."""
    sidecar = Sidecar()
    file = write(tmp_path / "events.jsonl", [line(number) for number in range(2500)])
    report = import_source(JsonLines(file), sidecar, tmp_path / "store")
    assert sidecar.batches == [1000, 1000, 500]
    assert (report.rows, report.accepted, report.refused, report.refused_file) == (2500, 2500, 0, None)


def test_an_import_goes_on_after_the_last_acknowledged_batch(tmp_path: Path) -> None:
    """Broken off and run again, an import sends only what was not acknowledged."""
    file = write(tmp_path / "events.jsonl", [line(number) for number in range(3000)])
    with pytest.raises(ServiceError):
        import_source(JsonLines(file), Sidecar(batches_max=1), tmp_path / "store")
    sidecar = Sidecar()
    report = import_source(JsonLines(file), sidecar, tmp_path / "store")
    assert report.is_resumed
    assert sorted(sidecar.events)[0] == ("ann", "e1000")
    assert report.accepted == 2000


def test_a_gzip_file_is_resumed_too(tmp_path: Path) -> None:
    """The place in a compressed file is found again in its content."""
    file = tmp_path / "events.jsonl.gz"
    file.write_bytes(gzip.compress("".join(f"{line(number)}\n" for number in range(1500)).encode()))
    with pytest.raises(ServiceError):
        import_source(JsonLines(file), Sidecar(batches_max=1), tmp_path / "store")
    sidecar = Sidecar()
    assert import_source(JsonLines(file), sidecar, tmp_path / "store").accepted == 500


def test_a_finished_import_reads_all_again_and_counts_nothing_twice(tmp_path: Path) -> None:
    """Run again when finished, an import sends everything, and every event is known."""
    file = write(tmp_path / "events.jsonl", [line(number) for number in range(5)])
    sidecar = Sidecar()
    import_source(JsonLines(file), sidecar, tmp_path / "store")
    report = import_source(JsonLines(file), sidecar, tmp_path / "store")
    assert (report.accepted, report.duplicates, report.is_resumed) == (0, 5, False)


def test_another_file_of_the_same_name_is_read_from_its_start(tmp_path: Path) -> None:
    """A place is kept for the content it was taken in, not for whatever has the file's name."""
    file = write(tmp_path / "events.jsonl", [line(number) for number in range(1500)])
    with pytest.raises(ServiceError):
        import_source(JsonLines(file), Sidecar(batches_max=1), tmp_path / "store")
    write(file, [line(number, "bob") for number in range(1500)])
    report = import_source(JsonLines(file), Sidecar(), tmp_path / "store")
    assert (report.accepted, report.is_resumed) == (1500, True)


def test_from_start_forgets_the_place(tmp_path: Path) -> None:
    """Asked to, an import begins again."""
    file = write(tmp_path / "events.jsonl", [line(number) for number in range(1500)])
    with pytest.raises(ServiceError):
        import_source(JsonLines(file), Sidecar(batches_max=1), tmp_path / "store")
    report = import_source(JsonLines(file), Sidecar(), tmp_path / "store", from_start=True)
    assert report.accepted == 1500


def test_refused_lines_are_written_aside_with_line_and_reason(tmp_path: Path) -> None:
    """What is no event, and what the sidecar refuses, stands in a file of its own; the rest is kept."""
    lines = [line(1), "{not json", "", line(2, "eve"), '{"user_id": "ann", "topics": "red"}', line(3)]
    file = write(tmp_path / "events.jsonl", lines)
    report = import_source(JsonLines(file), Sidecar(refuses="eve"), tmp_path / "store")
    assert (report.rows, report.accepted, report.refused) == (5, 2, 3)
    assert report.refused_file is not None
    assert report.refused_file.parent == tmp_path / "store" / "imports"
    assert report.refused_file.name.endswith(".refused.jsonl")
    assert report.refused_file.stat().st_mode & 0o777 == 0o600
    entries = [json.loads(text) for text in report.refused_file.read_text().splitlines()]
    assert {entry["line"] for entry in entries} == {2, 4, 5}
    reasons = {entry["line"]: entry["reason"] for entry in entries}
    assert "topics" in reasons[5]
    assert reasons[4] == "user_id: found it; allowed: others"
    rows = {entry["line"]: entry["row"] for entry in entries}
    assert rows == {number: lines[number - 1] for number in (2, 4, 5)}


def test_refused_lines_are_not_written_twice(tmp_path: Path) -> None:
    """A refusal of a batch that was never acknowledged is dropped when the import goes on."""
    lines = [line(number) for number in range(1500)]
    lines[3] = lines[1200] = "{"
    file = write(tmp_path / "events.jsonl", lines)
    with pytest.raises(ServiceError):
        import_source(JsonLines(file), Sidecar(batches_max=1), tmp_path / "store")
    report = import_source(JsonLines(file), Sidecar(), tmp_path / "store")
    assert report.refused_file is not None
    refused = [json.loads(text)["line"] for text in report.refused_file.read_text().splitlines()]
    assert refused == [4, 1201]


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    """Progress is told after each batch, in bytes of the file, and ends at its size."""
    file = write(tmp_path / "events.jsonl", [line(number) for number in range(2500)])
    told = []
    import_source(
        JsonLines(file), Sidecar(), tmp_path / "store", on_progress=lambda _, *progress: told.append(progress)
    )
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1] == (file.stat().st_size, file.stat().st_size, "bytes")


@pytest.mark.parametrize("name", ["missing.jsonl", "broken.jsonl.gz"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """A missing file and damaged gzip data end the import with the file's name."""
    (tmp_path / "broken.jsonl.gz").write_bytes(gzip.compress(line(1).encode() * 100)[:40])
    with pytest.raises(FieldError, match=name):
        import_source(JsonLines(tmp_path / name), Sidecar(), tmp_path / "store")


def test_refused_lines_that_cannot_be_kept_are_an_error_in_words(tmp_path: Path) -> None:
    """A file whose name leaves no room for that of its refused lines ends the import with a sentence."""
    file = tmp_path / f"{'n' * 240}.jsonl"
    file.write_text("{}\n")
    with pytest.raises(StoreNotWritableError, match="cannot be written"):
        import_source(JsonLines(file), lambda _: RecordEventsResponse(), tmp_path / "store")


def test_what_no_event_has_is_counted_by_name(tmp_path: Path) -> None:
    """A field nobody knows is counted and stops nothing; of names without end only some are kept."""
    rows = [{**json.loads(line(number)), "colour": "red", f"x{number}": 1} for number in range(200)]
    file = write(tmp_path / "events.jsonl", [json.dumps(row) for row in rows])
    report = import_source(JsonLines(file), Sidecar(), tmp_path / "store")
    assert (report.accepted, report.ignored["colour"], report.ignored["x0"]) == (200, 200, 1)
    assert len(report.ignored) <= 50


@pytest.mark.parametrize(("bad", "is_mostly"), [(0, False), (5, False), (6, True), (10, True)])
def test_an_import_tells_when_most_of_it_was_refused(tmp_path: Path, bad: int, is_mostly: bool) -> None:
    """More than half refused means that the file is no file of events."""
    file = write(tmp_path / "events.jsonl", ["{"] * bad + [line(number) for number in range(10 - bad)])
    report = import_source(JsonLines(file), Sidecar(), tmp_path / "store")
    assert report.is_mostly_refused is is_mostly


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_pipe_is_read_once_and_leaves_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Callable[[bytes], bytes]
) -> None:
    """What comes through stdin is imported, compressed or not; broken off, it leaves no place to go on from."""
    content = packed("".join(f"{line(number)}\n" for number in range(2500)).encode())
    stdin = io.TextIOWrapper(io.BytesIO(content))
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(ServiceError):
        import_source(JsonLines(Path("-")), Sidecar(batches_max=1), tmp_path / "store")
    stdin.buffer.seek(0)
    source = JsonLines(Path("-"))
    report = import_source(source, Sidecar(), tmp_path / "store")
    assert (report.accepted, report.is_resumed, source.name) == (2500, False, "stdin")
    assert source.progress().total == 0
    assert list((tmp_path / "store" / "imports").iterdir()) == []


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    """A shell's `<(…)`, which is a pipe with a path, is a table like any other."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    rows = b"".join(b"u%d;view\n" % number for number in range(9000))
    writer = threading.Thread(target=pipe.write_bytes, args=(b"user_id;type\n" + rows,))
    writer.start()
    report = import_source(CsvRows(pipe, []), Sidecar(), tmp_path / "store")
    writer.join()
    assert (report.accepted, report.refused) == (9000, 0)


def test_rows_without_a_time_are_counted(tmp_path: Path) -> None:
    """They are taken as of now, which a history is not; so the import tells of them."""
    file = write(tmp_path / "events.jsonl", [line(1), '{"user_id": "ann", "type": "view"}', "{"])
    assert import_source(JsonLines(file), Sidecar(), tmp_path / "store").without_time == 1
