"""What the bridges share: a ToolSpec around a tool of another framework."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langchain_core.tools import StructuredTool
from pydantic_core import to_jsonable_python

from state.references import as_text
from tools.registry import ToolOutput, ToolSpec

QUERY = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What to look for."}},
    "required": ["query"],
}
"""The arguments of a tool that takes a question."""


def foreign_tool(
    name: str,
    description: str,
    parameters: Mapping[str, Any],
    call: Callable[[dict[str, Any]], Awaitable[ToolOutput]],
    **terms: Any,
) -> ToolSpec:
    """A ToolSpec that calls `call` with the arguments. `parameters`: their JSON schema; `terms`: fields of ToolSpec, by
    default those of an unknown tool. A tool that only reads may be repeated unless the terms say otherwise."""

    async def run(**arguments: Any) -> tuple[str, ToolOutput]:
        output = await call(arguments)
        return as_text(output.value), output

    made = StructuredTool(
        name=tool_name(name),
        description=description or f"The tool '{name}'.",
        args_schema=dict(parameters),
        coroutine=run,
        response_format="content_and_artifact",
    )
    return ToolSpec(tool=made, **{"idempotent": terms.get("risk") == "read", **terms})


def tool_name(name: str) -> str:
    """A name that models accept: letters, digits, underscores and dashes, at most 64."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]


def as_json(value: Any) -> Any:
    """A value of another framework as JSON; what JSON has no form for, as text."""
    return to_jsonable_python(value, fallback=str, bytes_mode="base64", inf_nan_mode="strings")
