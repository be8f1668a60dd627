"""Four ways to run the same plan, to compare how long they take."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from benchmarks.engine import begin, execution_graph
from benchmarks.workflows import Shape
from state.plan import Plan
from state.policy import Risk
from tools.registry import ToolSpec, tool

Executor = Callable[[Shape, str], Awaitable[None]]
"""Runs a shape once, in a thread of the given id."""


def work_tool(risk: Risk = "read") -> ToolSpec:
    """A tool that takes some time; with another risk than 'read', the journal is written for it."""

    @tool(risk=risk, trusted=True, concurrency=4096, timeout=600)
    async def work(seconds: float) -> float:
        """Take some time."""
        await asyncio.sleep(seconds)
        return seconds

    return work


def ours(checkpointer: Any, risk: Risk = "read") -> Executor:
    """The `execute` node, with durability 'sync'."""
    graph = execution_graph([work_tool(risk)], checkpointer=checkpointer, concurrency=4096)

    async def run(shape: Shape, thread: str) -> None:
        plan = Plan.model_construct(tasks=shape.tasks())
        config = {"configurable": {"thread_id": thread}}
        out = await graph.ainvoke(begin(plan, run_key=thread), config, durability="sync")
        assert all(result.ok for result in out["results"].values())

    return run


class _Done(TypedDict):
    done: Annotated[list[str], operator.add]


class _Sent(TypedDict):
    task: str


def supersteps(checkpointer: Any) -> Executor:
    """LangGraph's own fan-out: `Send` for all that is ready, then a barrier. Durability 'sync'."""

    async def run(shape: Shape, thread: str) -> None:
        async def work(state: _Sent) -> dict[str, list[str]]:
            await asyncio.sleep(shape.seconds[state["task"]])
            return {"done": [state["task"]]}

        def join(state: _Done) -> dict[str, list[str]]:
            return {"done": []}

        def ready(state: _Done) -> list[Send] | str:
            done = set(state["done"])
            next_ones = [name for name, after in shape.needs.items() if name not in done and done.issuperset(after)]
            return [Send("work", {"task": name}) for name in next_ones] or END

        graph = StateGraph(_Done)
        graph.add_node("work", work)
        graph.add_node("join", join)
        graph.add_conditional_edges(START, ready, ["work", END])
        graph.add_edge("work", "join")
        graph.add_conditional_edges("join", ready, ["work", END])
        compiled = graph.compile(checkpointer=checkpointer)
        out = await compiled.ainvoke({"done": []}, {"configurable": {"thread_id": thread}}, durability="sync")
        assert set(out["done"]) == set(shape.needs)

    return run


async def serial(shape: Shape, thread: str) -> None:
    """One task after the other, nothing kept."""
    for name in shape.order():
        await asyncio.sleep(shape.seconds[name])


async def bare(shape: Shape, thread: str) -> None:
    """asyncio alone, nothing kept: the limit of what can be reached."""
    running: dict[str, asyncio.Task[None]] = {}

    async def work(name: str) -> None:
        for needed in shape.needs[name]:
            await running[needed]
        await asyncio.sleep(shape.seconds[name])

    for name in shape.order():
        running[name] = asyncio.create_task(work(name))
    await asyncio.gather(*running.values())
