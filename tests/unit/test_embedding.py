"""Vectors of texts: made, kept, compared."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from one_refresh import event, make_input

from foreword.config import Config
from foreword.embedding import load_embedder, quantized, similarity
from foreword.errors import FieldError
from foreword.v1.profile_pb2 import Embedding, Profile
from scheduler.agent.refresh import refresh

WITH_VECTORS = Config.model_validate({"agent": {"embedding": "wordllama"}})
READS = [event(number, 9 - number, ["databases", "postgres"]) for number in range(6)]


def profile_of(
    events: list[object], previous: Profile | None = None, config: Config = WITH_VECTORS
) -> Profile:
    """Return the profile that some events make."""
    new = None if previous is None else [one for one in events if one not in READS]
    return refresh(make_input(events, previous, new), config).profile  # type: ignore[arg-type]


def test_rounding_moves_a_cosine_little() -> None:
    """Two vectors of bytes are as near as the vectors they were made of, to a hundredth."""
    one = [math.sin(place) for place in range(256)]
    other = [math.sin(place + 0.4) + 0.2 * math.cos(7 * place) for place in range(256)]
    exact = sum(a * b for a, b in zip(one, other, strict=True)) / math.hypot(*one) / math.hypot(*other)
    assert similarity(quantized(one, "m"), quantized(other, "m")) == pytest.approx(exact, abs=0.01)
    assert similarity(quantized(one, "m"), quantized(one, "m")) == pytest.approx(1.0)


@pytest.mark.parametrize("vector", [[], [0.0] * 1025, [1.0, math.nan], [1.0, math.inf]])
def test_what_is_no_vector_is_refused(vector: list[float]) -> None:
    """Nothing, too much and what is not finite are named."""
    with pytest.raises(FieldError, match="vector"):
        quantized(vector, "m")


def test_zeros_are_near_nothing() -> None:
    """A text without words has a vector, and it is no more like one text than like another."""
    assert similarity(quantized([0.0, 0.0], "m"), quantized([1.0, 2.0], "m")) == 0.0


def test_vectors_of_two_models_are_not_compared() -> None:
    """A cosine between two models' vectors would be a number without a meaning."""
    with pytest.raises(FieldError, match="model"):
        similarity(quantized([1.0], "one"), quantized([1.0], "two"))
    with pytest.raises(FieldError, match="values"):
        similarity(Embedding(model="m", dimensions=2, values=b"\1"), quantized([1.0, 2.0], "m"))


def test_an_unknown_embedder_is_named() -> None:
    """The error says what there is."""
    with pytest.raises(FieldError, match="wordllama"):
        load_embedder("other")


def test_near_texts_have_near_vectors() -> None:
    """A text is nearer to one on its subject than to one on another."""
    embedder = load_embedder("wordllama")
    backups, tomatoes = embedder.embed("How to back up Postgres"), embedder.embed("Growing tomatoes")
    summary = profile_of(READS).summary_embedding
    assert summary.model == embedder.model
    assert (summary.dimensions, len(summary.values)) == (256, 256)
    assert similarity(summary, backups) > similarity(summary, tomatoes)


def test_a_vector_stays_while_the_summary_does() -> None:
    """Nothing is computed again for the same words; other words have another vector, and none is kept unasked."""
    first = profile_of(READS)
    marked = Profile()
    marked.CopyFrom(first)
    marked.summary_embedding.values = bytes(256)
    assert profile_of(READS, marked).summary_embedding.values == bytes(256)
    turned = [*READS, *(event(50 + number, 0, ["gardening"]) for number in range(9))]
    assert profile_of(turned, marked).summary_embedding != marked.summary_embedding
    assert not profile_of(READS, first, Config()).HasField("summary_embedding")


def test_without_the_extra_it_is_said_which_to_install() -> None:
    """The error of a plain install has the command."""
    code = (
        "import sys; sys.modules['wordllama'] = None\n"
        "from foreword.embedding import load_embedder\n"
        "try: load_embedder('wordllama')\n"
        "except Exception as exc: print(exc, exc.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "pip install 'foreword[embeddings]'" in done.stdout
