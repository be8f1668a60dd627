from __future__ import annotations

from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from memory.journal import Journal
from models.brain import BrainError
from nodes.citations import cite
from nodes.kit import Kit
from nodes.validate import validate
from state.budget import Budget, Usage
from state.context import RunContext
from state.intent import Intent
from state.plan import Plan, Task
from state.policy import Policy
from state.result import TaskError, TaskResult
from state.run import Rounds, RunState, fresh_run
from state.verdict import Draft, Finding, Verdict
from tests.nodes.brains import ScriptedBrain, evidence
from tools.registry import Toolbox, tool

GOAL = "How old must a senator be?"
GOOD, BAD = "A senator must be 30 years old [1].", "A senator must be 25 years old [1]."


@tool(risk="read")
def search(query: str) -> str:
    """Search."""
    return query


@tool(risk="write")
def send(text: str) -> str:
    """Send."""
    return text


async def validated(text: str, brain: ScriptedBrain | None = None, **more: Any) -> dict[str, Any]:
    items = evidence()[:1]
    results = {"t1": TaskResult(task="t1", status="done", value=1, evidence=items, tool="search")}
    state = fresh_run(GOAL, plan=None, budget=Budget(), run_key="k", started=1.0)
    state |= {"plan": Plan(tasks=[Task(id="t1", goal="Search", tool="search")]), "results": results, "approved": True}
    state["intent"] = Intent(kind="question", goal=GOAL, questions=[GOAL])
    written, citations = cite(text, items)
    state["draft"] = Draft(text=written, citations=citations)
    state |= more
    brain = brain or ScriptedBrain("unused")
    kit = Kit(brain=cast(Any, brain), tools=Toolbox([search, send]), policy=Policy(), journal=cast(Journal, None))
    return await validate(kit)(cast(RunState, state), Runtime(context=RunContext()))


async def test_what_holds_is_judged_and_accepted() -> None:
    brain = ScriptedBrain("unused")
    update = await validated(GOOD, brain)
    assert update["verdict"].action == "accept"
    assert update["draft"].text == GOOD
    assert len(brain.judged) == 1
    assert update["usage"].model_calls == 1
    assert update["rounds"] == Rounds()


async def test_what_does_not_hold_is_written_again_with_the_findings() -> None:
    brain = ScriptedBrain("unused")
    update = await validated(f"{GOOD} {BAD}", brain)
    assert update["verdict"].action == "rewrite"
    assert [finding.sentence for finding in update["verdict"].findings] == [BAD]
    assert update["rounds"].rewrite == 1
    assert brain.judged == []


async def test_when_the_rounds_are_used_up_the_sentence_is_left_out() -> None:
    for more in ({"budget": Budget(rounds=0)}, {"rounds": Rounds(rewrite=2)}, {"rounds": Rounds(rewrite=1, replan=1)}):
        update = await validated(f"{GOOD} {BAD}", **more)
        assert update["verdict"].action == "accept"
        assert update["verdict"].findings
        assert update["draft"].text == GOOD
        assert update["draft"].gaps == ["A statement that the evidence doesn't hold up was left out"]


async def test_a_rewrite_that_changed_nothing_is_not_repeated() -> None:
    first = await validated(f"{GOOD} {BAD}")
    again = await validated(f"{GOOD} {BAD}", verdict=first["verdict"], rounds=first["rounds"])
    assert again["verdict"].action == "accept"
    assert again["draft"].text == GOOD
    other = await validated(f"{GOOD} A senator must be 26 [1].", verdict=first["verdict"], rounds=first["rounds"])
    assert other["verdict"].action == "rewrite"


async def test_the_embedded_brain_is_never_asked_twice() -> None:
    update = await validated(f"{GOOD} {BAD}", ScriptedBrain("unused", name="reflex"))
    assert update["verdict"].action == "accept"
    assert update["draft"].text == GOOD


async def test_of_an_invention_only_quotations_are_left() -> None:
    update = await validated("It is 47, says Elon Musk [1].", budget=Budget(rounds=0))
    assert "thirty Years" in update["draft"].text
    assert "Musk" not in update["draft"].text
    assert update["draft"].citations
    assert any("replaced by quotations" in note for note in update["notes"])


async def test_a_spent_budget_needs_no_judge() -> None:
    brain = ScriptedBrain("unused")
    update = await validated(f"{GOOD} {BAD}", brain, budget=Budget(model_calls=1), usage=Usage(model_calls=1))
    assert brain.judged == []
    assert update["verdict"].action == "accept"
    assert update["draft"].text == GOOD


def lost(kind: str = "transient", task: str = "t2", **more: Any) -> dict[str, TaskResult]:
    error = TaskError(kind=cast(Any, kind), message="no answer")
    items = evidence()[:1]
    return {
        "t1": TaskResult(task="t1", status="done", value=1, evidence=items, tool="search"),
        task: TaskResult(task=task, status="failed", error=error, **{"attempts": 1, **more}),
    }


def with_second(tool_name: str) -> Plan:
    second = Task(id="t2", goal="More", tool=tool_name)
    return Plan(tasks=[Task(id="t1", goal="Search", tool="search"), second])


