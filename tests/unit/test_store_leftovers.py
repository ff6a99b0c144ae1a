"""Refused rows of a user who is erased."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from foreword.importers.refusals import Refusals
from foreword.store.leftovers import erase_leftovers


def leftovers(directory: Path, *rows: str) -> Path:
    """Write rows aside as an import does; return the file."""
    refusals = Refusals(directory / "imports" / "events.0123.refused.jsonl")
    for number, row in enumerate(rows, start=1):
        refusals.add(number, "type: found ''; allowed: 1 to 64 bytes", row)
    return refusals.path


@pytest.mark.parametrize(
    "row",
    ["7,ann,read", '{"user_id": "ann", "type": ""}', "ann", "{broken ann", json.dumps({"user_id": "ann"})],
)
def test_a_row_that_names_the_user_goes(tmp_path: Path, row: str) -> None:
    """Whatever a row looks like, it goes when the id stands in it by itself, and others stay."""
    file = leftovers(tmp_path, "7,bob,read", row, "8,annabel,read")
    assert erase_leftovers(tmp_path, "ann").rows == 1
    assert [json.loads(line)["row"] for line in file.read_text().splitlines()] == [
        "7,bob,read",
        "8,annabel,read",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_an_id_beyond_ascii_is_found_however_json_writes_it(tmp_path: Path) -> None:
    """A JSON row may hold `é` as such or as an escape; the file holding nothing else goes as a whole."""
    file = leftovers(tmp_path, '{"user_id": "zoé"}', '{"user_id": "zo\\u00e9"}')
    assert erase_leftovers(tmp_path, "zoé").rows == 2
    assert not file.exists()
    assert erase_leftovers(tmp_path, "zoé").rows == 0


def test_a_quotation_mark_in_an_id_is_found_in_a_table_too(tmp_path: Path) -> None:
    """A cell doubles the quotation marks in it, and JSON escapes them."""
    leftovers(tmp_path, '7,"an""n",read', json.dumps({"user_id": 'an"n'}))
    assert erase_leftovers(tmp_path, 'an"n').rows == 2


def test_a_line_cut_short_goes(tmp_path: Path) -> None:
    """What a crash left of a line may name anybody."""
    file = leftovers(tmp_path, "7,bob,read")
    with file.open("a") as stream:
        stream.write('{"line": 9, "row": "an')
    assert erase_leftovers(tmp_path, "ann").rows == 1
    assert len(file.read_text().splitlines()) == 1


def test_an_import_goes_on_behind_an_erasure(tmp_path: Path) -> None:
    """A resumed import keeps what is left of its refused rows, though it remembers more."""
    file = leftovers(tmp_path, "7,ann,read", "8,bob,read")
    remembered_bytes = file.stat().st_size
    erase_leftovers(tmp_path, "ann")
    left = file.read_bytes()
    refusals = Refusals(file)
    refusals.keep(remembered_bytes)
    assert file.read_bytes() == left
    refusals.add(3, "late", "9,cay,read")
    assert [json.loads(line)["row"] for line in file.read_text().splitlines()] == ["8,bob,read", "9,cay,read"]
    assert refusals.bytes_written == file.stat().st_size
