"""The scheduler has a global model trained each night, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from waiting import until_async

from foreword.admission import admit
from foreword.clock import DAY_MS, ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityWriter
from foreword.v1.event_pb2 import Feedback
from ranking.example import Action, Context
from ranking.log import feedback_event
from ranking.model_folder import By, Entry, ModelFolder, Verdict
from ranking.trainer import models_directory
from scheduler.daemon import logger
from scheduler.ranking import RankingTrainer

# Noon of a day in 2024, UTC; the night is over at four.
NOON_MS = 19_800 * DAY_MS + DAY_MS // 2


def fill(directory: Path, count: int) -> None:
    """Record feedback that a model can learn from, of the days before."""
    random = np.random.default_rng(1)
    events = []
    for place in range(count):
        topic = ("jazz", "rock")[int(random.integers(2))]
        time_ms = NOON_MS - (count - place) * 60_000
        word = Feedback.FEEDBACK_LIKE if topic == "jazz" else Feedback.FEEDBACK_DISLIKE
        event = feedback_event(Context(time_ms), Action(f"{topic}{place % 20}", (topic,)), word)
        event.user_id, event.event_id = f"u{place % 25}", f"e{place}"
        event.time.FromMilliseconds(time_ms)
        events.append(event)
    with closing(ActivityWriter(directory, map_size_bytes=1 << 28)) as writer, writer.begin() as txn:
        txn.record(admit(events, NOON_MS).kept, NOON_MS)


class Nights:
    """A trainer and its clock."""

    def __init__(self, directory: Path, **ranking: object) -> None:
        self.clock = ManualClock(NOON_MS)
        self.problems = Problems(self.clock, logger)
        config = Config.model_validate(
            {"store": {"directory": str(directory)}, "ranking": {"train_examples_min": 100, **ranking}}
        )
        live = FollowedConfig(config, None, self.problems, component="scheduler.config", at_start={})
        self.trainer = RankingTrainer(self.clock, live, self.problems)
        self.folder = ModelFolder(models_directory(directory))

    def said(self) -> list[str]:
        """Return what is wrong now."""
        return [problem.message for problem in self.problems.listed()]


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    fill(tmp_path, 600)
    return Nights(tmp_path)


def test_a_model_is_trained_when_a_night_is_over(nights: Nights) -> None:
    """Nothing at the start and during the day; one training once the next night is over, and then none."""

    async def story() -> None:
        assert not await nights.trainer.run()
        nights.clock.advance(DAY_MS // 4)
        assert not await nights.trainer.run()
        assert nights.folder.current() == 0
        nights.clock.advance(DAY_MS // 2)
        assert await nights.trainer.run()
        assert nights.folder.current() == 1
        assert not await nights.trainer.run()

    asyncio.run(story())
    assert nights.said() == []
    (entry,) = nights.folder.history()
    assert entry.examples == 600
    assert entry.logloss < entry.serving_logloss


def test_a_night_that_was_slept_through_is_made_up_for(nights: Nights, tmp_path: Path) -> None:
    """A scheduler that starts after a night without a training trains at once; one that starts again does not."""

    async def story() -> None:
        assert await nights.trainer.train() is not None
        for age_days, is_due in ((2, True), (0, False)):
            (nights.folder.directory / "HISTORY").unlink()
            nights.folder.note(Entry(1, NOON_MS - age_days * DAY_MS, Verdict.TAKEN))
            # What an operator did since is no training, and neither is a line that cannot be read.
            nights.folder.note(Entry(0, NOON_MS, Verdict.ROLLED_BACK, serving_number=1, by=By.OPERATOR))
            with (nights.folder.directory / "HISTORY").open("a") as history:
                history.write('{"number": 2, "at')
            assert await Nights(tmp_path).trainer.run() is is_due

    asyncio.run(story())


def test_where_it_is_off_nothing_is_trained(tmp_path: Path) -> None:
    """With `ranking.train = "off"`, and with ranking off, nights pass."""
    fill(tmp_path, 600)
    for changes in ({"train": "off"}, {"mode": "off"}):
        nights = Nights(tmp_path, **changes)

        async def story(nights: Nights = nights) -> None:
            await nights.trainer.run()
            nights.clock.advance(DAY_MS)
            assert not await nights.trainer.run()

        asyncio.run(story())
        assert not nights.folder.directory.exists()


def test_a_training_that_fails_is_told_and_ends_with_the_next(nights: Nights) -> None:
    """While another training holds the folder tonight's fails, which stands in the status until one succeeds."""

    async def story() -> None:
        with nights.folder.locked():
            assert await nights.trainer.train() is None
        assert len(nights.said()) == 1
        assert "no global model was trained tonight" in nights.said()[0]
        assert await nights.trainer.train() is not None
        assert nights.said() == []

    asyncio.run(story())


