"""Puts a user's foreword into a prompt so that the prompt cache keeps working. Needs `foreword up`."""

from foreword.client import Foreword

INSTRUCTIONS = "You are the assistant of a documentation site. Answer briefly and cite pages."

# One client for the whole process. A sidecar that is down costs the foreword, never the answer: `text` is then empty.
client = Foreword("127.0.0.1:7464", timeout_seconds=0.5)


def system_blocks(user_id: str) -> list[dict[str, object]]:
    """Return the system prompt, stable parts first.

    The foreword has no clock in it and keeps its bytes until something new is known, so both blocks can be cached:
    the first for all users, the second per user for as long as the profile's revision lasts. It goes before the
    conversation, never into each turn, which would break the cache at every turn.
    """
    blocks: list[dict[str, object]] = [
        {"type": "text", "text": INSTRUCTIONS, "cache_control": {"type": "ephemeral"}},
    ]
    foreword = client.text(user_id, max_tokens=150)
    if foreword:
        blocks.append({"type": "text", "text": foreword, "cache_control": {"type": "ephemeral"}})
    return blocks


for block in system_blocks("example-ada"):
    print(block)
