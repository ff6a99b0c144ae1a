"""Why a call is refused, in one sentence that a model can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from foreword.arguments import shown
from foreword.errors import FieldError, ForewordError
from foreword.naming import escaped, quoted

# How models call the user; the refusal tells them, and their authors, why no tool has it.
_WHOSE = {"user", "user_id", "userid", "username", "namespace", "tenant", "session", "session_id"}


def refusal(exc: ToolError) -> ToolError:
    """Return what a failed call is answered with; of a fault of ours the SDK tells nothing, and so it stays."""
    cause = exc.__cause__
    if isinstance(cause, ValidationError):
        return ToolError(_sentence(_invalid(cause)))
    if isinstance(cause, ForewordError):
        return ToolError(_sentence(cause))
    return exc


def unknown_tool(name: str, names: Iterable[str]) -> ToolError:
    """Return the refusal of a tool that is not there."""
    return ToolError(_sentence(FieldError("name", quoted(name), ", ".join(names))))


def check_names(arguments: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Refuse an argument that a tool has not: dropped in silence, whoever sent it would think that it holds.

    Raises:
        ToolError: There is one.
    """
    known = list(allowed)
    for name in arguments:
        if name not in known:
            hint = (
                "whose profile it is, is set where this server is started" if name.lower() in _WHOSE else ""
            )
            found = "an argument that this tool has not"
            error = FieldError(quoted(name), found, ", ".join(known) or "none", hint=hint)
            raise ToolError(_sentence(error))


def _invalid(exc: ValidationError) -> FieldError:
    first = exc.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    allowed = first["msg"].removeprefix("Input should be ")
    found = "nothing" if first["type"] == "missing" else shown(first["input"])
    return FieldError(field[:80], found, allowed)


def _sentence(error: ForewordError) -> str:
    return escaped(str(error))
