"""`foreword demo`, the first thing a stranger sees, on a small repository."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import until

DAY_SECONDS = 86_400
NEWEST = 1_760_000_000


def _run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foreword", "demo", *arguments],
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _environment(folder: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")}
    # No package index: what needs a download must fall back.
    return own | {"TMPDIR": str(folder), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short folder for the demo's own; a unix socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="fw-demo-") as folder:
        yield Path(folder)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two authors with habits of their own, over three weeks."""
    return _repository(tmp_path / "project", lambda _: "change")


def _repository(path: Path, subject: Callable[[int], str]) -> Path:
    """Make a repository from a stream for git fast-import; `subject` says what each commit's message is."""
    commits = []
    for number in range(60):
        area, author = (("scheduler", "ann"), ("frontend", "bob"))[number % 2]
        seconds = NEWEST - (60 - number) * DAY_SECONDS // 3
        commits.append(
            f"commit refs/heads/main\nmark :{number + 1}\n"
            f"author {author} <{author}@example.org> {seconds} +0000\n"
            f"committer {author} <{author}@example.org> {seconds} +0000\n"
            f"data {len(subject(number))}\n{subject(number)}\n"
            f"M 100644 inline {area}/{number % 5}.py\ndata 3\n{number:03}\n"
        )
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(path)], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=path, input="".join(commits), text=True, check=True)
    return path


def test_the_demo_shows_everything_and_leaves_nothing(repository: Path, temporary: Path) -> None:
    """Two contrasting forewords, a profile, segments, latencies and a live change; then no process and no file."""
    done = _run(["--git", str(repository)], temporary)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    for words in (
        "60 acknowledged",
        "2 users done: 2 profiles written",
        "Two forewords",
        "p50",
        "What changed:",
        "One question, two people",
        "the core of 'How do I refund a payment?', which asks the same",
    ):
        assert words in said
    assert "Scheduler" in said or "scheduler" in said
    assert "example.org" not in said
    assert "Traceback" not in done.stderr
    assert list(temporary.iterdir()) == []


def test_without_the_wheel_the_checkout_stands_in(temporary: Path) -> None:
    """When MovieLens cannot be downloaded, it says so and shows this checkout's own authors."""
    if not (Path(__file__).parents[2] / ".git").exists():
        pytest.skip("not a git checkout, so there are no authors to fall back to")
    done = _run([], temporary)
    assert done.returncode == 0, done.stderr
    assert "MovieLens cannot be had here" in done.stdout
    assert "own authors stand in" in done.stdout


def test_a_kept_demo_can_be_called_and_stopped(repository: Path, temporary: Path) -> None:
    """--json prints what was seen: distinct forewords, a newer revision after the live step, its own times. --keep
    leaves both daemons serving, says how to call them, and they end by the process id it names.
    """
    done = _run(["--git", str(repository), "--keep", "--json"], temporary)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    _check_what_was_seen(seen)
    kept = psutil.Process(seen["kept"]["pid"])
    try:
        text = subprocess.run(
            [
                sys.executable, "-m", "foreword", "text", seen["forewords"][0]["user_id"],
                "--address", seen["kept"]["address"],
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert text.stdout.startswith("About this user"), text.stderr
        daemons = kept.children()
        assert len(daemons) == 2
    finally:
        kept.terminate()
        kept.wait(timeout=30)
    assert not any(daemon.is_running() for daemon in daemons)


def _check_what_was_seen(seen: dict[str, Any]) -> None:
    assert (seen["events"], seen["users"], seen["accepted"]) == (60, 2, 60)
    one, two = seen["forewords"]
    assert one["text"] != two["text"]
    assert {one["freshness"], two["freshness"]} == {"FRESHNESS_FRESH"}
    assert seen["live"]["revision_after"] > seen["live"]["revision_before"]
    shopkeeper, developer = (answer["text"] for answer in seen["answers"]["answers"])
    assert "lamps" in shopkeeper
    assert "subscriber" in developer
    assert all("cannot be stopped" in text for text in (shopkeeper, developer))
    assert seen["live"]["topic"] in seen["live"]["text_after"].lower()
    assert sum(sum(n for key, n in row.items() if key.endswith("_count")) for row in seen["segments"]) == 2
    ranking = seen["ranking"]
    assert ranking["before"] == {"developer": ranking["actions"], "shopkeeper": ranking["actions"]}
    assert ranking["after"]["developer"][-1] == "explain-and-refactor"
    assert ranking["after"]["shopkeeper"] == ranking["actions"]
    assert set(seen["seconds"]) >= {
        "data",
        "start",
        "import",
        "compute",
        "latency",
        "live",
        "answers",
        "ranking",
    }


def test_with_a_model_it_shows_what_that_adds_and_outlives_it(tmp_path: Path, temporary: Path) -> None:
    """--model shows a goal in the words of the commits beside the profile by counts, what it cost, and that reads and
    refreshes go on when the model's server is gone; nothing is left behind.
    """
    subjects = ("Retry the connection pool recovery", "Tests for connection pool recovery", "Fix typo")
    project = _repository(tmp_path / "project", lambda number: f"{subjects[number % 3]} {number}")
    done = _run(["--git", str(project), "--model", "--json"], temporary)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert any("connection pool recovery" in line for line in seen["model"]["proposed"])
    assert seen["model"]["by_counts"].startswith("About this user")
    assert seen["model"]["status"]["today"]["cost_micro_usd"] > 0
    assert seen["outage"]["revision_after"] > seen["outage"]["revision_before"]
    assert list(temporary.iterdir()) == []


def test_interrupted_it_cleans_up(repository: Path, temporary: Path) -> None:
    """Ctrl-C at any step stops the daemons and removes the store."""
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", "demo", "--git", str(repository)],
        env=_environment(temporary),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(
        lambda: list(temporary.glob("foreword-demo-*/store/foreword.sock")) or process.poll() is not None,
        "the daemons to start",
    )
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []


def test_killed_it_takes_the_daemons_along(repository: Path, temporary: Path) -> None:
    """kill -9 of the demo leaves no daemon running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", "demo", "--git", str(repository)],
        env=_environment(temporary),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    demo = psutil.Process(process.pid)
    family = until(
        lambda: process.poll() is not None or (len(found := demo.children(recursive=True)) >= 3 and found),
        "the daemons to start",
    )
    assert process.poll() is None, "the demo ended before it could be killed"
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
