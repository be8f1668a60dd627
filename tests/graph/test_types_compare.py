"""One goal as every type: what is compared, and what is never done more than once."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.comparison import COMPARED, Row, acompare
from tools.registry import tool

DOCUMENT = Path(__file__).parents[2] / "examples" / "us-constitution.txt"


async def test_every_type_is_a_row() -> None:
    told: list[Row] = []
    rows = await acompare("How old must a senator be?", docs=DOCUMENT, on_row=told.append)
    assert [row.type for row in rows] == list(COMPARED)
    assert told == rows
    for row in rows:
        assert row.outcome == "answered", row
        assert row.verdict == "accept"
        assert row.citations >= 1
        assert row.usage.tool_calls >= 1
        assert 0 < row.critical_seconds <= row.seconds
        assert row.usage.model_calls == 0
    assert len({row.thread_id for row in rows}) == len(rows)


async def test_nothing_that_has_an_effect_is_offered() -> None:
    made: list[str] = []

    @tool(risk="write", trusted=True)
    def write_line(text: str) -> str:
        """Write a line."""
        made.append(text)
        return text

    rows = await acompare('Write a line with the text "x".', tools=[write_line], types=["hybrid", "agentic"])
    assert made == []
    assert all(row.outcome != "answered" for row in rows)


async def test_what_one_type_cannot_do_is_a_row_of_its_own() -> None:
    plan = {"tasks": [{"id": "t1", "tool": "nonsense", "args": {}}]}
    rows = await acompare("How old must a senator be?", docs=DOCUMENT, types=["graph", "hybrid"], plan=plan)
    assert [row.outcome for row in rows] == ["failed", "answered"]


async def test_an_unknown_type_is_named() -> None:
    with pytest.raises(ValueError, match="there is no orchestration type 'magic'"):
        await acompare("anything", types=["magic"])
