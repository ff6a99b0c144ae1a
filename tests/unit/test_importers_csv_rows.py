"""Tables: mapping, joining, thresholds, and rows that are no events."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.errors import FieldError
from foreword.importers import CsvRows, parse_mapping
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
