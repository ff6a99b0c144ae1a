"""What ranking learned of a user in their profile, through both daemons."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest
from both_daemons import WAIT_SECONDS, both_daemons

from ranking.example import Action, Context, Example
from ranking.model_folder import Entry, ModelFolder, Verdict
from ranking.trainer import models_directory
from ranking.training import train

MODEL = 4


def publish(store: Path) -> None:
    """Put a model in force of forty users, half of whom take jazz and half opera, in no order that foretells either."""
    now_ms, drawn = time.time_ns() // 1_000_000, Random(1)
    examples = []
    for number in range(480):
        topic, user = drawn.choice(("jazz", "opera")), number % 40
        action = Action(f"{topic}{drawn.randrange(3)}", (topic,))
        reward = float((topic == "jazz") == (user % 2 == 0))
        examples.append(Example(f"u{user}", Context(now_ms - 10**9 + 60_000 * number), action, reward))
    model = train(examples, number=MODEL, now_ms=now_ms, random=np.random.default_rng(0))
    folder = ModelFolder(models_directory(store))
    with folder.locked():
        folder.publish(model, Entry(number=MODEL, at_ms=now_ms, verdict=Verdict.TAKEN))


@pytest.mark.parametrize("weight", [0.0, 4.0])
def test_choices_order_topics(tmp_path: Path, weight: float) -> None:
    """Who reads of opera and takes jazz has opera first by counts, and jazz with a weight, and is told by what."""
    publish(tmp_path)

    async def story() -> None:
        sections = {"ranking": {"profile_weight": weight}}
        async with both_daemons(tmp_path, sections=sections) as client:
            reads = [
                {"event_id": f"e{number}", "user_id": "ann", "type": "read", "topics": [topic]}
                for number, topic in enumerate(["opera"] * 9 + ["jazz"] * 3)
            ]
            await client.record(reads)
            for number in range(20):
                for topic, reward in (("jazz", 1.0), ("opera", 0.0)):
                    await client.feedback(
                        user_id="ann",
                        action={"id": f"{topic}{number % 3}", "topics": [topic]},
                        reward=reward,
                        feedback_id=f"{topic}{number}",
                    )
            await client.refresh("ann", wait_seconds=WAIT_SECONDS)
            rows = (await client.profile("ann")).profile.content_preferences.high_affinity_topics
            told = {row.topic: row.explanation for row in rows}
            if weight:
                assert next(iter(told)) == "jazz"
                assert told["jazz"].endswith("; up by 40 choices")
            else:
                assert next(iter(told)) == "opera"
                assert not any("choices" in explanation for explanation in told.values())

    asyncio.run(story())
