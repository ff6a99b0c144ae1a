"""A process that stops with a view of the store in hand: seen, named by its id, and over with its end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreword.store import ProfileWriter
from foreword.store.files import DATA_FILE, PROFILES
from foreword.store.upkeep import store_stats

HOLD = """
import sys, time
from pathlib import Path
from foreword.store.snapshot import open_snapshot
with open_snapshot(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def stuck(store: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that took a view of the profiles and was stopped."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store / PROFILES)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGSTOP)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def rewrite(writer: ProfileWriter, write_profile) -> None:
    """Write as a scheduler does, so that pages are freed."""
    for _ in range(5):
        with writer.begin() as transaction:
            for number in range(12):
                write_profile(transaction, f"user{number}", "x" * 2000)


def test_a_stuck_reader_is_named_until_it_is_gone(
    installation, store: Path, stuck: subprocess.Popen[str], write_profile, until
) -> None:
    """A stopped process that holds a view is named with its id and what it costs, and no longer once it is dead."""
    (installation.folder / "foreword.toml").write_text(
        f'[store]\ndirectory = "{store}"\nreader_check_seconds = 0.1\nview_age_seconds_max = 0.5\n\n'
        f'[sidecar]\nlisten = ["127.0.0.1:{installation.port}"]\n'
    )
    writer = ProfileWriter(store, map_size_bytes=1 << 28)
    rewrite(writer, write_profile)
    process = installation.start("sidecar")
    try:
        until(lambda: "serving on" in installation.log() or process.poll() is not None, "no start")

        def named() -> dict[str, str]:
            problems = installation.json("status")["problems"]
            return next((p for p in problems if p["component"] == "sidecar.readers"), {})

        problem = until(named, "the stuck reader to be named")
        assert problem["message"].startswith(f"process {stuck.pid} has held a view of {PROFILES} for ")
        assert "freed since wait for it" in problem["message"]
        (held,) = [one for one in installation.json("status")["environments"] if one["name"] == PROFILES]
        assert held["oldest_view"]["pid"] == stuck.pid
        assert int(held["oldest_view"]["pages_kept"]) > 20
        assert int(held["oldest_view"]["transactions_behind"]) == 5
        assert f"process {stuck.pid} has held a view for" in installation.run("status").stdout
        stuck.kill()
        stuck.wait()
        until(lambda: not named(), "its slot to be freed")
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0, installation.log()
    writer.close()


def test_pages_that_wait_are_those_that_make_the_file_grow(
    store: Path, stuck: subprocess.Popen[str], write_profile
) -> None:
    """What is counted as waiting is what the file grows by, and is used again once the view is gone."""
    # One revision, so that the file grows by nothing but pages that wait.
    writer = ProfileWriter(store, map_size_bytes=1 << 28, revisions_max=1)
    data = store / PROFILES / DATA_FILE
    rewrite(writer, write_profile)
    before_pages = data.stat().st_size // 4096
    waiting = store_stats(store)[0].oldest_reader_pages
    rewrite(writer, write_profile)
    grown_pages = data.stat().st_size // 4096 - before_pages
    stats = store_stats(store)[0]
    assert stats.oldest_reader_pid == stuck.pid
    assert stats.oldest_reader_lag == 10
    assert abs(stats.oldest_reader_pages - waiting - grown_pages) <= grown_pages / 4
    stuck.kill()
    stuck.wait()
    writer.environment.reader_check()
    rewrite(writer, write_profile)
    rewrite(writer, write_profile)
    assert data.stat().st_size // 4096 <= before_pages + grown_pages + 8
    assert store_stats(store)[0].oldest_reader_pid == 0
    writer.close()
