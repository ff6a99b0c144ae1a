"""How a function becomes a tool: its docstring tells a model when to use it, its signature what it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations


class Effect(NamedTuple):
    """What calling a tool does to the world; clients ask their user by it."""

    reads_only: bool = False
    destroys: bool = False
    is_idempotent: bool = False


READS = Effect(reads_only=True, is_idempotent=True)


def make_tool(function: Callable[..., Any], title: str, effect: Effect) -> Tool:
    """Return a function as a tool that takes its own arguments and no others."""
    annotations = ToolAnnotations(
        title=title,
        read_only_hint=effect.reads_only,
        destructive_hint=effect.destroys,
        idempotent_hint=effect.is_idempotent,
        # All of it is about one user of one store.
        open_world_hint=False,
    )
    tool = Tool.from_function(
        function, title=title, description=inspect.getdoc(function), annotations=annotations
    )
    tool.parameters["additionalProperties"] = False
    return tool
