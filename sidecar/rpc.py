"""From a method of ours to a gRPC handler: parsing, deadlines, and errors that become statuses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Never, TypeAlias, TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message

from foreword.errors import FieldError, ForewordError
from sidecar import access
from sidecar.errors import DeadlineError
from sidecar.status import refuse

logger = logging.getLogger("sidecar")

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour: TypeAlias = Callable[[Any, Context], Awaitable[Any]]
RequestT = TypeVar("RequestT", bound=Message)

# Of the four kinds of handler, the one that is set.
SINGLE = "unary_unary"
_KINDS = (SINGLE, "unary_stream", "stream_unary", "stream_stream")
# Of each call whose message is on its way, whether it is to end after it.
_writing: dict[asyncio.Task[Any], bool] = {}


def kind_of(handler: Handler) -> str:
    """Return which of its four attributes a handler does its work by."""
    return next(kind for kind in _KINDS if getattr(handler, kind) is not None)


def behaviour_of(handler: Handler) -> Behaviour:
    """Return what a handler of ours does."""
    behaviour: Behaviour = getattr(handler, kind_of(handler))
    return behaviour


def with_behaviour(handler: Handler, behaviour: Behaviour) -> Handler:
    """Return a handler of the same kind that does something else."""
    # A named tuple, which the stubs do not say.
    changed: Handler = cast(Any, handler)._replace(**{kind_of(handler): behaviour})
    return changed


def unary(request_type: type[RequestT], method: Callable[[RequestT, Context], Awaitable[Any]]) -> Handler:
    """Return the handler of a unary method that answers a message, or bytes sent as they are."""

    async def answer(request: bytes, context: Context) -> bytes:
        try:
            check_deadline(context)
            response = await method(parse(request_type, request), context)
        except ForewordError as exc:
            await refuse(context, exc)
        except Exception as exc:
            await _fail(context, exc)
        return response if isinstance(response, bytes) else response.SerializeToString()

    return grpc.unary_unary_rpc_method_handler(answer)


def streaming(
    request_type: type[RequestT], method: Callable[[RequestT, Context], AsyncIterator[Message]]
) -> Handler:
    """Return the handler of a method that answers a stream of messages."""

    async def send_all(request: RequestT, context: Context) -> None:
        async for response in method(request, context):
            await send(context, response.SerializeToString())

    return sending(request_type, send_all)


def bidirectional(
    request_type: type[RequestT], method: Callable[[AsyncIterator[RequestT], Context], Awaitable[None]]
) -> Handler:
    """Return the handler of a method that takes a stream of messages and sends its answers itself."""

    async def answer(_requests: Any, context: Context) -> None:
        try:
            check_deadline(context)
            await method(_messages(request_type, context), context)
        except ForewordError as exc:
            await refuse(context, exc)
        except Exception as exc:
            await _fail(context, exc)

    return grpc.stream_stream_rpc_method_handler(answer)


def collecting(
    request_type: type[RequestT], method: Callable[[AsyncIterator[RequestT], Context], Awaitable[Message]]
) -> Handler:
    """Return the handler of a method that takes a stream of messages and answers one."""

    async def answer(_requests: Any, context: Context) -> bytes:
        try:
            check_deadline(context)
            response = await method(_messages(request_type, context), context)
        except ForewordError as exc:
            await refuse(context, exc)
        except Exception as exc:
            await _fail(context, exc)
        return response.SerializeToString()

    return grpc.stream_unary_rpc_method_handler(answer)


def sending(request_type: type[RequestT], method: Callable[[RequestT, Context], Awaitable[None]]) -> Handler:
    """Return the handler of a method that sends its answers itself."""

    async def answer(request: bytes, context: Context) -> None:
        try:
            check_deadline(context)
            await method(parse(request_type, request), context)
        except ForewordError as exc:
            await refuse(context, exc)
        except Exception as exc:
            await _fail(context, exc)

    return grpc.unary_stream_rpc_method_handler(answer)


async def _messages(request_type: type[RequestT], context: Context) -> AsyncIterator[RequestT]:
    while (request := await context.read()) is not grpc.aio.EOF:
        yield parse(request_type, request)


async def send(context: Context, message: bytes | Message) -> None:
    """Send one message of a stream; a caller that has gone ends the call, as a cancelled one does.

    Handlers write rather than yield: when gRPC itself cannot send what was yielded, it logs a traceback for each caller
    that went away.
    """
    grant = access.current.get()
    if grant is not None:
        # A stream lasts, and its caller's leave may not.
        grant.renew()
    task = asyncio.current_task()
    assert task is not None
    _writing[task] = False
    try:
        await context.write(message)
    except grpc.aio.InternalError as exc:
        raise asyncio.CancelledError from exc
    finally:
        is_to_end = _writing.pop(task)
    if is_to_end:
        raise asyncio.CancelledError


def end(task: asyncio.Task[Any]) -> None:
    """Cancel a call wherever it waits, but for a message that is on its way: beside one gRPC can send no status."""
    if task in _writing:
        _writing[task] = True
    else:
        task.cancel()


def parse(request_type: type[RequestT], request: bytes) -> RequestT:
    """Return a parsed request that its caller may make.

    Raises:
        FieldError: The bytes are not such a message, for instance because a string is not UTF-8.
        AccessError: The caller has no right to it.
    """
    try:
        message = request_type.FromString(request)
    except DecodeError as exc:
        name = request_type.DESCRIPTOR.name
        raise FieldError(
            "request", f"bytes that are no {name}", f"a serialized {name}; strings are UTF-8"
        ) from exc
    # Here, before anything of ours has looked at it: what is refused takes as long whoever is meant.
    grant = access.current.get()
    if grant is not None:
        grant.check(message)
    return message


def check_deadline(context: Context) -> None:
    """Raise DeadlineError when the caller no longer waits."""
    remaining = remaining_seconds(context)
    if remaining is not None and remaining <= 0:
        raise DeadlineError("the caller's deadline passed before the work began")


def remaining_seconds(context: Context) -> float | None:
    """Return how long the caller still waits; None when without a deadline."""
    remaining: float | None = context.time_remaining()
    return remaining


async def _fail(context: Context, exc: Exception) -> Never:
    # An abort of gRPC's own is an answer already given.
    if isinstance(exc, grpc.aio.AbortError):
        raise exc
    logger.error("a call failed", exc_info=exc)
    await refuse(context, ForewordError("a fault in the sidecar; its log has the details"))
