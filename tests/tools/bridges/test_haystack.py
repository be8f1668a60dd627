"""Haystack's tools and pipelines, where Haystack is installed."""

from __future__ import annotations

from typing import Any

import pytest

from tools.bridges.haystack import haystack_pipeline, haystack_tool

pytest.importorskip("haystack")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def retrieval() -> Any:
    from haystack import Document, Pipeline
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    store.write_documents(
        [
            Document(content="The harbour is 12 m deep.", meta={"file_path": "harbour.pdf", "page_number": 3}),
            Document(content="The market opens at nine."),
        ]
    )
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(store, top_k=1))
    return pipeline


async def test_a_pipeline_answers_a_question_with_evidence(retrieval: Any) -> None:
    spec = haystack_pipeline(retrieval, name="town", description="Facts of the town.", query=["retriever.query"])
    output = await spec.call({"query": "how deep is the harbour"})
    (evidence,) = output.evidence
    assert (evidence.text, evidence.source, evidence.place) == ("The harbour is 12 m deep.", "harbour.pdf", "page 3")
    assert output.value["retriever"]["documents"][0]["text"] == "The harbour is 12 m deep."
    assert (spec.risk, spec.idempotent, spec.trusted) == ("read", True, False)
    assert spec.parameters["required"] == ["query"]


def test_an_input_that_is_not_there_is_said(retrieval: Any) -> None:
    with pytest.raises(ValueError, match=r"no input 'ranker\.query'; it has: .*retriever\.query"):
        haystack_pipeline(retrieval, name="town", description="", query=["ranker.query"])


async def test_a_tool_keeps_its_schema_and_is_unknown_by_default() -> None:
    from haystack.tools import Tool

    parameters = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    made = Tool("double", "Twice a number.", parameters, function=lambda n: {"twice": 2 * n})
    spec = haystack_tool(made)
    assert (await spec.call({"n": 4})).value == {"twice": 8}
    assert spec.parameters["properties"]["n"] == {"type": "integer"}
    assert (spec.risk, spec.idempotent, spec.trusted) == ("write", False, False)
