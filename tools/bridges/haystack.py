"""Haystack's tools and pipelines as ToolSpecs. Needs the extra `haystack`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from state.result import Evidence
from tools.bridges.foreign import QUERY, as_json, foreign_tool
from tools.registry import ToolOutput, ToolSpec

if TYPE_CHECKING:
    from haystack import Pipeline
    from haystack.tools.tool import Tool


def haystack_tool(tool: Tool, **terms: Any) -> ToolSpec:
    """A Haystack Tool. `terms`: fields of ToolSpec, e.g. risk="read"; by default those of an unknown tool."""

    async def call(arguments: dict[str, Any]) -> ToolOutput:
        if tool.async_function is not None:
            found = await tool.invoke_async(**arguments)
        else:
            found = await asyncio.to_thread(tool.invoke, **arguments)
        return _output(found, tool.name)

    return foreign_tool(tool.name, tool.description, tool.parameters, call, **terms)


def haystack_pipeline(
    pipeline: Pipeline, *, name: str, description: str, query: Sequence[str], risk: str = "read", **terms: Any
) -> ToolSpec:
    """A Haystack pipeline as a tool that takes one question.

    `query`: the inputs that the question goes to, as 'component.input', e.g. ["embedder.text", "ranker.query"]. The
    value is the pipeline's result as JSON; every Document in it is evidence. Raises ValueError for an input that isn't
    in the pipeline.
    """
    known = pipeline.inputs()
    for place in query:
        component, _, entry = place.partition(".")
        if entry not in known.get(component, {}):
            open_inputs = ", ".join(f"{part}.{name}" for part, entries in known.items() for name in entries)
            raise ValueError(f"the pipeline has no input '{place}'; it has: {open_inputs}")

    async def call(arguments: dict[str, Any]) -> ToolOutput:
        data: dict[str, dict[str, Any]] = {}
        for place in query:
            component, _, entry = place.partition(".")
            data.setdefault(component, {})[entry] = arguments["query"]
        return _output(await asyncio.to_thread(pipeline.run, data), name)

    return foreign_tool(name, description, QUERY, call, risk=risk, **terms)


def _output(found: Any, source: str) -> ToolOutput:
    return ToolOutput(_plain(found), list(_evidence(found, source)))


def _plain(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {str(name): _plain(item) for name, item in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(item) for item in found]
    if _is_document(found):
        return {"text": found.content, "meta": as_json(found.meta), "score": found.score}
    return as_json(found.to_dict() if hasattr(found, "to_dict") else found)


def _evidence(found: Any, source: str) -> Iterator[Evidence]:
    if isinstance(found, Mapping):
        for item in found.values():
            yield from _evidence(item, source)
    elif isinstance(found, list | tuple):
        for item in found:
            yield from _evidence(item, source)
    elif _is_document(found) and found.content:
        meta = found.meta
        named = meta.get("file_path") or meta.get("title") or meta.get("url") or source
        page = meta.get("page_number")
        yield Evidence(
            text=found.content,
            source=str(named),
            place=f"page {page}" if page is not None else "",
            url=meta.get("url"),
            score=found.score,
        )


def _is_document(value: Any) -> bool:
    from haystack import Document

    return isinstance(value, Document)
