"""The values of the state: they read like objects and like JSON, and come back from a checkpoint as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from pydantic import ValidationError

from memory.persistence import open_checkpointer
from state.approval import BadAnswer, HumanResponse, Question, ask_person, question, response_schema
from state.budget import Budget, Usage
from state.intent import Intent
from state.plan import Plan, Problem, Task
from state.policy import NAMED, Policy
from state.record import Record
from state.result import Citation, Evidence, Origin, TaskError, TaskResult
from state.run import Rounds, RunReport, RunState, fresh_run
from state.verdict import Draft, Finding, Verdict

RESULT = TaskResult(
    task="t1",
    status="done",
    value={"rows": [[1, 2.5, None, True, "é\u2028"]], "nested": {"a": [{}]}},
    error=TaskError(kind="transient", message="late", retry_after=1.5),
    evidence=[Evidence(text="words", source="a.txt", place="line 3", score=0.5)],
    origin=Origin(trusted=False, sources=["t1 (search)"]),
    attempts=2,
    started=1.5,
    ended=2.5,
    items=[TaskResult(task="t1", status="skipped", reason="not the case")],
)
TASK = Task(id="t1", tool="x", args={"a": [1, {"b": None}]}, each=[1, "{{x}}"], until="result", timeout=3)
CITATION = Citation(number=1, quote="words", source="a.txt")


def test_a_record_reads_like_the_object_it_becomes() -> None:
    assert RESULT["status"] == RESULT.status == RESULT.get("status") == "done"
    assert RESULT["evidence"][0]["text"] == "words"
    assert "value" in RESULT
    assert "values" not in RESULT
    assert (RESULT.get("values"), RESULT.get("values", 3)) == (None, 3)
    assert list(RESULT) == list(RESULT.keys()) == list(RESULT.to_json())
    assert len(RESULT) == len(RESULT.to_json())
    assert {**RESULT}["task"] == "t1"
    with pytest.raises(KeyError):
        RESULT["values"]
    assert TaskResult.model_validate(json.loads(json.dumps(RESULT.to_json()))) == RESULT


def test_a_record_keeps_its_shape() -> None:
    with pytest.raises(ValidationError):
        Origin(trusted=True, typo=1)  # type: ignore[call-arg]
    origin = Origin()
    with pytest.raises(ValidationError):
        origin.sources = 3  # type: ignore[assignment]


def test_an_origin_is_as_trusted_as_its_least_trusted_part() -> None:
    merged = Origin.merge([Origin(sources=["plan"]), Origin(trusted=False, sources=["web", "plan"])])
    assert merged == Origin(trusted=False, sources=["plan", "web"])
    assert Origin.merge([]).trusted


@given(
    spent=st.builds(Usage, tool_calls=st.integers(0, 9), input_tokens=st.integers(0, 9), money=st.floats(0, 9)),
    more=st.builds(Usage, tool_calls=st.integers(0, 9), output_tokens=st.integers(0, 9), seconds=st.floats(0, 9)),
)
def test_usage_adds_up(spent: Usage, more: Usage) -> None:
    total = spent + more
    assert total == more + spent
    assert (total.tool_calls, total.tokens) == (spent.tool_calls + more.tool_calls, spent.tokens + more.tokens)
    for bound in ("tool_calls", "tokens", "money"):
        reached = getattr(total, bound)
        if reached:
            assert total.exceeded(Budget(**{bound: reached})) == bound
            assert total.exceeded(Budget(**{bound: reached + 1})) is None
    assert total.exceeded(Budget()) is None


def test_a_bound_of_no_calls_is_reached_at_once() -> None:
    assert Usage().exceeded(Budget(tool_calls=0)) == "tool_calls"


ASKED = question(
    "approval",
    name="pay",
    args={"to": "alice", "amount": 3},
    description="Pay somebody",
    allowed=["approve", "edit", "reject"],
    reason="it can't be undone",
    args_schema={"properties": {"to": {"type": "string"}, "amount": {"type": "number"}}, "required": ["to"]},
    origins={"to": Origin(trusted=False, sources=["web"])},
)


def test_a_question_has_langchains_shape_and_shows_where_values_come_from() -> None:
    assert ASKED["action_requests"] == [
        {"name": "pay", "args": {"to": "alice", "amount": 3}, "description": "Pay somebody"}
    ]
    assert ASKED["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject"]
    assert ASKED["provenance"] == {"to": {"value": "alice", "trusted": False, "sources": ["web"]}}
    json.dumps(ASKED)


EDIT = {"type": "edit", "edited_action": {"name": "pay", "args": {"to": "bob"}}}


@pytest.mark.parametrize(
    "answer",
    [
        {"decisions": [{"type": "approve"}]},
        [{"type": "approve"}],
        {"type": "approve"},
        {"decisions": [EDIT], "who": "carol"},
        {"type": "edit", "args": {"to": "bob"}},
        {"type": "reject", "message": "no"},
    ],
)
def test_answers_may_be_short(answer: Any) -> None:
    assert response_schema(ASKED).model_validate(answer).decisions[0].type in ("approve", "edit", "reject")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"decisions": []}, "at least 1 item"),
        ({"decisions": [{"type": "approve"}, {"type": "approve"}]}, "2 decisions were given"),
        ("yes", "text alone answers a question; here a decision is needed"),
        ({"type": "respond", "message": "yes"}, "'respond' isn't possible here; possible: approve, edit, reject"),
        ({"type": "edit"}, "an edit needs edited_action"),
        ({"type": "edit", "args": {"to": 3}}, "the edited arguments don't fit: to: 3 is not of type 'string'"),
        ({"type": "edit", "args": {"to": "{{t1}}", "amount": "{{t1}}"}}, "amount: '{{t1}}' is not of type 'number'"),
        ({"type": "edit", "edited_action": {"name": "x", "args": {"to": "b"}}}, "the tool can't be changed here"),
        ({"type": "maybe"}, "Input should be 'approve'"),
        (7, "valid dictionary"),
        (None, "valid dictionary"),
    ],
)
def test_a_bad_answer_says_what_is_wrong(answer: Any, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        response_schema(ASKED).model_validate(answer)
    assert told in str(caught.value)


def test_text_alone_responds_to_a_question() -> None:
    asked = question("question", name="ask", args={}, description="Which?", allowed=["respond"], reason="unclear")
    assert response_schema(asked).model_validate("this one").decisions[0].message == "this one"
    assert HumanResponse.model_validate("x").decisions[0].type == "respond"


async def test_a_bad_answer_leaves_the_question_open() -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    class State(RunState):
        pass

    async def ask(state: RunState) -> dict[str, Any]:
        asked: Question = question("question", name="q", args={}, description="?", allowed=["respond"], reason="r")
        return {"answer": ask_person(asked).decisions[0].message}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    compiled = graph.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    out = await compiled.ainvoke({"goal": "g"}, config)
    (asked,) = out["__interrupt__"]
    with pytest.raises(BadAnswer, match="isn't possible here"):
        await compiled.ainvoke(Command(resume={asked.id: {"type": "approve"}}), config)
    assert (await compiled.aget_state(config)).interrupts
    assert (await compiled.ainvoke(Command(resume={asked.id: "words"}), config))["answer"] == "words"


def full_state() -> dict[str, Any]:
    """A value in every channel, of every type that may be there."""
    state = fresh_run("goal", plan=Plan(tasks=[TASK]), budget=Budget(seconds=3, money=0.5), run_key="k", started=1.0)
    return {
        **state,
        "messages": [{"role": "user", "content": "hello"}],
        "intent": Intent(kind="question", goal="g"),
        "approved": True,
        "problems": [Problem(code="cycle", task="t1", message="m")],
        "results": {"t1": RESULT},
        "draft": Draft(text="t [1]", citations=[CITATION], gaps=["g"]),
        "verdict": Verdict(action="rerun", findings=[Finding(check="c", message="m")], tasks=["t1"]),
        "rounds": Rounds(rewrite=1),
        "usage": Usage(seconds=0.5, tool_calls=2),
        "notes": ["n"],
        "answer": "a",
        "citations": [CITATION],
        "stop_reason": "partial",
        "report": RunReport(thread_id="t", critical_path=["t1"]),
    }


async def test_every_value_of_the_state_comes_back_from_a_file_as_it_was(tmp_path: Path) -> None:
    given_state = full_state()

    async def write(state: RunState) -> dict[str, Any]:
        return {name: value for name, value in given_state.items() if name != "messages"}

    graph = StateGraph(RunState)
    graph.add_node("write", write)
    graph.add_edge(START, "write")
    graph.add_edge("write", END)
    config: Any = {"configurable": {"thread_id": "t"}}
    file = str(tmp_path / "checkpoints.sqlite")
    async with open_checkpointer(file) as saver:
        compiled = graph.compile(checkpointer=saver)
        await compiled.ainvoke({"messages": given_state["messages"]}, config, durability="sync")
    async with open_checkpointer(file) as saver:
        found = (await graph.compile(checkpointer=saver).aget_state(config)).values
    assert [message.content for message in found.pop("messages")] == ["hello"]
    for name, value in given_state.items():
        if name != "messages":
            assert found[name] == value, name
            assert type(found[name]) is type(value), name
    assert isinstance(found["results"]["t1"].items[0], TaskResult)
    assert isinstance(found["plan"].tasks[0], Task)


def test_policies_say_who_may_do_what() -> None:
    mine, web = {"to": Origin()}, {"to": Origin(trusted=False)}

    def action(policy: Policy, risk: Any, origins: dict[str, Origin]) -> str:
        return policy.decide(tool="x", risk=risk, args={"to": "a"}, origins=origins).action

    default, alone = NAMED["default"], NAMED["default"].model_copy(update={"attended": False})
    assert [action(default, risk, mine) for risk in ("read", "write", "irreversible")] == ["auto", "auto", "ask"]
    assert [action(default, risk, web) for risk in ("read", "write", "irreversible")] == ["auto", "ask", "ask"]
    assert [action(alone, risk, web) for risk in ("read", "write", "irreversible")] == ["auto", "deny", "deny"]
    assert {action(NAMED["auto"], risk, web) for risk in ("read", "write", "irreversible")} == {"auto"}


def test_every_record_is_json() -> None:
    for record in (RESULT, TASK, CITATION, Budget(), Usage(), Rounds(), RunReport(), NAMED["ask"]):
        assert isinstance(record, Record)
        assert type(record).model_validate(json.loads(json.dumps(record.to_json()))) == record
