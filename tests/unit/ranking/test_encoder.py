"""Texts as vectors."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from foreword.errors import FieldError
from ranking import HashedEncoder, best_encoder, load_encoder


def test_like_texts_lie_closer() -> None:
    """Texts that share words are nearer to each other than to one that shares none, and each has length 1."""
    encode = HashedEncoder().encode
    one, near, far = encode("cancel my flight"), encode("cancel this flight"), encode("weather tomorrow")
    assert one @ near > 0.3 > one @ far
    assert np.linalg.norm(one) == pytest.approx(1)
    assert not encode("").any()


def test_without_the_extra_words_are_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where wordllama is not installed the encoder that needs nothing is the best."""
    load_encoder.cache_clear()
    from foreword.embedding import load_embedder

    load_embedder.cache_clear()
    monkeypatch.setitem(sys.modules, "wordllama", None)
    assert best_encoder().name == HashedEncoder.name
    load_encoder.cache_clear()


def test_an_encoder_that_nobody_knows_is_refused() -> None:
    """A name that no encoder has is an error that says which there are."""
    with pytest.raises(FieldError, match="hashed-256"):
        load_encoder("word2vec")
