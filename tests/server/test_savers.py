"""A graph that a server copies, with a saver of the server's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Command

from graph.guarded import GuardedGraph
from graph.types import TYPES, builder
from memory.lock import ThreadBusy
from state.plan import Plan
from state.result import TaskResult
from state.typed import BadState
from tools.registry import tool


def _served(type_name: str = "hybrid", **saver: Any) -> GuardedGraph:
    return builder(type_name)(policy="ask").copy({"checkpointer": InMemorySaver(**saver)})


async def test_one_run_holds_a_thread() -> None:
    begun, let_go = asyncio.Event(), asyncio.Event()

    @tool(risk="read", trusted=True)
    async def hold() -> str:
        """Wait until it is let go."""
        begun.set()
        await let_go.wait()
        return "held"

    graph = builder("hybrid")(tools=[hold]).copy({"checkpointer": InMemorySaver()})
    config: Any = {"configurable": {"thread_id": "t"}}
    given = {"goal": "Hold it.", "plan": {"tasks": [{"id": "t1", "tool": "hold"}]}}
    running = asyncio.create_task(graph.ainvoke(given, config))
    await begun.wait()
    with pytest.raises(ThreadBusy, match="thread 't' is at work"):
        await graph.copy().ainvoke(given, config)
    let_go.set()
    assert (await running)["results"]["t1"].value == "held"


PAYING: dict[str, Any] = {
    "goal": "Note it.",
    "plan": {
        "tasks": [
            {"id": "t1", "tool": "calculate", "args": {"expression": "6 * 7"}},
            {"id": "t2", "tool": "write_file", "args": {"path": "x.txt", "content": "It is {{t1}}."}},
        ]
    },
}


@pytest.mark.parametrize("serde", [JsonPlusSerializer(), JsonPlusSerializer(allowed_msgpack_modules=None)])
async def test_the_state_keeps_its_types(serde: JsonPlusSerializer) -> None:
    """As on Aegra: LangGraph forgets what a graph may read when the graph is copied, and reads it as plain data."""
    graph = _served(serde=serde)
    config: Any = {"configurable": {"thread_id": "t"}}
    await graph.ainvoke(PAYING, config)
    state = await graph.aget_state(config)
    assert isinstance(state.values["plan"], Plan)
    assert isinstance(state.values["results"]["t1"], TaskResult)
    (asked,) = state.interrupts
    out = await graph.ainvoke(Command(resume={asked.id: {"type": "reject", "message": "no"}}), config)
    assert out["results"]["t2"].status == "refused"


@pytest.mark.parametrize("type_name", TYPES)
async def test_an_edited_state_has_its_types(type_name: str) -> None:
    graph = _served(type_name)
    config: Any = {"configurable": {"thread_id": "t"}}
    await graph.ainvoke({"goal": "What is 5 + 6?"}, config)
    task = {"id": "t9", "tool": "calculate", "args": {"expression": "1 + 1"}}
    await graph.aupdate_state(config, {"plan": {"tasks": [task]}, "verdict": None}, as_node="respond")
    assert isinstance((await graph.aget_state(config)).values["plan"], Plan)
    with pytest.raises(BadState, match=r"The state can't be changed so: plan\.tasks"):
        await graph.aupdate_state(config, {"plan": {"tasks": 1}}, as_node="respond")
