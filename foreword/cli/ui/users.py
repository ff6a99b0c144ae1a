"""Who is behind the counts: users by segment, freshness, failure and the beginning of their ids, a page at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import Sidecar, attempt
from foreword.errors import FieldError, ForewordError
from foreword.naming import quoted
from foreword.v1.operator_service_pb2 import GetStatusResponse, ListUsersResponse

PAGE_USERS = 50
FRESHNESS = ("fresh", "stale", "expired", "default")
# Users are looked at by ten thousands; beyond this the page says how to go on rather than take longer.
_LOOK_SECONDS = 0.03
# Who asks to look further waits for it; a million users take about so long.
_FURTHER_SECONDS = 5.0


@dataclass(frozen=True)
class Filter:
    """Which users are asked for.

    Attributes:
        begins: What their ids begin with.
        namespace: The tenant's space; empty for all.
        segment: A segment's name; empty for all.
        freshness: One of FRESHNESS; empty for all.
        failed: Only those whose newest refresh failed.
    """

    begins: str = ""
    namespace: str = ""
    segment: str = ""
    freshness: str = ""
    failed: bool = False

    @classmethod
    def of(cls, query: QueryParams) -> Filter:
        """Return what an address asks for.

        Raises:
            FieldError: It asks for a freshness that there is not, or is no yes or no.
        """
        found = cls(
            query.get("begins", "").strip(),
            query.get("namespace", "").strip(),
            query.get("segment", ""),
            query.get("freshness", ""),
            checked(query, "failed"),
        )
        if found.freshness and found.freshness not in FRESHNESS:
            raise FieldError("freshness", quoted(found.freshness), ", ".join(FRESHNESS))
        return found

    def query(self) -> dict[str, object]:
        """Return it as an address has it."""
        return {
            "begins": self.begins,
            "namespace": self.namespace,
            "segment": self.segment,
            "freshness": self.freshness,
            "failed": self.failed,
        }


class Users:
    """The list of users.

    Args:
        sidecar: Where they are asked for.
        render: Makes pages.
    """

    def __init__(self, sidecar: Sidecar, render: Renderer) -> None:
        self._sidecar = sidecar
        self._render = render

    def routes(self) -> list[Route]:
        """Return where it is."""
        return [Route("/users", self.show)]

    def show(self, request: Request) -> Response:
        """Return the page."""
        query = request.query_params
        asked, token = Filter.of(query), query.get("after", "")
        seconds = _FURTHER_SECONDS if checked(query, "further") else _LOOK_SECONDS
        errors: list[ForewordError] = []
        page = attempt(lambda: self._look(asked, token, seconds), errors)
        if errors and isinstance(errors[0], FieldError):
            raise errors[0]
        seen = self._render.newest()
        status = seen.status or GetStatusResponse()
        names = [one.segment_name for one in status.segments if one.segment_name]
        return self._render.page(
            request,
            "users",
            seen=seen,
            status=status,
            asked=asked,
            segments=names if asked.segment in ("", *names) else [*names, asked.segment],
            freshness=FRESHNESS,
            users=page.users if page is not None else [],
            next_token=page.next_page_token if page is not None else "",
            is_full=page is not None and len(page.users) == PAGE_USERS,
            is_first=not token,
            errors=errors,
        )

    def _look(self, asked: Filter, token: str, seconds: float) -> ListUsersResponse:
        """Return a page's users, or as many as are found in the time, and where to go on."""
        client, found = self._sidecar.client(), ListUsersResponse(next_page_token=token)
        deadline = time.monotonic() + seconds
        while True:
            page = client.list_users(
                segment_names=[asked.segment] if asked.segment else (),
                freshness=[f"FRESHNESS_{asked.freshness.upper()}"] if asked.freshness else (),
                failed=asked.failed,
                user_id_prefix=asked.begins,
                namespace=asked.namespace or None,
                page_size=PAGE_USERS - len(found.users),
                page_token=found.next_page_token,
            )
            found.users.extend(page.users)
            found.next_page_token = page.next_page_token
            if not page.next_page_token or len(found.users) == PAGE_USERS or time.monotonic() > deadline:
                return found


def checked(query: QueryParams, field: str) -> bool:
    """Return whether a box was ticked.

    Raises:
        FieldError: It is no box's value.
    """
    value = query.get(field, "")
    if value not in ("", "1"):
        raise FieldError(field, quoted(value), "1, or nothing")
    return value == "1"
