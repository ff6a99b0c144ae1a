"""Reading what ranking has learned of a user, for a refresh."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from foreword import keys
from foreword.errors import StoreError
from foreword.keys import UserKey
from foreword.naming import quoted
from foreword.store import ActivityReader
from foreword.synonyms import Synonyms
from scheduler.agent.ranked import NOTHING_RANKED, RankedTopics

if TYPE_CHECKING:
    from ranking.model import GlobalModel

RankedOf: TypeAlias = Callable[[UserKey, ActivityReader, Synonyms], RankedTopics]
"""Returns what ranking has learned of a user's topics."""

logger = logging.getLogger("scheduler")


class ServingModel:
    """Returns the global model in force; None without the extra `ranking`, or while it cannot be read.

    Args:
        store_directory: The store's folder.
    """

    def __init__(self, store_directory: Path) -> None:
        self._directory = store_directory
        self._seen: object = None
        self._model: GlobalModel | None = None

    def __call__(self) -> GlobalModel | None:
        """Return it, read again when another was put in force: a few milliseconds, some nights."""
        if importlib.util.find_spec("numpy") is None:
            return None
        from ranking.model_folder import ModelFolder
        from ranking.trainer import models_directory

        folder = ModelFolder(models_directory(self._directory))
        # Before reading: what changes meanwhile is seen the next time.
        seen = folder.signature()
        if seen != self._seen or self._model is None:
            self._seen = seen
            try:
                self._model = folder.load(folder.current())
            except StoreError as exc:
                # The sidecar states it where an operator looks; profiles are written as counted.
                logger.warning("ranked topics are left out of profiles: %s", exc)
                self._model = None
        return self._model


class RankedTopicsReader:
    """Returns what users' parameters say of topics.

    Args:
        serving: Returns the global model that the sidecar serves now; None while there is none, or without the extra
            `ranking`.
        weight: Returns `ranking.profile_weight`.
    """

    def __init__(self, serving: Callable[[], GlobalModel | None], weight: Callable[[], float]) -> None:
        self._serving = serving
        self._weight = weight

    def read(self, user: UserKey, activity: ActivityReader, synonyms: Synonyms) -> RankedTopics:
        """Return a user's topics; nothing without parameters, or while those belong to another model than the served.

        Nothing is read where it would count for nothing.

        A block that cannot be read costs the refresh nothing but this: the sidecar makes it anew from the log.

        Raises:
            StoreError: The activity store cannot be read.
        """
        if not self._weight():
            return NOTHING_RANKED
        data = activity.ranking_block(user)
        model = self._serving() if data is not None else None
        if data is None or model is None:
            return NOTHING_RANKED
        from ranking.block import UserBlock

        try:
            block = UserBlock.from_bytes(data)
        except StoreError as exc:
            logger.warning(
                "the ranking block of user %s is left out: %s", quoted(keys.split_user_key(user)[0]), exc
            )
            return NOTHING_RANKED
        if block.model_version != model.version:
            return NOTHING_RANKED
        return RankedTopics.of(model.topic_scores(block), block.observations, synonyms)


def nothing_ranked(_user: UserKey, _activity: ActivityReader, _synonyms: Synonyms) -> RankedTopics:
    """Return that ranking has learned nothing of a user."""
    return NOTHING_RANKED
