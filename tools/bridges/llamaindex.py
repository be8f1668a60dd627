"""LlamaIndex's tools and retrievers as ToolSpecs. Needs the extra `llamaindex`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from state.result import Evidence
from tools.bridges.foreign import QUERY, as_json, foreign_tool
from tools.registry import ToolFailure, ToolOutput, ToolSpec

if TYPE_CHECKING:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.schema import NodeWithScore
    from llama_index.core.tools import BaseTool


def llamaindex_tool(tool: BaseTool, **terms: Any) -> ToolSpec:
    """A LlamaIndex tool: a FunctionTool, or a QueryEngineTool, whose source nodes become evidence.

    `terms`: fields of ToolSpec, e.g. risk="read"; by default those of an unknown tool.
    """
    metadata = tool.metadata
    name = metadata.get_name()

    async def call(arguments: dict[str, Any]) -> ToolOutput:
        acall = getattr(tool, "acall", None)
        output = await acall(**arguments) if acall else await asyncio.to_thread(tool, **arguments)
        if output.is_error:
            raise ToolFailure(f"'{name}' failed: {output.content}")
        raw = output.raw_output
        sources = getattr(raw, "source_nodes", None)
        if sources is not None:
            return ToolOutput(str(raw), _evidence(sources, name))
        return ToolOutput(as_json(raw) if raw is not None else output.content)

    return foreign_tool(name, metadata.description, metadata.get_parameters_dict(), call, **terms)


def llamaindex_retriever(
    retriever: BaseRetriever, *, name: str, description: str, risk: str = "read", **terms: Any
) -> ToolSpec:
    """A LlamaIndex retriever as a tool that takes one question.

    Returns a list of {"text", "source", "place", "score"}, best first; every node is evidence.
    """

    async def call(arguments: dict[str, Any]) -> ToolOutput:
        evidence = _evidence(await retriever.aretrieve(arguments["query"]), name)
        value = [{"text": e.text, "source": e.source, "place": e.place, "score": e.score} for e in evidence]
        return ToolOutput(value, evidence)

    return foreign_tool(name, description, QUERY, call, risk=risk, **terms)


def _evidence(nodes: Iterable[NodeWithScore], source: str) -> list[Evidence]:
    found = []
    for scored in nodes:
        text, meta = scored.node.get_content(), scored.node.metadata
        if not text.strip():
            continue
        page = meta.get("page_label")
        named = meta.get("file_name") or meta.get("title") or meta.get("url") or source
        found.append(
            Evidence(
                text=text,
                source=str(named),
                place=f"page {page}" if page is not None else "",
                url=meta.get("url"),
                score=None if scored.score is None else float(scored.score),
            )
        )
    return found
