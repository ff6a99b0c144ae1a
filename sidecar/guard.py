"""Handlers at addresses where it is asked who calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar import access
from sidecar.access import Access
from sidecar.errors import AccessError
from sidecar.rights import RULES, Rule
from sidecar.rpc import Behaviour, Context, Handler, behaviour_of, with_behaviour
from sidecar.status import refuse


def guarded(service: str, handlers: Mapping[str, Handler], gate: Access) -> dict[str, Handler]:
    """Return handlers that do the same for those who may.

    Args:
        service: The full name of the service.
        handlers: By method.
        gate: Knows who may what.

    Raises:
        KeyError: A method takes no right; all must.
    """
    name = service.rpartition(".")[2]
    return {
        method: with_behaviour(handler, _behaviour(RULES[f"{name}/{method}"], gate, behaviour_of(handler)))
        for method, handler in handlers.items()
    }


def _behaviour(rule: Rule, gate: Access, behaviour: Behaviour) -> Behaviour:
    async def call(request: Any, context: Context) -> Any:
        try:
            # gRPC runs each call in a task of its own, whose context ends with it: nothing to reset.
            access.current.set(gate.grant(rule, context))
        except AccessError as exc:
            await refuse(context, exc)
        return await behaviour(request, context)

    return call
