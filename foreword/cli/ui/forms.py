"""What operators send: read with a limit, and taken only from our own pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

Fields: TypeAlias = Mapping[str, str]
Handler: TypeAlias = Callable[[Request, Fields], Response]

TOKEN_FIELD = "token"
# The longest form has a key, some values and a price.
_BODY_BYTES_MAX = 16_384
_FIELDS_MAX = 50
_TYPE = "application/x-www-form-urlencoded"


class Forms:
    """Marks our own forms so that no other site can send one in an operator's name.

    A mark belongs to one action on one user: it is a digest of where the form goes, with a secret that this process
    alone has. Other sites cannot read our pages, so they have none, and no cookie is needed.

    Args:
        secret: For tests; another one each time by default, so that forms from before a restart are asked for anew.
    """

    def __init__(self, secret: bytes = b"") -> None:
        self._secret = secret or secrets.token_bytes(32)

    def token(self, target: str) -> str:
        """Return the mark of a form.

        Args:
            target: Where it goes: path and query, as they stand in its `action`.
        """
        digest = hmac.digest(self._secret, target.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def handler(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that reads a form, refuses one that is not ours, and handles it in a thread."""

        async def endpoint(request: Request) -> Response:
            fields = await _read(request)
            self._check(request, fields)
            return await run_in_threadpool(handle, request, fields)

        return endpoint

    def _check(self, request: Request, fields: Fields) -> None:
        """Refuse a form that did not come from our own page."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
        own = request.headers.get("host", "").lower()
        is_elsewhere = origin is not None and urlsplit(origin).netloc.lower() != own
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        given = fields.get(TOKEN_FIELD, "").encode("utf-8", "replace")
        if is_elsewhere or site not in ("same-origin", "none"):
            raise HTTPException(403, "This form was sent by another site; nothing was done.")
        if not hmac.compare_digest(given, self.token(target).encode()):
            raise HTTPException(
                403,
                "This form is from before the page was started anew, or not from it; nothing was done. "
                "Go back, load the page again, and press once more.",
            )


async def _read(request: Request) -> Fields:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415, f"A form is sent as {_TYPE}.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _BODY_BYTES_MAX:
            raise HTTPException(413, f"A form has at most {_BODY_BYTES_MAX:,} bytes.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError as exc:
        raise HTTPException(400, "This is no form as browsers send them.") from exc
    return dict(pairs)
