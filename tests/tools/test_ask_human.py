"""ask_human interrupts the graph with a question and returns the person's answer."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from state.approval import BadAnswer
from tools.ask_human import ask_human
from tools.registry import Call, ToolFailure, current_call

QUESTION = "Which colour shall it have?"
THREAD: Any = {"configurable": {"thread_id": "t"}}


class State(TypedDict, total=False):
    answer: str
    refused: str


@pytest.fixture
def graph() -> Any:
    async def ask(state: State) -> State:
        token = current_call.set(Call(key="k", task="t3"))
        try:
            return {"answer": (await ask_human().call({"question": QUESTION})).value}
        except ToolFailure as failure:
            return {"refused": f"{failure.kind}: {failure}"}
        finally:
            current_call.reset(token)

    builder = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(checkpointer=InMemorySaver())


async def test_the_question_has_langchains_shape(graph: Any) -> None:
    out = await graph.ainvoke({}, THREAD)
    (interrupt,) = out["__interrupt__"]
    assert interrupt.value["action_requests"] == [
        {"name": "ask_human", "args": {"question": QUESTION}, "description": QUESTION}
    ]
    assert interrupt.value["review_configs"] == [
        {"action_name": "ask_human", "allowed_decisions": ["respond", "reject"]}
    ]
    assert (interrupt.value["kind"], interrupt.value["task"]) == ("question", "t3")
    assert interrupt.value["reason"] == "the plan asks a person"


@pytest.mark.parametrize("response", [{"decisions": [{"type": "respond", "message": "green"}]}, "green"])
async def test_the_answer_is_the_value(graph: Any, response: Any) -> None:
    await graph.ainvoke({}, THREAD)
    assert (await graph.ainvoke(Command(resume=response), THREAD))["answer"] == "green"


async def test_a_person_may_decline(graph: Any) -> None:
    await graph.ainvoke({}, THREAD)
    out = await graph.ainvoke(Command(resume={"decisions": [{"type": "reject", "message": "not my call"}]}), THREAD)
    assert out["refused"] == "refused: the person declined to answer: not my call"


@pytest.mark.parametrize("response", [{"decisions": [{"type": "approve"}]}, {"decisions": []}, 17, {"no": "decision"}])
async def test_a_bad_answer_leaves_the_question_open(graph: Any, response: Any) -> None:
    await graph.ainvoke({}, THREAD)
    with pytest.raises(BadAnswer):
        await graph.ainvoke(Command(resume=response), THREAD)
    assert (await graph.ainvoke(Command(resume="green"), THREAD))["answer"] == "green"


def test_an_answer_is_the_users_words() -> None:
    spec = ask_human()
    assert (spec.name, spec.risk, spec.trusted) == ("ask_human", "read", True)
    assert spec.parameters["required"] == ["question"]
