"""Records what a user did, ends the session, and reads what Foreword then knows. Needs `foreword up`."""

import time

from foreword.client import Foreword

USER = "example-ada"

with Foreword("127.0.0.1:7464") as client:
    for number, topics in enumerate(
        [["scheduler", "tests"], ["tests"], ["tests"], ["scheduler"], ["docs"], ["tests"]]
    ):
        # With ids of your own, sending an event again is harmless.
        client.record(
            event_id=f"read-{number}", user_id=USER, type="read", topics=topics, item_id=f"page-{number}"
        )
    client.record(event_id="session-1", user_id=USER, type="session.end", session_id="1")

    # A new user is refreshed when the session ends, well within a second.
    deadline = time.monotonic() + 10
    while not client.text(USER) and time.monotonic() < deadline:
        time.sleep(0.05)

    foreword = client.foreword(USER)
    print(f"revision {foreword.revision}, at most {foreword.token_count} tokens:")
    print(foreword.text)

    profile = client.profile(USER).profile
    for topic in profile.content_preferences.high_affinity_topics:
        print(f"{topic.topic}: {topic.score:.2f} from {topic.evidence_count} events")
