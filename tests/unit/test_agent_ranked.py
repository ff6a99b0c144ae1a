"""What ranking has learned of topics, in the order and the reasons of a profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foreword import keys
from foreword.config import Config
from foreword.store import ActivityReader, ActivityWriter
from foreword.synonyms import NO_SYNONYMS
from foreword.v1 import event_pb2, profile_pb2
from ranking.block import UserBlock
from ranking.example import Action, Context, Example
from ranking.model import GlobalModel
from ranking.model_folder import Entry, ModelFolder, Verdict
from ranking.trainer import models_directory
from ranking.training import train
from scheduler.agent.affinity import Affinity
from scheduler.agent.explanation import explanation
from scheduler.agent.memory import Memory
from scheduler.agent.ranked import NOTHING_RANKED, RankedTopic, RankedTopics, with_ranked
from scheduler.agent.window import Window
from scheduler.ranked_topics import RankedTopicsReader, ServingModel
from scheduler.shaping import _digest
from tests.one_refresh import NOW_MS, compute, event, make_input

ANN = keys.user_key("ann")
OPERA = Affinity(
    "opera", "opera", 0.5, 0.5, 3, NOW_MS, 0.5, 0.5, 0.1, 0.0, 0.0, profile_pb2.STANCE_UNSPECIFIED, 0
)


def config(weight: float) -> Config:
    return Config.model_validate({"ranking": {"profile_weight": weight}})


def profile_of(
    events: list[event_pb2.Event], ranked: RankedTopics, weight: float
) -> profile_pb2.ContentPreferences:
    return compute(replace(make_input(events), ranked=ranked), config(weight)).profile.content_preferences


def ranked(**effects: float) -> RankedTopics:
    scores = [(topic, effect, 0.1) for topic, effect in effects.items()]
    return RankedTopics.of(scores, 12, NO_SYNONYMS)


EVENTS = [event(number, number, ["opera" if number < 5 else "jazz"]) for number in range(9)]


def order(preferences: profile_pb2.ContentPreferences) -> list[str]:
    return [row.topic for row in preferences.high_affinity_topics]


def test_what_is_taken_gladly_goes_before_what_is_met_often() -> None:
    """A topic that moves the user's yes goes up by weight, and says on how many choices that rests."""
    assert order(profile_of(EVENTS, NOTHING_RANKED, 1)) == ["opera", "jazz"]
    moved = profile_of(EVENTS, ranked(jazz=2.0), 1)
    assert order(moved) == ["jazz", "opera"]
    assert [row.explanation for row in moved.high_affinity_topics] == [
        "4 of the last 9 active days; 4 of 9 events; up by 12 choices",
        "5 of the last 9 active days; 5 of 9 events",
    ]
    counted = {row.topic: row.score for row in profile_of(EVENTS, NOTHING_RANKED, 1).high_affinity_topics}
    assert {row.topic: row.score for row in moved.high_affinity_topics} == counted


def test_without_a_weight_nothing_changes() -> None:
    """At weight 0, which is the default, a profile is byte for byte as counted, and computed anew for no upgrade."""
    assert Config().ranking.profile_weight == 0
    assert profile_of(EVENTS, ranked(jazz=2.0, opera=-2.0), 0) == profile_of(EVENTS, NOTHING_RANKED, 1)
    assert _digest(config(0), "") == _digest(Config(), "") != _digest(config(1), "")


def test_what_is_turned_down_is_low() -> None:
    """A topic far and surely against is turned away from, with the choices behind it; a slight or unsure one is not."""
    slight = profile_of(EVENTS, ranked(opera=-0.9), 1)
    assert not slight.low_affinity_topics
    assert slight.high_affinity_topics[-1].explanation.endswith("; down by 12 choices")
    unsure = RankedTopics({"opera": RankedTopic(-2.0, 1.1)}, 12)
    assert not profile_of(EVENTS, unsure, 1).low_affinity_topics
    low = profile_of(EVENTS, ranked(opera=-2.0), 1)
    assert order(low) == ["jazz"]
    (row,) = low.low_affinity_topics
    assert (row.topic, row.explanation) == ("opera", "down by 12 choices; 5 of 9 events")


def test_what_the_user_said_outright_stands() -> None:
    """A yes or a no of the user's is not overruled by what was learned, either way."""
    yes = [*EVENTS, event(20, 0.1, ["opera"], type="unmute")]
    assert order(profile_of(yes, ranked(opera=-3.0), 1)) == ["opera", "jazz"]
    no = [*EVENTS, event(20, 0.1, ["opera"], type="mute")]
    refused = profile_of(no, ranked(opera=3.0), 1)
    assert order(refused) == ["jazz"]
    assert refused.low_affinity_topics[0].explanation.startswith("said no on 20")


def test_nobody_is_told_of_what_they_never_met() -> None:
    """A topic that none of the user's events carries is in no list, however sure ranking is."""
    told = profile_of(EVENTS, ranked(chess=4.0, news=-4.0), 1)
    assert order(told) == ["opera", "jazz"]
    assert not told.low_affinity_topics


