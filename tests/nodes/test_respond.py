from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from memory.journal import Journal
from nodes.guardrails import Guard, Guards, OutputSchema
from nodes.kit import Kit
from nodes.respond import NO_ANSWER, compose, critical_path, respond
from state.budget import Budget, Usage
from state.context import RunContext
from state.intent import Intent
from state.plan import Plan, Problem, Task
from state.policy import Policy
from state.result import TaskError, TaskResult
from state.run import Rounds, RunState, fresh_run
from state.verdict import Draft, Finding, Verdict
from tests.nodes.brains import ScriptedBrain, citation
from tools.registry import Toolbox

GITHUB = "ghp_" + "a1B2" * 9
CITED = Draft(text="It is 30 [1].", citations=[citation(1, "thirty Years")])
PARTLY = CITED.model_copy(update={"gaps": ["B: failed: no network"]})
KIT = Kit(brain=cast(Any, ScriptedBrain("x")), tools=Toolbox(), policy=Policy(), journal=cast(Journal, None))


def result(task: str = "t1", status: Any = "done", kind: Any = None, message: str = "why", **more: Any) -> TaskResult:
    error = TaskError(kind=kind, message=message) if kind else None
    return TaskResult(task=task, status=status, error=error, **more)


def state_of(draft: Draft, **more: Any) -> RunState:
    state = fresh_run("How old?", plan=None, budget=Budget(), run_key="k", started=5.0)
    state |= {"plan": Plan(tasks=[Task(id="t1", tool="search")]), "results": {"t1": result()}, "approved": True}
    state |= {"draft": draft, "verdict": Verdict(action="accept")}
    return cast(RunState, state | more)


async def responded(draft: Draft, guards: list[Guard] | None = None, **more: Any) -> dict[str, Any]:
    node = respond(KIT) if guards is None else respond(replace(KIT, guards=Guards(output=guards)))
    return await node(state_of(draft, **more), Runtime(context=RunContext()))


FINDING = Finding(check="number_not_in_evidence", message="no 31", sentence="x")
REPLY = Intent(kind="small_talk", goal="hi", reply="Hello.")
CANNOT = Intent(kind="action", goal="order a pizza", reply="I can't do that.")
NOTHING = Draft(text="", gaps=["A: nothing was found"])


@pytest.mark.parametrize(
    ("stop_reason", "draft", "more"),
    [
        ("answered", CITED, {}),
        ("answered", Draft(text="Hello."), {"intent": REPLY, "plan": None, "results": {}}),
        ("answered", Draft(text="Sent."), {"intent": Intent(kind="action", goal="send")}),
        ("refused", Draft(text="I can't."), {"intent": CANNOT, "plan": None, "results": {}}),
        ("refused", Draft(text="No."), {"stop_reason": "refused"}),
        ("refused", NOTHING, {"results": {"t1": result(status="refused", kind="refused", message="nobody to ask")}}),
        ("declined", NOTHING, {"results": {"t1": result(status="refused", kind="refused", message="rejected: no")}}),
        ("declined", Draft(text="Nothing was done."), {"approved": False, "results": {}}),
        ("not_found", NOTHING, {}),
        ("not_found", Draft(text="The documents don't say."), {}),
        ("not_found", NOTHING, {"results": {"t1": result(status="failed", kind="not_found")}}),
        ("partial", CITED, {"verdict": Verdict(action="give_up")}),
        ("failed", NOTHING, {"results": {"t1": result(status="failed", kind="permanent")}}),
        ("failed", NOTHING, {"results": {}, "problems": [Problem(code="cycle", message="a cycle")]}),
        ("partial", PARTLY, {}),
        ("budget", PARTLY, {"usage": Usage(tool_calls=3), "budget": Budget(tool_calls=3)}),
        ("budget", PARTLY, {"results": {"t1": result(status="failed", kind="budget")}}),
        ("answered", CITED, {"usage": Usage(tool_calls=3), "budget": Budget(tool_calls=3)}),
        ("rounds", PARTLY, {"verdict": Verdict(action="accept", findings=[FINDING]), "rounds": Rounds(rewrite=2)}),
        ("rounds", CITED, {"verdict": Verdict(action="accept", findings=[FINDING]), "rounds": Rounds(rewrite=2)}),
    ],
)
async def test_stop_reasons(stop_reason: str, draft: Draft, more: dict[str, Any]) -> None:
    assert (await responded(draft, **more))["stop_reason"] == stop_reason


async def test_the_answer_names_what_is_missing() -> None:
    update = await responded(PARTLY)
    assert update["answer"] == "It is 30 [1].\n\nWhat is missing:\n- B: failed: no network"
    assert update["citations"] == CITED.citations
    message = update["messages"][0]
    assert (message.type, message.content, message.id) == ("ai", update["answer"], "k-answer")


def test_gaps_that_the_draft_tells_are_not_told_twice() -> None:
    draft = Draft(text="The documents don't say: who is it?", gaps=["The documents don't say: who is it?"])
    assert compose(draft) == draft.text
    assert compose(Draft(text="")) == NO_ANSWER
    many = compose(Draft(text="x", gaps=[f"gap number {n}." for n in range(40)]))
    assert many.count("\n- ") == 12
    assert many.endswith("and 29 more")


async def test_what_goes_out_is_guarded() -> None:
    quoted = [citation(1, f"key {GITHUB}")]
    draft = Draft(text=f"The key is {GITHUB} \x1b[31m[1].", citations=quoted, gaps=[f"x {GITHUB}"])
    update = await responded(draft)
    assert GITHUB not in str(update)
    assert "\x1b" not in update["answer"]
    assert any("sensitive data" in note for note in update["notes"])
    blocked = await responded(CITED, [OutputSchema({"type": "object"})])
    assert blocked["stop_reason"] == "refused"
    assert blocked["answer"].startswith("The answer doesn't have the form")
    assert blocked["citations"] == []


def test_the_critical_path_is_the_longest_chain() -> None:
    plan = Plan(
        tasks=[
            Task(id="a", tool="x"),
            Task(id="b", tool="x", after=["a"]),
            Task(id="c", tool="x"),
            Task(id="d", tool="x", after=["b", "c"]),
        ]
    )
    results = {
        "a": result("a", started=0.0, ended=1.0),
        "b": result("b", started=1.0, ended=2.0),
        "c": result("c", started=0.0, ended=1.5),
        "d": result("d", started=2.0, ended=4.0),
    }
    assert critical_path(plan, results) == (["a", "b", "d"], 4.0)
    assert critical_path(plan, {}) == ([], 0.0)
    assert critical_path(Plan(), {}) == ([], 0.0)
    cycle = Plan(tasks=[Task(id="a", tool="x", after=["b"]), Task(id="b", tool="x", after=["a"])])
    assert critical_path(cycle, results) == ([], 0.0)


async def test_the_report() -> None:
    graph = StateGraph(RunState, context_schema=RunContext)
    graph.add_node("respond", respond(KIT))
    graph.add_edge(START, "respond")
    graph.add_edge("respond", END)
    state = state_of(CITED, usage=Usage(seconds=2.5, input_tokens=3), notes=["fell back"], rounds=Rounds(rewrite=1))
    out = await graph.compile().ainvoke(state, {"configurable": {"thread_id": "th"}}, context=RunContext())
    report = out["report"]
    assert report.thread_id == "th"
    assert report.brain == "scripted"
    assert report.started == 5.0
    assert report.ended > report.started
    assert report.usage.seconds == 2.5
    assert report.rounds.rewrite == 1
    assert report.notes == ["fell back"]
