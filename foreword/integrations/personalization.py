"""What every integration does for an agent: the foreword of its user, and a record of what the user did."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from foreword.admission import (
    ATTRIBUTE_VALUE_BYTES_MAX,
    ITEM_ID_BYTES_MAX,
    SESSION_ID_BYTES_MAX,
    TEXT_BYTES_MAX,
    TOPIC_BYTES_MAX,
    TOPICS_MAX,
)
from foreword.client import DEFAULT_TARGET, AsyncForeword, EventFields, Foreword
from foreword.clock import Clock, SystemClock
from foreword.errors import ForewordError
from foreword.follow_ups import is_correction
from foreword.integrations.block import block_of
from foreword.integrations.kept_texts import KeptTexts
from foreword.integrations.recorder import CLOSE_SECONDS, Recorder
from foreword.integrations.user import User, user_of
from foreword.text_size import cut_text
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_service_pb2 import GetForewordResponse

if TYPE_CHECKING:
    from foreword.local import LocalReader

# The first read of a process, while it connects, takes a tenth of this on a busy machine; nobody notices it once.
TIMEOUT_SECONDS = 0.5

logger = logging.getLogger("foreword.integrations")


class Personalization:
    """Reads forewords and records events for agents; never raises once it is made, and never waits for long.

    Serves all threads and event loops of a process, and all its agents. A text is kept for five minutes for each
    conversation, so that its prompt keeps its bytes. A sidecar that does not answer costs one wait of at most
    `timeout_seconds`, then none for ten times as long.

    Args:
        target: Where the sidecar serves: `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`.
        namespace: The tenant's space of users whose context names none.
        max_tokens: Budget of a foreword, 1 to 200.
        records: Whether what users do is recorded.
        topics: Says what a user's words are about, in topics of your own, which make a profile; None names none.
        timeout_seconds: Longest wait for a foreword.
        store: The store's folder, where this process may read it: forewords are then read in process, in microseconds,
            also while no sidecar serves, and without its question who calls; where that fails, it is asked. None always
            asks it. Make one Personalization for the process, after a fork.
        clock: Tells when an event happened that waited for a sidecar.
        monotonic: Tells seconds.

    Raises:
        FieldError: An argument is of the wrong kind.
        StoreError: There is a store that cannot be read.
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        namespace: str = "",
        max_tokens: int = 200,
        records: bool = True,
        topics: Callable[[str], Iterable[str]] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        store: Path | str | None = None,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = Foreword(target, namespace=namespace, timeout_seconds=timeout_seconds)
        self._target, self._namespace, self._timeout_seconds = target, namespace, timeout_seconds
        # A connection belongs to a loop, and applications run several.
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncForeword] = WeakKeyDictionary()
        self._max_tokens = max_tokens
        self._topics = topics
        self._monotonic = monotonic
        self._kept = KeptTexts()
        self._local = None if store is None else _reader_of(store)
        self._recorder = (
            Recorder(Foreword(target, namespace=namespace), clock or SystemClock(), monotonic)
            if records
            else None
        )

    def block(self, user: User | None) -> str:
        """Return the user's foreword as a block for a prompt; empty when nothing is known, or nobody is named."""
        user = user_of(user)
        if user is None:
            return ""
        began = self._monotonic()
        text = self._find(user, began)
        if text is None:
            found = self._client.foreword(user.user_id, self._max_tokens, namespace=user.namespace)
            text = self._read(user, began, found)
        return block_of(text)

    async def block_async(self, user: User | None) -> str:
        """Return the same without holding up the event loop."""
        user = user_of(user)
        if user is None:
            return ""
        began = self._monotonic()
        text = self._find(user, began)
        if text is None:
            client = self._client_of(asyncio.get_running_loop())
            found = await client.foreword(user.user_id, self._max_tokens, namespace=user.namespace)
            text = self._read(user, began, found)
        return block_of(text)

    def request(self, user: User | None, text: str, answered: str = "") -> None:
        """Record that a user asked for something; after an answer that it corrects, as a correction.

        Args:
            user: Who.
            text: Their words; cut at 8,192 bytes.
            answered: What the agent said last, where it is known.
        """
        is_correcting = isinstance(text, str) and isinstance(answered, str) and is_correction(text, answered)
        self._record(
            user,
            type="agent.follow_up" if is_correcting else "agent.request",
            text=_cut(text, TEXT_BYTES_MAX),
            topics=self._topics_of(text),
            feedback="FEEDBACK_CORRECTION" if is_correcting else None,
        )

    def tool_call(
        self, user: User | None, tool: str, error_type: str | None = None, *, has_outcome: bool = True
    ) -> None:
        """Record that the agent used a tool; never its arguments.

        Args:
            user: For whom.
            tool: Its name.
            error_type: By what kind of error it failed, if it did.
            has_outcome: Whether it is known that it did not fail where there is no `error_type`.
        """
        attributes = {"tool": tool}
        if error_type is not None or has_outcome:
            attributes["outcome"] = "ok" if error_type is None else "error"
        if error_type is not None:
            attributes["error_type"] = error_type
        self._record(
            user,
            type="agent.tool_call",
            item_id=cut_text(f"tool:{tool}", ITEM_ID_BYTES_MAX),
            attributes={name: _cut(value, ATTRIBUTE_VALUE_BYTES_MAX) for name, value in attributes.items()},
        )

    def outcome(
        self, user: User | None, *, accepted: bool | None = None, value: float | None = None, text: str = ""
    ) -> None:
        """Record what a user made of an answer, which the application sees and no framework.

        Args:
            user: Who.
            accepted: Whether they took it.
            value: How good it was, 0 to 1.
            text: What they said of it.
        """
        self._record(
            user,
            type="agent.outcome",
            text=_cut(text, TEXT_BYTES_MAX),
            value=value,
            feedback=None if accepted is None else "FEEDBACK_ACCEPT" if accepted else "FEEDBACK_REJECT",
        )

    def session_end(self, user: User | None) -> None:
        """Record that a conversation is over: a new user's profile is written within a second of it."""
        self._record(user, type="session.end")

    def flush(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Wait until all events so far are recorded; return whether they are. For tests, and the end of a job."""
        return self._recorder is None or self._recorder.flush(timeout_seconds)

    def close(self) -> None:
        """Send what is not recorded yet, for at most a second, and let go of the sidecar and of the store.

        A process does so by itself when it ends.
        """
        if self._recorder is not None:
            self._recorder.close()
        self._client.close()
        if self._local is not None:
            self._local.close()

    def _client_of(self, loop: asyncio.AbstractEventLoop) -> AsyncForeword:
        client = self._async.get(loop)
        if client is None:
            client = self._async[loop] = AsyncForeword(
                self._target, namespace=self._namespace, timeout_seconds=self._timeout_seconds
            )
        return client

    def _find(self, user: User, now: float) -> str | None:
        """Return the text to use without a call; None when the sidecar is to be asked."""
        text = self._kept.find(user, now)
        if text is None and self._local is not None:
            namespace = self._namespace if user.namespace is None else user.namespace
            try:
                text = self._local.text(user.user_id, self._max_tokens, namespace=namespace)
            except ForewordError:
                # A damaged row, a process that was forked: the sidecar has the answer, or says what is wrong.
                return None
            self._kept.put(user, text, now)
        return text

    def _read(self, user: User, began: float, found: GetForewordResponse) -> str:
        now = self._monotonic()
        # No sidecar sends this: nobody answered.
        if found.freshness == Freshness.FRESHNESS_UNSPECIFIED:
            return self._kept.failed(user, began, now)
        return self._kept.put(user, found.text, now)

    def _topics_of(self, text: str) -> list[str] | None:
        if self._topics is None or self._recorder is None:
            return None
        try:
            return [cut_text(topic, TOPIC_BYTES_MAX) for topic in self._topics(text)][:TOPICS_MAX]
        except Exception as exc:  # the application's own code: its agent must not end by it
            logger.warning("an event has no topics, since `topics` raised %s", type(exc).__name__)
            return None

    def _record(self, user: User | None, **fields: Any) -> None:
        user = user_of(user)
        if user is None or self._recorder is None:
            return
        event: EventFields = {"user_id": user.user_id, "namespace": user.namespace, **fields}  # type: ignore[typeddict-item]
        event["session_id"] = cut_text(user.session_id, SESSION_ID_BYTES_MAX)
        self._recorder.add(event)


def _cut(value: str, bytes_max: int) -> str:
    # What is no text is left to the client, which refuses it by field and says what is allowed.
    return cut_text(value, bytes_max) if isinstance(value, str) else value


def _reader_of(store: Path | str) -> LocalReader:
    # Whoever asks a sidecar does without LMDB.
    from foreword.local import LocalReader

    return LocalReader(store)


def personalization_of(given: Personalization | str) -> Personalization:
    """Return what an integration was given: a Personalization, or where the sidecar serves."""
    return given if isinstance(given, Personalization) else Personalization(given)
