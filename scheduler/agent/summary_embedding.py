"""The semantic summary as a vector: what users are compared with each other and with items by."""

from __future__ import annotations

from foreword.embedding import load_embedder
from foreword.v1 import profile_pb2

NONE = "none"


def check_embedding(name: str) -> None:
    """Load what makes vectors, if anything is to: a start fails rather than a refresh.

    Raises:
        MissingExtraError: The extra `embeddings` is not installed.
    """
    if name != NONE:
        load_embedder(name)


def put_summary_embedding(
    profile: profile_pb2.Profile, previous: profile_pb2.Profile | None, name: str
) -> None:
    """Set the vector of a profile's summary; the former one stays where the summary does, byte for byte.

    Args:
        profile: Complete but for it. Without a summary it gets none.
        previous: The profile in force, or None.
        name: `agent.embedding`.

    Raises:
        MissingExtraError: The extra `embeddings` is not installed.
    """
    if name == NONE or not profile.semantic_summary:
        return
    embedder = load_embedder(name)
    if previous is not None and (previous.semantic_summary, previous.summary_embedding.model) == (
        profile.semantic_summary,
        embedder.model,
    ):
        profile.summary_embedding.CopyFrom(previous.summary_embedding)
    else:
        profile.summary_embedding.CopyFrom(embedder.embed(profile.semantic_summary))