def test_a_training_that_is_killed_leaves_no_trace(nights: Nights) -> None:
    """Stopped in the middle, as when the scheduler ends, it leaves the former model, and the next one trains."""

    async def story() -> None:
        training = asyncio.create_task(nights.trainer.train())
        await until_async((nights.folder.directory / "training.lock").exists, "it to begin")
        nights.trainer.stop()
        assert await training is None
        assert nights.folder.current() == 0
        assert await nights.trainer.train() is not None
        assert nights.folder.current() == 1

    asyncio.run(story())
    assert not list(nights.folder.directory.glob("*.incoming"))


def test_a_training_that_takes_too_long_is_ended_and_told(nights: Nights) -> None:
    """Beyond its time it is killed, which stands in the status, and the folder is free for the next."""

    async def story() -> None:
        nights.trainer._seconds_max = 0.01
        assert await nights.trainer.train() is None
        assert "longer than 0.01 s" in nights.said()[0]
        nights.folder.locked().release()

    asyncio.run(story())
    assert nights.folder.current() == 0


def test_a_night_after_a_rollback_is_held_back(nights: Nights, caplog: pytest.LogCaptureFixture) -> None:
    """What the scheduler trains after an operator went back is noted and logged, and not put in force."""
    caplog.set_level("INFO", logger="scheduler")

    async def story() -> None:
        assert await nights.trainer.train() is not None
        nights.folder.roll_back(0, NOON_MS)
        came = await nights.trainer.train()
        assert came is not None
        assert came["entry"]["verdict"] == Verdict.HELD_BACK

    asyncio.run(story())
    assert nights.folder.current() == 0
    assert "held back" in caplog.text
    assert [entry.by for entry in nights.folder.history()] == [By.TRAINER, By.OPERATOR, By.TRAINER]


def test_too_few_examples_are_no_problem(tmp_path: Path) -> None:
    """A store that nobody ranks from trains nothing, and nothing is wrong."""
    fill(tmp_path, 20)
    nights = Nights(tmp_path)
    came = asyncio.run(nights.trainer.train())
    assert came is not None
    assert came["entry"] is None
    assert nights.said() == []


def test_on_a_full_disk_the_model_in_force_stays(nights: Nights, tmp_path: Path) -> None:
    """A training that cannot write its model ends in words, and the next one, with room again, puts it in force."""
    asyncio.run(nights.trainer.train())
    assert nights.folder.current() == 1
    limited = 'ulimit -f 1 && exec "$@"'
    train = [sys.executable, "-m", "foreword", "rank", "train"]
    fill(tmp_path, 900)
    environment = {
        **os.environ,
        "FOREWORD_STORE__DIRECTORY": str(tmp_path),
        "FOREWORD_RANKING__TRAIN_EXAMPLES_MIN": "100",
    }
    done = subprocess.run(
        ["sh", "-c", limited, "sh", *train],
        # What is compiled would be cut as well, and nobody could import it any more.
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert nights.folder.current() == 1
    assert nights.folder.load(1).version == 1
    again = subprocess.run(train, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0, again.stderr
    assert "model 2" in again.stdout
    assert not list(nights.folder.directory.glob("*.incoming"))
