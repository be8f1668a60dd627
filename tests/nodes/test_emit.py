from __future__ import annotations

from typing import Any, TypedDict

from langgraph.func import task as durable
from langgraph.graph import END, START, StateGraph

from nodes import emit
from state.plan import Plan, Task


class Empty(TypedDict, total=False):
    done: bool


async def events_of(node: Any) -> list[dict[str, Any]]:
    graph = StateGraph(Empty).add_node("node", node).add_edge(START, "node").add_edge("node", END).compile()
    return [event async for event in graph.astream({"done": False}, stream_mode="custom")]


async def test_events_reach_the_custom_stream_in_order() -> None:
    async def node(state: Empty) -> Empty:
        emit.step("execute", "started")
        emit.plan(Plan(tasks=[Task(id="t1", tool="now")]))
        emit.task("t1", "running", tool="now", goal="The time", attempt=1, item=0, replayed=False, detail="x")
        emit.text("The ", restart=True)
        emit.note("a bound was reached", level="warning")
        emit.step("execute", "ended", detail="1 task")
        return {"done": True}

    events = await events_of(node)
    assert [event["type"] for event in events] == ["step", "plan", "task", "text", "note", "step"]
    assert events[1]["plan"]["tasks"][0]["id"] == "t1"
    assert events[2]["item"] == 0
    assert events[2]["replayed"] is False
    assert events[3] == {"type": "text", "text": "The ", "restart": True, "at": events[3]["at"]}
    assert all(event["at"] > 0 for event in events)


async def test_events_reach_the_stream_from_inside_a_task() -> None:
    @durable
    async def work() -> int:
        emit.task("t1", "done")
        return 1

    async def node(state: Empty) -> Empty:
        await work()
        return {"done": True}

    assert [event["status"] for event in await events_of(node)] == ["done"]


async def test_text_is_neutralised() -> None:
    async def node(state: Empty) -> Empty:
        emit.text("a\x1b[31mred\x1b]0;title\x07")
        emit.note("\x1b[2Jgone")
        emit.task("t1", "failed", detail="bad \u202egnp.exe")
        return {"done": True}

    text, note, task = await events_of(node)
    assert text["text"] == "ared"
    assert note["message"] == "gone"
    assert task["detail"] == "bad gnp.exe"


def test_outside_a_graph_nothing_happens() -> None:
    emit.step("guard", "started")
    emit.note("nobody listens")
