"""AutoGen's tools as ToolSpecs; an agent or a team is a tool by AutoGen's own AgentTool and TeamTool.

Needs the extra `autogen`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tools.bridges.foreign import as_json, foreign_tool
from tools.registry import ToolOutput, ToolSpec

if TYPE_CHECKING:
    from autogen_core.tools import BaseTool


def autogen_tool(tool: BaseTool[Any, Any], **terms: Any) -> ToolSpec:
    """An AutoGen tool. `terms`: fields of ToolSpec, e.g. risk="read"; by default those of an unknown tool."""

    async def call(arguments: dict[str, Any]) -> ToolOutput:
        from autogen_core import CancellationToken

        token = CancellationToken()
        try:
            found = await tool.run_json(arguments, token)
        except asyncio.CancelledError:
            token.cancel()
            raise
        return ToolOutput(as_json(found))

    return foreign_tool(tool.name, tool.description, dict(tool.schema.get("parameters", {})), call, **terms)
