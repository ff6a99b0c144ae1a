"""Tables: mapping, joining, thresholds, and rows that are no events."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import FieldError
from foreword.importers import CsvRows, parse_mapping
from foreword.importers.delimiter import parse_delimiter
from foreword.v1.event_pb2 import Event, Feedback

RULES = ["user_id=userId", "item_id=movieId", "value=rating", "time=timestamp", "type==rate"]


def table(tmp_path: Path, text: str, name: str = "ratings.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def events(source: CsvRows) -> list[Event]:
    rows = list(source.rows())
    assert [row.refusal for row in rows if row.event is None] == []
    return [row.event for row in rows if row.event is not None]


def test_ratings_with_their_items(tmp_path: Path) -> None:
    """Columns of both tables are mapped, lists split, ratings judged by the thresholds, and the table's own
    word for nothing is none."""
    ratings = table(
        tmp_path, "userId,movieId,rating,timestamp\n7,1,4.5,964982703\n7,2,2.0,964982704\n7,9,3,964982705\n"
    )
    items = table(
        tmp_path, 'movieId,title,genres\n1,"Story, A",Comedy|Crime\n2,B,(no genres listed)\n', "movies.csv"
    )
    rules = parse_mapping([*RULES, "topics=genres", "text=title", "attributes.source==ml"])
    liked, disliked, unknown = events(
        CsvRows(ratings, rules, items=items, like_at=4, dislike_at=2.5, nothing=["(No genres listed)"])
    )
    assert (liked.user_id, liked.item_id, liked.type, liked.value) == ("7", "1", "rate", 4.5)
    assert (list(liked.topics), liked.text) == (["Comedy", "Crime"], "Story, A")
    assert (liked.time.seconds, dict(liked.attributes)) == (964982703, {"source": "ml"})
    assert (liked.feedback, disliked.feedback) == (Feedback.FEEDBACK_LIKE, Feedback.FEEDBACK_DISLIKE)
    assert list(disliked.topics) == []
    assert (list(unknown.topics), unknown.feedback) == ([], Feedback.FEEDBACK_UNSPECIFIED)


def test_typed_headers_and_tabs(tmp_path: Path) -> None:
    """RecBole's tab-separated files with `name:type` headers are read, their sequences split at spaces."""
    ratings = table(
        tmp_path, "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t5\t3.0\t881250949.0\n"
    )
    items = table(tmp_path, "item_id:token\tclass:token_seq\n5\tAction Sci-Fi Action\n", "items.item")
    rules = parse_mapping(["value=rating", "time=timestamp", "type==rate", "topics=class"])
    (event,) = events(CsvRows(ratings, rules, items=items))
    assert (event.user_id, event.item_id, event.value) == ("1", "5", 3.0)
    assert list(event.topics) == ["Action", "Sci-Fi"]


@pytest.mark.parametrize("time", ["964982703", "964982703000", "2000-07-30T18:45:03Z", "964982703.0"])
def test_times_in_any_usual_form(tmp_path: Path, time: str) -> None:
    """Seconds, milliseconds and RFC 3339 are told apart."""
    (event,) = events(CsvRows(table(tmp_path, f"user_id,type,time\na,view,{time}\n"), []))
    assert event.time.ToSeconds() == 964982703


def test_ids_follow_from_the_row(tmp_path: Path) -> None:
    """A row has the same id in every import, whatever its item's title becomes; another row has another."""
    ratings = table(tmp_path, "userId,movieId,rating,timestamp\n7,1,4,1\n7,1,5,1\n")
    rules = parse_mapping([*RULES, "text=title"])
    before = [
        e.event_id
        for e in events(CsvRows(ratings, rules, items=table(tmp_path, "movieId,title\n1,A\n", "i")))
    ]
    after = [
        e.event_id
        for e in events(CsvRows(ratings, rules, items=table(tmp_path, "movieId,title\n1,B\n", "i")))
    ]
    assert before == after
    assert len(set(before)) == 2


def test_a_column_nobody_mapped_still_tells_rows_apart(tmp_path: Path) -> None:
    """Two ratings of one second are two events, though only the title of an unknown film is mapped."""
    ratings = table(tmp_path, "userId,movieId,rating,timestamp\n7,1,4,964982703\n7,2,4,964982703\n")
    items = table(tmp_path, "movieId,title\n3,C\n", "movies.csv")
    rules = parse_mapping(["user_id=userId", "item_id=title", "value=rating", "time=timestamp", "type==rate"])
    first, second = events(CsvRows(ratings, rules, items=items))
    assert first.event_id != second.event_id


