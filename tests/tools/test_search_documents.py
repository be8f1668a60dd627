"""The tool over an index: passages as evidence, and a reason where there is nothing to search."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.documents import DocumentIndex, index_for
from tools.registry import ToolFailure
from tools.search_documents import search_documents

CONSTITUTION = Path(__file__).parents[2] / "examples" / "us-constitution.txt"


async def test_passages_are_evidence(home: Path) -> None:
    index, _ = index_for([CONSTITUTION], home / "indexes")
    tool = search_documents(index)
    assert (tool.risk, tool.trusted, tool.unavailable) == ("read", False, None)
    assert "us-constitution.txt" in tool.description
    output = await tool.call({"query": "How old must a senator be?", "k": 2})
    assert len(output.value) == len(output.evidence) == 2
    assert set(output.value[0]) == {"text", "source", "place", "score"}
    best = output.evidence[0]
    assert "attained to the Age of thirty Years" in best.text
    assert best.place.startswith("Article I, Section 3, line ")
    assert not best.trusted


async def test_k_is_bounded(home: Path) -> None:
    index, _ = index_for([CONSTITUTION], home / "indexes")
    with pytest.raises(ValueError, match="less than or equal to 50"):
        await search_documents(index).call({"query": "x", "k": 1000})


def test_without_documents_the_tool_says_so(tmp_path: Path) -> None:
    assert "--docs" in str(search_documents(None).unavailable)
    assert "none of the documents" in str(search_documents(DocumentIndex(tmp_path / "empty.sqlite")).unavailable)
    (tmp_path / "bad.sqlite").write_text("no database " * 100)
    assert "delete it and index again" in str(search_documents(DocumentIndex(tmp_path / "bad.sqlite")).unavailable)


async def test_an_index_that_breaks_later_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Something to find.")
    index = DocumentIndex(tmp_path / "index.sqlite")
    index.add([tmp_path / "a.txt"])
    tool = search_documents(index)
    index.close()
    for file in tmp_path.glob("index.sqlite*"):
        file.write_bytes(b"broken" * 1000)
    with pytest.raises(ToolFailure, match="delete it and index again"):
        await tool.call({"query": "something"})