async def test_a_reading_task_that_failed_for_a_moment_runs_again_once() -> None:
    update = await validated(GOOD, plan=with_second("search"), results=lost())
    assert update["verdict"].action == "rerun"
    assert update["verdict"].tasks == ["t2"]
    assert update["rounds"].rerun == 1
    again = await validated(GOOD, plan=with_second("search"), results=lost(), rounds=update["rounds"])
    assert again["verdict"].action == "accept"


@pytest.mark.parametrize(
    "more",
    [
        {"plan": with_second("send"), "results": lost()},
        {"plan": with_second("search"), "results": lost("permanent")},
        {
            "plan": with_second("search"),
            "results": lost(ended=4e9, attempts=3),
        },
        {"plan": with_second("search"), "results": lost(), "budget": Budget(rounds=0)},
        {
            "plan": Plan(tasks=[*with_second("search").tasks, Task(id="t3", tool="send", after=["t2"])]),
            "results": lost(),
        },
    ],
)
async def test_nothing_else_runs_again(more: dict[str, Any]) -> None:
    assert (await validated(GOOD, **more))["verdict"].action == "accept"


@pytest.mark.parametrize(
    ("wanted", "more", "action"),
    [
        (Verdict(action="replan"), {}, "replan"),
        (Verdict(action="replan"), {"plan_source": "caller"}, "accept"),
        (Verdict(action="replan"), {"rounds": Rounds(replan=1)}, "accept"),
        (Verdict(action="rewrite", reason="too long"), {}, "rewrite"),
        (Verdict(action="rewrite"), {"budget": Budget(rounds=0)}, "accept"),
        (Verdict(action="rerun", tasks=["t1"]), {}, "accept"),
        (Verdict(action="rerun", tasks=["t9"]), {}, "accept"),
        (Verdict(action="give_up", reason="no answer"), {}, "give_up"),
    ],
)
async def test_what_the_judge_wants_is_bounded(wanted: Verdict, more: dict[str, Any], action: str) -> None:
    update = await validated(GOOD, ScriptedBrain("unused", verdicts=[wanted]), **{"plan_source": "brain", **more})
    assert update["verdict"].action == action
    assert update["rounds"].refinements == Rounds(**more.get("rounds", Rounds()).to_json()).refinements + (
        action in ("replan", "rewrite")
    )


async def test_a_judge_who_fails_changes_nothing() -> None:
    update = await validated(GOOD, ScriptedBrain("unused", verdicts=[BrainError("no server")]))
    assert update["verdict"].action == "accept"
    assert "no server" in update["notes"][0]


async def test_a_reply_claims_nothing() -> None:
    intent = Intent(kind="small_talk", goal="hi", reply="I am 30 and from Paris.")
    update = await validated("x", intent=intent, plan=None, results={}, draft=Draft(text="I am 30 and from Paris."))
    assert update["verdict"] == Verdict(action="accept", reason="It is a reply and claims nothing.")


async def test_refinement_always_ends() -> None:
    """Whatever the judge says, and whatever is written, no more rounds are taken than the budget has."""
    state: dict[str, Any] = {"verdict": None, "rounds": Rounds()}
    texts = iter(f"{GOOD} A senator must be {n} years old [1]." for n in range(40, 80))
    for taken in range(10):
        verdicts = [Verdict(action="rewrite", findings=[Finding(check="judge", message=str(taken))])]
        update = await validated(next(texts), ScriptedBrain("unused", verdicts=verdicts), **state)
        state = {"verdict": update["verdict"], "rounds": update["rounds"]}
        if update["verdict"].action == "accept":
            break
    assert taken == Budget().rounds


@pytest.mark.parametrize(
    "text",
    [
        "blah blah",
        "Ja, sehr hoch",
        "# Ask Mallory for the keys",
        "Have you sent your password to evil.example?",
        "Have you not sent the documents?",
    ],
)
async def test_a_draft_that_neither_claims_nor_names_a_gap_gives_way_to_quotations(text: str) -> None:
    update = await validated(text, budget=Budget(rounds=0))
    assert "thirty Years" in update["draft"].text
    assert text not in update["draft"].text
    assert update["draft"].citations


async def test_a_heading_that_nothing_holds_up_is_left_out_without_another_draft() -> None:
    update = await validated(f"## Ask Mallory for the keys\n\n{GOOD}")
    assert update["verdict"].action == "accept"
    assert update["verdict"].findings == []
    assert (update["draft"].text, update["draft"].gaps) == (GOOD, [])
    assert any("left out" in note for note in update["notes"])
    assert not any("Mallory" in note for note in update["notes"])


async def test_a_gap_outlasts_its_heading() -> None:
    text = "The documents don't say how old a senator must be."
    assert (await validated(f"## Ask Mallory for the keys\n\n{text}"))["draft"].text == text


async def test_a_draft_that_names_a_gap_stands() -> None:
    text = "The documents don't say how old a senator must be."
    assert (await validated(text))["draft"].text == text
