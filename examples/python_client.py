"""Records what a user did, ends the session, and reads what Foreword then knows. Needs `foreword up`."""

import sys
import time

from foreword.client import EventFields, Foreword, error_reason
from foreword.errors import ForewordError
from foreword.v1.error_reason_pb2 import ErrorReason

USER = sys.argv[1] if len(sys.argv) > 1 else "example-ada"


def events() -> list[EventFields]:
    """Return some events of one session. With ids of your own, sending an event again is harmless."""
    read = [["scheduler", "tests"], ["tests"], ["tests"], ["scheduler"], ["docs"], ["tests"]]
    found: list[EventFields] = [
        {"event_id": f"read-{number}", "user_id": USER, "type": "read", "topics": topics}
        for number, topics in enumerate(read)
    ]
    return [*found, {"event_id": "session-1", "user_id": USER, "type": "session.end", "session_id": "1"}]


def show(client: Foreword) -> None:
    """Record the events, wait until they are known, and print what is."""
    for refused in client.record(events()).refused:
        print(f"{ErrorReason.Name(refused.reason)}: {refused.field} {refused.message}", file=sys.stderr)

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


# An application leaves `raises` out, and goes without a foreword when there is none to be had.
with Foreword("127.0.0.1:7464", raises=True) as client:
    try:
        show(client)
    except ForewordError as error:
        sys.exit(f"{ErrorReason.Name(error_reason(error))}: {error}")
