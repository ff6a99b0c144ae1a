"""A stream of lookups: what is asked, what is not answered yet, and how it goes on over another connection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from foreword import arguments
from foreword.client import fallbacks
from foreword.client.reach import WAITS_SECONDS, Reach, is_passing
from foreword.errors import FieldError, ServiceError
from foreword.v1.profile_service_pb2 import LookupProfilesRequest, LookupProfilesResponse

_END = object()


class Lookups:
    """Asks for users one after the other; what a broken stream left unanswered is asked again by the next.

    Args:
        user_ids: The users; taken from as fast as the sidecar takes them, in gRPC's own thread.
        namespace: The tenant's space.
    """

    def __init__(self, user_ids: Any, namespace: str) -> None:
        if isinstance(user_ids, (str, bytes)) or not isinstance(user_ids, Iterable):
            raise FieldError("user_ids", arguments.shown(user_ids), "texts, one after the other")
        self._user_ids = iter(user_ids)
        self._namespace = arguments.text("namespace", namespace)
        self._waits_seconds = iter(WAITS_SECONDS)
        self._unanswered: deque[LookupProfilesRequest] = deque()
        self._count = self._streams = 0
        self._failure: BaseException | None = None
        # The stream before may still be asking for its next user.
        self._taking = threading.Lock()

    def requests(self) -> Iterator[LookupProfilesRequest]:
        """Yield what one stream asks: first what none has answered."""
        with self._taking:
            self._streams += 1
            own, again = self._streams, list(self._unanswered)
        yield from again
        while (request := self._next(own)) is not None:
            yield request

    def answered(self) -> None:
        """Note that the oldest request was answered: another stream goes on behind it."""
        self._unanswered.popleft()
        self._waits_seconds = iter(WAITS_SECONDS)

    def broke(self, error: ServiceError, reach: Reach) -> float | None:
        """Return after how many seconds another stream may go on; None when none is to be tried any more."""
        wait_seconds = next(self._waits_seconds, None) if is_passing(error) else None
        if wait_seconds is None:
            reach.failed(error)
        return wait_seconds

    def end(self) -> None:
        """Raise what ended the users before their end, if anything did."""
        if self._failure is not None:
            raise self._failure

    def defaults(self) -> Iterator[LookupProfilesResponse]:
        """Yield the default profile of each user that was not answered, and of each that was not asked for."""
        for request in self.requests():
            self.answered()
            yield _default(request)

    def _next(self, stream: int) -> LookupProfilesRequest | None:
        with self._taking:
            if stream != self._streams or self._failure is not None:
                return None
            try:
                user_id = next(self._user_ids, _END)
                if user_id is _END:
                    return None
                text = arguments.text(f"user_ids[{self._count}]", user_id)
            except BaseException as exc:
                # The caller's own: raised where they loop over the answers.
                self._failure = exc
                return None
            self._count += 1
            request = LookupProfilesRequest(user_id=text, namespace=self._namespace, lookup_id=self._count)
            self._unanswered.append(request)
            return request


def _default(request: LookupProfilesRequest) -> LookupProfilesResponse:
    known = fallbacks.no_profile({"user_id": request.user_id, "namespace": request.namespace})
    return LookupProfilesResponse(profile=known.profile, lookup_id=request.lookup_id)
