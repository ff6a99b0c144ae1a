"""What stands before every endpoint: names, keys, limits, faults, and errors in the API's form."""

from __future__ import annotations

import hmac
import json
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from foreword.errors import FieldError
from foreword.model_server.core import Asked, Core
from foreword.model_server.delivery import ASKED, FAULT, OUTCOME, REQUEST_ID, outcome_of
from foreword.model_server.errors import ApiError, chat_envelope, envelope, invalid
from foreword.model_server.fault_plan import FaultPlan, read_header
from foreword.model_server.faults import Fault

_CHAT = "/v1/chat/"
_STATUSES = {"rate-limited": 429, "overloaded": 529, "server-error": 500, "unavailable": 503}
_MESSAGES = {
    429: "This request would exceed your organization's rate limit",
    529: "Overloaded",
    500: "Internal server error",
    503: "Service unavailable",
}


def guard(core: Core) -> Middleware:
    """Return the middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = core.names.make("req")
        if not request.path.startswith("/v1/"):
            return await _answered(request, handler)
        try:
            _admit(core, request)
            response = await handler(request)
            status = response.status
        except ApiError as exc:
            status = exc.status
            response = _refusal(request, exc)
        except web.HTTPException as exc:
            status = exc.status
            response = _refusal(request, ApiError(exc.status, exc.reason))
        except ConnectionError:
            # Whoever asked has left. What was made for them is counted already.
            request[OUTCOME] = "unheard"
            status, response = 200, web.Response()
        core.tally.outcomes[outcome_of(request, status)] += 1
        return response

    return middleware


def read_body(text: bytes) -> Any:
    """Return the JSON of a body.

    Raises:
        ApiError: It is none.
    """
    try:
        return json.loads(text)
    except ValueError as exc:
        raise invalid(f"The request body is not valid JSON: {exc}") from exc


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except FieldError as exc:
        return _refusal(request, invalid(exc.message))
    except ApiError as exc:
        return _refusal(request, exc)


def _admit(core: Core, request: web.Request) -> None:
    key = core.options.key
    found = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix(
        "Bearer "
    )
    if key and not hmac.compare_digest(found.encode(), key.encode()):
        raise ApiError(401, "invalid x-api-key")
    if not request.path.startswith(_CHAT) and "anthropic-version" not in request.headers:
        raise invalid("anthropic-version: header is required")
    try:
        own = FaultPlan(core.options.seed, read_header(request.headers.get("x-fault", "")))
    except FieldError as exc:
        raise invalid(f"x-fault: {exc.message}") from exc
    request[ASKED] = Asked(request.path, own)
    fault = core.fault("call", request[ASKED])
    if fault is None:
        core.limit.check(core.clock.now_ms())
        return
    request[FAULT] = fault
    if fault.name in _STATUSES:
        raise _error(fault)


def _error(fault: Fault) -> ApiError:
    status = _STATUSES[fault.name]
    headers = {} if fault.wait_seconds is None else {"retry-after": f"{fault.wait_seconds:g}"}
    return ApiError(status, _MESSAGES[status], headers=headers)


def _refusal(request: web.Request, error: ApiError) -> web.Response:
    body = chat_envelope(error) if request.path.startswith(_CHAT) else envelope(error, request[REQUEST_ID])
    headers = {"request-id": request[REQUEST_ID], **error.headers}
    return web.json_response(body, status=error.status, headers=headers)
