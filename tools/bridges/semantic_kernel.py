"""Semantic Kernel's functions as ToolSpecs. Needs the extra `semantic-kernel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.bridges.foreign import as_json, foreign_tool
from tools.registry import ToolOutput, ToolSpec

if TYPE_CHECKING:
    from semantic_kernel import Kernel
    from semantic_kernel.functions import KernelFunction


def semantic_kernel_tools(kernel: Kernel, plugin: str, **terms: Any) -> list[ToolSpec]:
    """The functions of a plugin, named 'plugin-function'. Raises ValueError if the kernel has no such plugin.

    `terms`: fields of ToolSpec for all of them, e.g. risk="read"; by default those of an unknown tool.
    """
    if plugin not in kernel.plugins:
        raise ValueError(f"the kernel has no plugin '{plugin}'; it has: {', '.join(kernel.plugins) or 'none'}")
    return [_spec(kernel, function, terms) for function in kernel.plugins[plugin].functions.values()]


def _spec(kernel: Kernel, function: KernelFunction, terms: dict[str, Any]) -> ToolSpec:
    async def call(arguments: dict[str, Any]) -> ToolOutput:
        from semantic_kernel.functions import KernelArguments

        found = await function.invoke(kernel, KernelArguments(**arguments))
        return ToolOutput(None if found is None else as_json(found.value))

    taken = [entry for entry in function.metadata.parameters if entry.include_in_function_choices and entry.name]
    parameters = {
        "type": "object",
        "properties": {entry.name: {**(entry.schema_data or {}), **_described(entry.description)} for entry in taken},
        "required": [entry.name for entry in taken if entry.is_required],
    }
    return foreign_tool(function.fully_qualified_name, function.description or "", parameters, call, **terms)


def _described(description: str | None) -> dict[str, str]:
    return {"description": description} if description else {}
