"""Which user a page is of."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request

from foreword.keys import UserKey, user_key


class Named(NamedTuple):
    """A user, as an address names them."""

    user_id: str
    namespace: str
    key: UserKey

    @property
    def query(self) -> dict[str, object]:
        """How an address names the user: in its query, where every id keeps its bytes."""
        return {"id": self.user_id, "namespace": self.namespace}


def named(request: Request) -> Named:
    """Return the user that a request names.

    Raises:
        FieldError: The id is not 1 to 256 bytes, or the namespace longer than 64.
    """
    user_id = request.query_params.get("id", "")
    namespace = request.query_params.get("namespace", "")
    return Named(user_id, namespace, user_key(user_id, namespace))
