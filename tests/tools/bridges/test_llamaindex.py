"""LlamaIndex's tools and retrievers, where LlamaIndex is installed."""

from __future__ import annotations

from typing import Any

import pytest

from tools.bridges.llamaindex import llamaindex_retriever, llamaindex_tool
from tools.registry import ToolFailure

pytest.importorskip("llama_index.core")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def retriever() -> Any:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, TextNode

    class Fixed(BaseRetriever):
        def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
            meta = {"file_name": "harbour.pdf", "page_label": "3"}
            return [
                NodeWithScore(node=TextNode(text="The harbour is 12 m deep.", metadata=meta), score=0.8),
                NodeWithScore(node=TextNode(text=" "), score=0.1),
            ]

    return Fixed()


async def test_a_retriever_brings_evidence(retriever: Any) -> None:
    spec = llamaindex_retriever(retriever, name="town", description="Facts of the town.")
    output = await spec.call({"query": "how deep"})
    expected = {"text": "The harbour is 12 m deep.", "source": "harbour.pdf", "place": "page 3", "score": 0.8}
    assert output.value == [expected]
    (evidence,) = output.evidence
    assert (evidence.text, evidence.source, evidence.place) == ("The harbour is 12 m deep.", "harbour.pdf", "page 3")
    assert (spec.risk, spec.idempotent, spec.trusted) == ("read", True, False)


async def test_a_function_tool_keeps_its_schema_and_terms() -> None:
    from llama_index.core.tools import FunctionTool

    def double(n: int) -> dict[str, int]:
        """Twice a number."""
        return {"twice": 2 * n}

    spec = llamaindex_tool(FunctionTool.from_defaults(double), risk="read", trusted=True)
    assert (await spec.call({"n": 4})).value == {"twice": 8}
    assert (spec.name, spec.risk, spec.trusted) == ("double", "read", True)
    assert spec.parameters["required"] == ["n"]


async def test_a_query_engine_answers_with_its_sources(retriever: Any) -> None:
    from llama_index.core import MockEmbedding, Settings
    from llama_index.core.llms import MockLLM
    from llama_index.core.query_engine import RetrieverQueryEngine
    from llama_index.core.tools import QueryEngineTool

    Settings.llm, Settings.embed_model = MockLLM(), MockEmbedding(8)
    engine = RetrieverQueryEngine.from_args(retriever)
    spec = llamaindex_tool(QueryEngineTool.from_defaults(engine, name="town", description="Facts."), risk="read")
    output = await spec.call({"input": "how deep"})
    assert isinstance(output.value, str)
    assert [evidence.source for evidence in output.evidence] == ["harbour.pdf"]


async def test_a_failing_tool_is_a_typed_failure() -> None:
    from llama_index.core.tools import BaseTool, ToolMetadata, ToolOutput

    class Failing(BaseTool):
        metadata = ToolMetadata(name="fail", description="Fail.")  # type: ignore[assignment]

        def __call__(self, input: Any) -> ToolOutput:
            return ToolOutput(tool_name="fail", content="no luck", raw_input={}, is_error=True)

    with pytest.raises(ToolFailure, match="'fail' failed: no luck"):
        await llamaindex_tool(Failing()).call({"input": "x"})
