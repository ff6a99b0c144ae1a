"""Finds the users nearest to a user and the items nearest to them, by the vectors of their profiles' summaries.

Needs the extra `embeddings`, and `foreword up` with `[agent]`, `embedding = "wordllama"` in its configuration.
"""

import sys
import time

from foreword.client import EventFields, Foreword
from foreword.embedding import load_embedder, similarity
from foreword.v1.profile_pb2 import Embedding

READERS = {
    "nearest-ada": ["kubernetes", "monitoring", "databases"],
    "nearest-ben": ["databases", "postgres", "backups"],
    "nearest-cleo": ["baking", "bread", "gardening"],
    "nearest-dan": ["gardening", "tomatoes", "cooking"],
}
ITEMS = [
    "How to back up a large Postgres database",
    "Ten tomatoes for a small garden",
    "Alerts that wake nobody: monitoring Kubernetes",
    "Sourdough bread for beginners",
]


def events(user_id: str, topics: list[str]) -> list[EventFields]:
    """Return some reads and the session's end."""
    found: list[EventFields] = [
        {"event_id": f"read-{number}", "user_id": user_id, "type": "read", "topics": [topic]}
        for number, topic in enumerate(topics * 3)
    ]
    return [*found, {"event_id": "end", "user_id": user_id, "type": "session.end", "session_id": "1"}]


def vectors(client: Foreword) -> dict[str, Embedding]:
    """Return the readers' vectors, as soon as all profiles are written."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        profiles = {user_id: client.profile(user_id).profile for user_id in READERS}
        if all(profile.HasField("computed_at") for profile in profiles.values()):
            break
        time.sleep(0.05)
    found = {user_id: profile.summary_embedding for user_id, profile in profiles.items()}
    if not all(embedding.values for embedding in found.values()):
        sys.exit('The profiles carry no vector: set embedding = "wordllama" under [agent]')
    return found


def show(found: dict[str, Embedding]) -> None:
    """Print for each reader who and what is nearest, with the cosine."""
    embedder = load_embedder("wordllama")
    items = {item: embedder.embed(item) for item in ITEMS}
    for user_id, mine in found.items():
        others = {other: similarity(mine, vector) for other, vector in found.items() if other != user_id}
        read = {item: similarity(mine, vector) for item, vector in items.items()}
        who, what = max(others, key=others.__getitem__), max(read, key=read.__getitem__)
        print(f"{user_id}: like {who} ({others[who]:.2f}); next: {what} ({read[what]:.2f})")


with Foreword("127.0.0.1:7464", raises=True) as client:
    for user_id, topics in READERS.items():
        client.record(events(user_id, topics))
    show(vectors(client))