@pytest.mark.parametrize("seconds", ["1e13", "-1e13", "1e30"])
def test_a_duration_beyond_protobufs_range_is_refused(tmp_path: Path, seconds: str) -> None:
    """A dwell that no Duration holds is refused when it is read, since it could not be written aside later."""
    path = tmp_path / "t.csv"
    path.write_text(f"user_id,type,dwell\na,view,{seconds}\n")
    (row,) = CsvRows(path, []).rows()
    assert row.event is None
    assert row.refusal.startswith("dwell: found")


def test_bad_rows_are_refused_alone(tmp_path: Path) -> None:
    """A row with a wrong number of cells, a bad number or time, or broken text is refused with the reason."""
    path = tmp_path / "t.csv"
    path.write_bytes(
        b"user_id,type,value,time\na,view,x,1\nb,view,1\nc,view,1,never\nd\xff,view,1,1\n\ne,view,2,1\n"
    )
    rows = list(CsvRows(path, []).rows())
    assert [(row.number, row.event is not None) for row in rows] == [
        (2, False),
        (3, False),
        (4, False),
        (5, False),
        (7, True),
    ]
    reasons = [row.refusal for row in rows]
    assert reasons[0] == "value: found 'x'; allowed: a finite number"
    assert reasons[1] == "row: found 3 columns; allowed: 4, as in the header"
    assert reasons[2].startswith("time: found 'never'")
    assert reasons[3] == "not UTF-8"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (["user_id"], "field=column"),
        (["colour=c", "user_id=u"], "attributes.NAME"),
        (["user_id=u", "user_id=v", "type==x"], "user_id twice"),
        (["user_id=missing", "type==x"], "a column: u, v"),
        (["type==x"], "nothing for user_id"),
        (["user_id=u"], "nothing for type"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(tmp_path: Path, rules: list[str], said: str) -> None:
    """Mistakes in --map are said before anything is read, with what is allowed."""
    path = table(tmp_path, "u,v\n1,2\n")
    with pytest.raises(FieldError, match=said):
        CsvRows(path, parse_mapping(rules))


def test_it_goes_on_after_the_rows_done(tmp_path: Path) -> None:
    """A point taken after some rows leads to the next one, cells with line breaks included."""
    path = table(tmp_path, 'user_id,type,text\na,view,"one\ntwo"\nb,view,x\nc,view,y\n')
    source = CsvRows(path, [])
    rows = source.rows()
    next(rows)
    next(rows)
    point = source.resume_point()
    assert [row.event.user_id for row in CsvRows(path, []).rows(point) if row.event] == ["c"]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_the_delimiter_is_seen(tmp_path: Path, delimiter: str) -> None:
    """Whatever of the four separates the cells, also where others stand within them."""
    header = delimiter.join(["user_id", "type", "text"])
    cells = "a,b;c|d\te".replace(delimiter, " ")
    path = table(tmp_path, f"{header}\n" + delimiter.join(["ann", "view", cells]) + "\n")
    (event,) = events(CsvRows(path, []))
    assert (event.user_id, event.text) == ("ann", cells)


def test_a_delimiter_can_be_given(tmp_path: Path) -> None:
    """A character that is no usual delimiter is one when told so."""
    path = table(tmp_path, "user_id~type~text\nann~view~a,b\n")
    (event,) = events(CsvRows(path, [], delimiter=parse_delimiter("~")))
    assert event.text == "a,b"


@pytest.mark.parametrize("text", ["", "::", '"', "\n"])
def test_what_cannot_be_a_delimiter_is_refused(text: str) -> None:
    """A delimiter is one character, and not the one that quotes or ends a line."""
    with pytest.raises(FieldError, match="allowed: one character"):
        parse_delimiter(text)


def test_a_row_is_named_by_its_line_and_kept_as_it_stands(tmp_path: Path) -> None:
    """After cells with line breaks and blank lines a refusal still names the line an editor shows, and the row keeps
    its quotation marks."""
    bad = '"b";"view";"x;y"'
    path = table(tmp_path, f'user_id;type;value\n\n"a\nb";view;1\n\n{bad}\nc;view\n')
    rows = list(CsvRows(path, []).rows())
    assert [(row.number, row.event is not None, row.raw) for row in rows] == [
        (3, True, '"a\nb";view;1'),
        (6, False, bad),
        (7, False, "c;view"),
    ]
    assert rows[1].refusal == "value: found 'x;y'; allowed: a finite number"


def test_a_stray_quotation_mark_takes_no_other_row_along(tmp_path: Path) -> None:
    """A mark that opens a cell and is closed by nothing, or by another cell's, is text; rows after it are rows."""
    marks = 'a,view,"5 inch\nb,view,"x, y"\n"c\nd",view,"y ""z"""\ne,view,"end\nf,view,x\n'
    path = table(tmp_path, "user_id,type,text\n" + marks)
    rows = list(CsvRows(path, []).rows())
    assert [row.refusal for row in rows] == [""] * 5
    assert [(row.number, row.event.user_id, row.event.text) for row in rows if row.event] == [
        (2, "a", "5 inch"),
        (3, "b", "x, y"),
        (4, "c\nd", 'y "z"'),
        (6, "e", "end"),
        (7, "f", "x"),
    ]


def test_an_endless_row_is_refused_alone(tmp_path: Path) -> None:
    """A row over a million characters is skipped without being held, and the next one is read."""
    path = table(tmp_path, "user_id,type\n" + "x" * 3_000_000 + "\nann,view\n")
    rows = list(CsvRows(path, []).rows())
    assert [(row.number, row.event is not None) for row in rows] == [(2, False), (3, True)]
    assert rows[0].refusal.startswith("row: found 1,048,576 characters or more")


def test_a_stray_quotation_mark_before_an_endless_row_takes_nothing_along(tmp_path: Path) -> None:
    """The endless row is refused by itself; the one before it and the one after it are events."""
    path = table(tmp_path, 'user_id,type,text\na,view,"5\n' + "x" * 3_000_000 + "\nb,view,y\n")
    rows = list(CsvRows(path, []).rows())
    assert [(row.number, row.event is not None) for row in rows] == [(2, True), (3, False), (4, True)]


def test_a_quotation_mark_before_many_lines_costs_no_time_for_each_pair(tmp_path: Path) -> None:
    """What is held while a mark is open is measured as it grows, not anew for each line."""
    path = table(tmp_path, 'user_id,type,text\na,view,"5' + "\n" * 120_000 + "b,view,y\n")
    rows = list(CsvRows(path, []).rows())
    assert [(row.number, row.event is not None) for row in rows] == [(2, True), (120_002, True)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"user_id,type,n\xe4me\na,view,x\n", "a header that is not UTF-8"),
        (b"x" * 100_000, "a header over 65536 bytes"),
    ],
)
def test_a_table_without_a_header_that_can_be_read_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """What is no table is refused before anything is read, with the file's name."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(FieldError, match=rf"t\.csv: found {said}"):
        CsvRows(path, [])


def test_columns_of_no_use_are_named(tmp_path: Path) -> None:
    """A column that becomes nothing is counted, a joining one is not; strictly read, it ends the import."""
    path = table(tmp_path, "user_id,type,movie,topic\na,view,1,x\n")
    items = table(tmp_path, "movie,title,year\n1,A,1963\n", "movies.csv")
    rules = parse_mapping(["text=title"])
    (row,) = CsvRows(path, rules, items=items).rows()
    assert row.ignored == ("topic",)
    with pytest.raises(FieldError, match="columns without a field: 'topic'"):
        CsvRows(path, rules, items=items, strict=True)


def test_rows_of_the_second_table_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    """They are named with their table and line, instead of leaving their items without a name in silence."""
    path = table(tmp_path, "user_id,type,movie\na,view,1\n")
    items = table(tmp_path, "movie,title\n1,A\n2,B,C\n", "movies.csv")
    bad, good = CsvRows(path, parse_mapping(["text=title"]), items=items).rows()
    assert (bad.number, bad.raw) == (3, "2,B,C")
    assert bad.refusal == "movies.csv: row: found 3 columns; allowed: 2, as in the header"
    assert good.event is not None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MARKED = st.text(st.sampled_from('"a,;|\t\n\r '), max_size=12)


@given(st.sampled_from("\t,;|"), st.lists(TEXTS | MARKED, max_size=6))
def test_whatever_a_table_was_written_from_is_read(delimiter: str, texts: list[str]) -> None:
    """What csv writes comes back cell by cell, each row with its own line and its own text, whatever the delimiter."""
    written = []
    for text in texts:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(["ann", "view", text])
        written.append(out.getvalue())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(
            delimiter.join(["user_id", "type", "text"]).encode() + b"\n" + "".join(written).encode()
        )
        rows = list(CsvRows(path, []).rows())
    assert [row.event and row.event.text for row in rows] == [text.strip() for text in texts]
    assert [row.raw for row in rows] == [row.rstrip("\r\n") for row in written]
    lines = [
        2 + sum(len(io.StringIO(row, newline="").readlines()) for row in written[:n])
        for n in range(len(rows))
    ]
    assert [row.number for row in rows] == lines


@given(st.text(st.sampled_from('"ab,\n\r '), max_size=60))
def test_no_line_of_a_broken_table_is_lost(content: str) -> None:
    """Wherever quotation marks stand, every line with something on it is in exactly one row, in its place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(b"user_id,type\n" + content.encode())
        rows = list(CsvRows(path, []).rows())
    assert "".join("".join(row.raw.split()) for row in rows) == "".join(content.split())
    assert [row.number for row in rows] == sorted({row.number for row in rows})
