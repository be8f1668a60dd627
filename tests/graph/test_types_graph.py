"""The graph type: plans that users declare."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graph.dag import build
from graph.plans import load_plan, parse_plan
from graph.run import aask
from state.plan import Plan, Task, check_plan
from state.result import Origin
from tools.registry import ToolSpec, tool

TOML = """
[[tasks]]
id = "found"
tool = "look_up"
args = { query = "{{goal}}" }

[[tasks]]
id = "length"
goal = "How long it is"
tool = "measure"
args = { text = "{{found}}" }
when = "len(goal) > 3"
"""


@tool(risk="read", trusted=True)
def look_up(query: str) -> str:
    """Look something up."""
    return f"about {query}"


@tool(risk="read", trusted=True)
def measure(text: str) -> int:
    """How long a text is."""
    return len(text)


TOOLS: list[ToolSpec] = [look_up, measure]


async def test_a_declared_plan_serves_many_goals(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(TOML)
    graph = build(plan=file, brain="reflex", tools=TOOLS, checkpointer=InMemorySaver())
    for number, goal in enumerate(["prices", "a longer goal"]):
        out = await graph.ainvoke({"goal": goal}, {"configurable": {"thread_id": str(number)}})
        assert out["results"]["found"].value == f"about {goal}"
        assert out["results"]["length"].value == len(f"about {goal}")


async def test_a_run_may_bring_another_plan() -> None:
    graph = build(plan=parse_plan(TOML), brain="reflex", tools=TOOLS)
    own = Plan(tasks=[Task(id="only", tool="measure", args={"text": "{{goal}}"})])
    out = await graph.ainvoke({"goal": "four", "plan": own})
    assert {name: result.value for name, result in out["results"].items()} == {"only": 4}


async def test_the_goal_comes_from_the_user_and_may_be_acted_on() -> None:
    asked: list[str] = []

    @tool(risk="write", trusted=True)
    def note(text: str) -> str:
        """Write a note."""
        asked.append(text)
        return "noted"

    plan = {"tasks": [{"id": "t1", "tool": "note", "args": {"text": "{{goal}}"}}]}
    outcome = await aask("buy milk", type="graph", plan=plan, tools=[note])
    assert asked == ["buy milk"]
    assert outcome.results["t1"].status == "done"
    assert Origin(sources=["user"]).sources[0] in outcome.results["t1"].origin.sources


async def test_a_plan_that_cannot_run_is_said_and_not_made_again() -> None:
    plan = {"tasks": [{"id": "t1", "tool": "nonsense", "args": {}}]}
    outcome = await aask("anything", type="graph", plan=plan, tools=TOOLS)
    assert outcome.stop_reason == "failed"
    assert "no tool 'nonsense'" in outcome.answer


def test_no_task_may_be_called_goal() -> None:
    problems = check_plan(Plan(tasks=[Task(id="goal", tool="measure", args={"text": "x"})]), TOOLS)
    assert [problem.code for problem in problems] == ["reserved_id"]


@pytest.mark.parametrize(
    "text",
    [
        TOML,
        json.dumps({"tasks": [{"id": "t", "tool": "measure", "args": {"text": "x"}}]}),
        json.dumps([{"id": "t", "tool": "measure", "args": {"text": "x"}}]),
    ],
)
def test_plans_are_json_or_toml(text: str) -> None:
    assert parse_plan(text).tasks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is not JSON"),
        ("[[tasks", "it is not TOML"),
        ("tasks:\n  - id: t1\n", "; what is read is JSON or TOML"),
        ('{"tasks": [{"id": "t"}]}', "tasks.0.tool: Field required"),
        ('{"tasks": []}', "it has no tasks"),
        ("tasks = 3", "tasks: Input should be a valid list"),
        pytest.param('{"tasks":' * 100_000, "it is not JSON", id="deep JSON"),
        pytest.param("tasks = " + "[" * 100_000, "it is not TOML", id="deep TOML"),
    ],
)
def test_what_is_no_plan_is_said_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        parse_plan(text)
    file = tmp_path / "plan"
    file.write_text(text)
    with pytest.raises(ValueError, match=said):
        load_plan(file)


def test_a_plan_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can't be read: No such file"):
        build(plan=tmp_path / "none.toml")
