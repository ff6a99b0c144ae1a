"""A client of an MCP protocol before 2026-07-28 that subscribes to resources."""

from __future__ import annotations

import warnings
from typing import Any

from mcp import Client
from mcp.types import ResourceUpdatedNotification
from waiting import until_async

FOREWORD = "foreword://me"
PROFILE = "foreword://me/profile"


class Subscriber:
    """Hears what the SDK's client is told.

    Attributes:
        heard: The resources that changed, in the order in which it was told.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []

    def client(self, transport: Any) -> Client:
        """Return a client that speaks the older protocol."""
        return Client(transport, mode="legacy", message_handler=self._hear)

    async def _hear(self, message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.heard.append(message.params.uri)

    async def change_until_told(self, client: Client, *topics: str) -> None:
        """Correct the user until it is told: over HTTP, what is said before the client's stream is open is lost."""
        for topic in topics:
            if self.heard:
                break
            await client.call_tool("correct", {"interested_in": [topic]})
        await until_async(lambda: self.heard, "a notice of a change")


async def subscribe(client: Client, uri: str) -> None:
    """Subscribe; the SDK warns that newer protocols do it otherwise."""
    with warnings.catch_warnings(action="ignore"):
        await client.subscribe_resource(uri)


async def unsubscribe(client: Client, uri: str) -> None:
    """Subscribe no more."""
    with warnings.catch_warnings(action="ignore"):
        await client.unsubscribe_resource(uri)


async def check_told_of_what_it_subscribed_to(subscriber: Subscriber, client: Client) -> None:
    """Subscribe to one resource, then to the other instead; check that it is told of these alone."""
    for number in range(4):
        event = {"type": "read", "topics": ["jazz"], "event_id": f"{number}"}
        await client.call_tool("record_event", event)
    await subscribe(client, FOREWORD)
    await subscriber.change_until_told(client, "jazz", "chess", "sailing")
    assert set(subscriber.heard) == {FOREWORD}
    await unsubscribe(client, FOREWORD)
    await subscribe(client, PROFILE)
    subscriber.heard.clear()
    await subscriber.change_until_told(client, "tennis", "opera", "cooking")
    assert set(subscriber.heard) == {PROFILE}
