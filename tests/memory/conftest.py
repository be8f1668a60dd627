"""A small graph over the whole RunState, with a step that asks a person, for the tests of what is remembered."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from state.run import RunState


async def _hear(state: RunState) -> dict[str, Any]:
    if state["goal"] == "fail":
        raise RuntimeError("as told")
    return {"messages": [HumanMessage(state["goal"], id=f"h-{state['goal']}")], "answer": ""}


async def _reply(state: RunState) -> dict[str, Any]:
    said = interrupt({"question": state["goal"]}) if state["goal"].startswith("ask") else f"re: {state['goal']}"
    return {"messages": [AIMessage(str(said) + "." * 450, id=f"a-{state['goal']}")], "answer": str(said)}


class Chat:
    """Runs goals as turns of threads, on a saver."""

    def __init__(self, saver: Any) -> None:
        graph = StateGraph(RunState)
        graph.add_node("hear", _hear)
        graph.add_node("reply", _reply)
        graph.add_edge(START, "hear")
        graph.add_edge("hear", "reply")
        graph.add_edge("reply", END)
        self.graph = graph.compile(checkpointer=saver)

    @staticmethod
    def config(thread: str) -> RunnableConfig:
        return {"configurable": {"thread_id": thread}}

    async def say(self, thread: str, goal: Any) -> dict[str, Any]:
        """One turn: a goal, or a Command that resumes. Returns the state."""
        given = {"goal": goal, "run_key": f"run-{thread}"} if isinstance(goal, str) else goal
        return dict(await self.graph.ainvoke(given, self.config(thread), durability="sync"))

    async def ids(self, thread: str) -> list[str]:
        """The ids of the messages of a thread, in order."""
        state = await self.graph.aget_state(self.config(thread))
        return [str(message.id) for message in state.values.get("messages", [])]


@pytest.fixture
def chat() -> type[Chat]:
    return Chat