def test_only_what_chance_hardly_explains_counts() -> None:
    """An effect counts from half a deviation on; of spellings of one topic the stronger one does."""
    scores = [("chess", 0.04, 0.1), ("opera", -0.05, 0.1), ("Jazz", 0.3, 0.1), ("JAZZ", 0.25, 0.1)]
    assert RankedTopics.of(scores, 3, NO_SYNONYMS) == RankedTopics(
        {"opera": RankedTopic(-0.05, 0.1), "jazz": RankedTopic(0.3, 0.1)}, 3
    )


def test_the_greatest_numbers_fit() -> None:
    """With millions of events and choices the reason keeps within its 100 bytes."""
    window, memory = Window(days=10), Memory(NOW_MS, 1, events=12_345_678, is_partial=True)
    window.topic_days["opera"] = 10
    (affinity,) = with_ranked([OPERA], RankedTopics({"opera": RankedTopic(-0.5, 0.1)}, 1_234_567), 1)
    said = explanation(replace(affinity, evidence_count=1_234_567), window, memory)
    assert said.endswith("down by 1,234,567 choices")
    assert len(said.encode()) <= 100


# -- from the store ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> GlobalModel:
    """Return a model of twenty users, half of whom take jazz and half opera."""
    examples = [
        Example(
            f"u{user}",
            Context(NOW_MS - 10**9 + 1000 * number),
            Action(f"{topic}{number % 3}", (topic,)),
            float((topic == "jazz") == (user % 2 == 0)),
        )
        for number in range(6)
        for user in range(20)
        for topic in ("jazz", "opera")
    ]
    return train(examples, number=3, now_ms=NOW_MS, random=np.random.default_rng(0))


@pytest.fixture
def block(model: GlobalModel) -> UserBlock:
    """Return the parameters of a user who took jazz, and turned opera down, twenty times each."""
    block = UserBlock.fresh(model.prior(), model.version, NOW_MS)
    for number in range(20):
        for topic, reward in (("jazz", 1.0), ("opera", 0.0)):
            encoded = model.encode(Context(NOW_MS), [Action(f"{topic}{number % 3}", (topic,))])
            block = block.learn(
                float(encoded.offset[0]), encoded.features[0], reward, now_ms=NOW_MS, prior=model.prior()
            )
    return block


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[ActivityWriter, ActivityReader]]:
    with (
        closing(ActivityWriter(tmp_path, map_size_bytes=1 << 26)) as writer,
        closing(ActivityReader(tmp_path)) as reader,
    ):
        yield writer, reader


def reading(model: GlobalModel | None, weight: float = 1.0) -> RankedTopicsReader:
    return RankedTopicsReader(lambda: model, lambda: weight)


def put(store: tuple[ActivityWriter, ActivityReader], data: bytes) -> ActivityReader:
    with store[0].begin() as txn:
        txn.ranking.put_block(ANN, data)
    return store[1]


def test_a_users_own_parameters_are_read(
    store: tuple[ActivityWriter, ActivityReader], model: GlobalModel, block: UserBlock
) -> None:
    """Topics come out of the block under the serving model, signed as the user chose, with the count of choices."""
    found = reading(model).read(ANN, put(store, block.to_bytes()), NO_SYNONYMS)
    assert found.observation_count == 40
    assert found.topics["jazz"].effect > 0 > found.topics["opera"].effect
    assert reading(model).read(keys.user_key("bob"), store[1], NO_SYNONYMS) == NOTHING_RANKED


def test_nothing_is_read_that_does_not_hold(
    store: tuple[ActivityWriter, ActivityReader], model: GlobalModel, block: UserBlock
) -> None:
    """A block of another model, a damaged one, no model, or no weight: the profile is as counted; nothing fails."""
    reader = put(store, replace(block, model_version=2).to_bytes())
    assert reading(model).read(ANN, reader, NO_SYNONYMS) == NOTHING_RANKED
    reader = put(store, block.to_bytes())
    assert reading(None).read(ANN, reader, NO_SYNONYMS) == NOTHING_RANKED
    assert reading(model, 0).read(ANN, reader, NO_SYNONYMS) == NOTHING_RANKED
    reader = put(store, block.to_bytes()[:50])
    assert reading(model).read(ANN, reader, NO_SYNONYMS) == NOTHING_RANKED


def test_the_model_in_force_is_followed(tmp_path: Path, model: GlobalModel) -> None:
    """Before any training it is the one that knows nothing; then the one in force; none while that cannot be read."""
    serving, folder = ServingModel(tmp_path), ModelFolder(models_directory(tmp_path))
    first = serving()
    assert first is not None
    assert first.version == 0
    assert serving() is first
    with folder.locked():
        folder.publish(model, Entry(number=model.version, at_ms=NOW_MS, verdict=Verdict.TAKEN))
    second = serving()
    assert second is not None
    assert second.version == model.version
    (folder.directory / "CURRENT").write_text("no number")
    assert serving() is None
