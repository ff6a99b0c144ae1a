"""The global models that the sidecar has at hand: what could not be read is looked at again."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from foreword.clock import ManualClock
from foreword.config import Config
from foreword.problems import Problems
from ranking.model import GlobalModel, Layout
from ranking.model_folder import Entry, ModelFolder, Verdict
from ranking.trainer import models_directory
from sidecar.models import RETRY_MS, Models


class Store(NamedTuple):
    """A store's models, and what follows them."""

    config: Config
    folder: ModelFolder
    clock: ManualClock
    problems: Problems

    def models(self) -> Models:
        """Return what a sidecar that starts now has."""
        return Models(self.config, self.problems, self.clock)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder, clock = ModelFolder(models_directory(tmp_path)), ManualClock()
    for number in (1, 2):
        model = GlobalModel(number, number, Layout(), GlobalModel.seed().arrays)
        folder.publish(model, Entry(number, number, Verdict.TAKEN))
    config = Config.model_validate({"store": {"directory": str(tmp_path)}})
    return Store(config, folder, clock, Problems(clock, logging.getLogger("test")))


def test_a_model_that_was_mended_in_place_is_taken_within_a_minute(store: Store) -> None:
    """A damaged model in force is read again a minute later, and not before; until then the one before it serves."""
    file = next(store.folder.path(2).glob("*.npy"))
    whole = file.read_bytes()
    file.write_bytes(b"short")
    models = store.models()
    assert models.current.version == 1
    assert len(store.problems.listed()) == 1
    file.write_bytes(whole)

    async def story() -> None:
        store.clock.advance(RETRY_MS - 1)
        await models.follow()
        assert models.current.version == 1
        store.clock.advance(1)
        await models.follow()

    asyncio.run(story())
    assert models.current.version == 2
    assert store.problems.listed() == []


def test_a_former_model_that_is_asked_for_is_looked_for(store: Store) -> None:
    """After a restart the model of users' blocks is read when one is asked for; one that is away, again a minute on."""
    models, aside = store.models(), store.folder.directory / "aside"
    store.folder.path(1).rename(aside)

    async def story() -> None:
        assert models.of(1) is None
        await models.follow()
        assert models.of(1) is None
        shutil.move(aside, store.folder.path(1))
        await models.follow()
        assert models.of(1) is None
        store.clock.advance(RETRY_MS)
        await models.follow()

    asyncio.run(story())
    former = models.of(1)
    assert former is not None
    assert former.version == 1
    assert models.current.version == 2
