"""What turns a text into a vector, by the name it has in the configuration."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, Protocol, TypeAlias, get_args

from foreword.errors import FieldError
from foreword.v1.profile_pb2 import Embedding

EmbedderName: TypeAlias = Literal["wordllama"]
NAMES: tuple[str, ...] = get_args(EmbedderName)
"""What can be asked for by name."""


class Embedder(Protocol):
    """Makes vectors of texts, by itself and without a network.

    Attributes:
        model: Stands in every vector it makes: those of another model cannot be compared with them.
    """

    model: str

    def embed(self, text: str) -> Embedding:
        """Return the vector of a text, of length 1 but for rounding."""


# The weights are 30 MB in memory, and one copy serves all who ask.
@lru_cache(maxsize=len(NAMES))
def load_embedder(name: str) -> Embedder:
    """Return an embedder by name; a tenth of a second to a half the first time.

    Raises:
        FieldError: There is none of this name.
        MissingExtraError: The extra `embeddings` is not installed.
    """
    if name not in NAMES:
        raise FieldError("embedding", repr(name), ", ".join(NAMES))
    # Its libraries take 50 MB and half a second: whoever compares vectors only does not pay for them.
    from foreword.embedding.word_llama import WordLlamaEmbedder

    return WordLlamaEmbedder()
