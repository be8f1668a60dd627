from __future__ import annotations

from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from memory.journal import Journal
from models.brain import BrainError
from models.reflex.brain import ReflexBrain
from nodes.checks import check
from nodes.generate import evidence_of, generate
from nodes.kit import Kit
from state.budget import Budget, Usage
from state.context import RunContext
from state.intent import Intent
from state.plan import Plan, Task
from state.policy import Policy
from state.result import TaskError, TaskResult
from state.run import RunState, fresh_run
from state.verdict import Finding, Verdict
from tests.nodes.brains import PRESIDENT, SENATOR, ScriptedBrain, evidence
from tools.registry import Toolbox

GOAL = "How old must a senator be?"


def kit_of(brain: Any) -> Kit:
    return Kit(brain=brain, tools=Toolbox(), policy=Policy(), journal=cast(Journal, None))


def state_of(**more: Any) -> RunState:
    """A run whose three tasks have brought back the first three pieces of evidence."""
    tasks = [Task(id=f"t{n}", goal=f"Task {n}", tool="search") for n in (1, 2)]
    results = {
        item.task: TaskResult(task=item.task, status="done", value=1, evidence=[item], tool="search")
        for item in evidence()[:2]
    }
    state = fresh_run(GOAL, plan=None, budget=Budget(), run_key="k", started=1.0)
    state |= {"plan": Plan(tasks=tasks), "results": results, "approved": True, "plan_source": "brain"}
    state["intent"] = Intent(kind="question", goal=GOAL, questions=[GOAL])
    state["messages"] = [HumanMessage("before"), AIMessage("said"), HumanMessage(GOAL)]
    return cast(RunState, state | more)


async def generated(brain: Any, **more: Any) -> dict[str, Any]:
    return await generate(kit_of(brain))(state_of(**more), Runtime(context=RunContext()))


async def test_a_draft_is_numbered_and_its_quotations_chosen() -> None:
    brain = ScriptedBrain("Presidents: 35 [2]. Senators: 30 [1].")
    update = await generated(brain)
    assert update["draft"].text == "Presidents: 35 [1]. Senators: 30 [2]."
    assert [c.quote in (SENATOR, PRESIDENT) for c in update["draft"].citations] == [True, True]
    assert update["usage"].model_calls == 1
    assert update["usage"].tokens == 15
    assert [message.content for message in brain.seen[0]["history"]] == ["before", "said"]


async def test_findings_are_fed_back() -> None:
    finding = Finding(check="number_not_in_evidence", message="no 31", sentence="Senators: 31 [1].")
    brain = ScriptedBrain("Senators: 30 [1].")
    await generated(brain, verdict=Verdict(action="rewrite", findings=[finding]))
    assert brain.seen[0]["feedback"] == [finding]


async def test_a_reply_is_the_draft() -> None:
    brain = ScriptedBrain("never")
    intent = Intent(kind="small_talk", goal="hi", reply="Hello [1] there.")
    update = await generated(brain, intent=intent, plan=None, results={})
    assert update["draft"].text == "Hello [1] there."
    assert update["draft"].citations == []
    assert brain.seen == []


async def test_a_failing_brain_leaves_an_honest_quotation() -> None:
    update = await generated(ScriptedBrain(BrainError("the key is wrong", usage=Usage(model_calls=3))))
    assert "thirty Years" in update["draft"].text
    assert update["draft"].citations
    assert "the key is wrong" in update["notes"][0]
    assert update["usage"].model_calls == 3


async def test_a_spent_budget_leaves_a_quotation_without_a_model_call() -> None:
    brain = ScriptedBrain("never")
    update = await generated(brain, budget=Budget(tokens=10), usage=Usage(input_tokens=10))
    assert brain.seen == []
    assert "thirty Years" in update["draft"].text
    assert "budget of tokens" in update["notes"][0]
    spent = {"budget": Budget(tool_calls=1), "usage": Usage(tool_calls=1)}
    tools_only = await generated(ScriptedBrain("Senators: 30 [1]."), **spent)
    assert tools_only["draft"].text == "Senators: 30 [1]."


async def test_with_nothing_found_no_model_is_asked_to_guess() -> None:
    brain = ScriptedBrain("It is 30.")
    error = TaskError(kind="transient", message="no network")
    update = await generated(brain, results={"t1": TaskResult(task="t1", status="failed", error=error)})
    assert brain.seen == []
    assert update["draft"].text == ""
    assert update["draft"].gaps == ["Task 1: failed: no network"]


async def test_a_rejected_plan_is_told() -> None:
    update = await generated(ScriptedBrain("never"), results={}, approved=False)
    assert "rejected" in update["draft"].text


async def test_text_is_streamed_as_it_is_written() -> None:
    class Restarting(ScriptedBrain):
        async def write(self, intent: Intent, **more: Any) -> Any:
            more["on_text"]("Sen")
            more["on_text"]("ators")
            more["on_text"].restart()
            return await super().write(intent, **more)

    graph = StateGraph(RunState, context_schema=RunContext)
    graph.add_node("generate", generate(kit_of(Restarting("Senators: 30 [1]."))))
    graph.add_edge(START, "generate")
    graph.add_edge("generate", END)
    events = [e async for e in graph.compile().astream(state_of(), stream_mode="custom", context=RunContext())]
    texts = [(event["text"], event.get("restart", False)) for event in events if event["type"] == "text"]
    assert texts == [("Sen", True), ("ators", False), ("Senators: 30 [1].", True)]
    assert [event["status"] for event in events if event["type"] == "step"] == ["started", "ended"]


async def test_what_model_tasks_came_to_is_told() -> None:
    result = TaskResult(task="t1", status="done", value="a summary", tool="model")
    intent = Intent(kind="action", goal="go", questions=["go"])
    update = await generated(ReflexBrain(), results={"t1": result}, intent=intent)
    assert "a summary [1]" in update["draft"].text
    assert "nothing was done" not in update["draft"].text


async def test_a_long_outcome_is_cut_at_the_end_of_an_item_or_a_word() -> None:
    intent = Intent(kind="action", goal="go", questions=["go"])
    for value in ([f"purple elephant {n}" for n in range(100)], "elegantly dancing elephants " * 60):
        result = TaskResult(task="t1", status="done", value=value, tool="echo")
        draft = (await generated(ReflexBrain(), results={"t1": result}, intent=intent))["draft"]
        assert draft.text.endswith(" [1] …")
        words = draft.text.removesuffix(" [1] …").split()
        assert words[-1].isdigit() or words[-1] in ("elegantly", "dancing", "elephants")
        assert check(draft, evidence_of(state_of(results={"t1": result}, intent=intent)).evidence, goal="go") == []
