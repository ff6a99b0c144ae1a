"""Records what a reader did, and prints the feed's own message in their profile. README.md says what it needs."""

import sys
import time

from acme.v1.feed_pb2 import FeedProfile, Reading

from foreword.client import EventFields, Foreword

USER = sys.argv[1] if len(sys.argv) > 1 else "example-reader"
# The model answers behind the refresh: half a second here, a few seconds elsewhere.
PATIENCE_SECONDS = 30


def events() -> list[EventFields]:
    """Return a session of reading."""
    read = ["climbing", "climbing", "training", "nutrition", "climbing", "training"]
    found: list[EventFields] = [
        {
            "event_id": f"read-{number}",
            "user_id": USER,
            "type": "article.read",
            "topics": [topic],
            "attributes": {"format": "essay"},
        }
        for number, topic in enumerate(read)
    ]
    return [*found, {"event_id": "end-1", "user_id": USER, "type": "session.end", "session_id": "1"}]


def feed_of(client: Foreword) -> FeedProfile | None:
    """Return the reader's message; None while there is none."""
    feed = FeedProfile()
    profile = client.profile(USER).profile
    return feed if profile.product.Unpack(feed) else None


with Foreword("127.0.0.1:7464") as client:
    client.record(events())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (feed := feed_of(client)) is None:
        if time.monotonic() > deadline:
            sys.exit("no product yet: is the model server up? `foreword status` says what is wrong")
        time.sleep(0.1)

for boost in feed.boosts:
    print(f"boost {boost.topic} x {boost.weight:.2f}")
print("show only:", ", ".join(feed.formats) or "any format")
print(f"exploration: {feed.exploration_share:.0%}, reading: {Reading.Name(feed.reading)}")
