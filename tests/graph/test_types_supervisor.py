"""The supervisor: specialists declared as data, tasks handed to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.servers.openai_server import OpenAIServer, Reply, Request
from graph.run import aask
from graph.supervisor import SPECIALISTS, build, declared
from memory.settings import Settings
from models.chat import ChatBrain
from nodes.delegate import able, handed_out
from nodes.review import reason_to_review
from state.intent import Intent
from state.plan import Plan, Task, check_plan
from state.policy import NAMED
from tools.registry import Toolbox, tool


@tool(risk="read", trusted=True)
def price(article: str) -> int:
    """The price of an article."""
    return {"bread": 3, "milk": 2}[article]


@tool(risk="write")
def order(article: str) -> str:
    """Order an article."""
    return f"ordered {article}"


SHOP = [
    {"name": "buyer", "about": "Knows prices.", "prompt": "You know prices.", "tools": ["price"], "max_steps": 3},
    {"name": "clerk", "about": "Orders.", "tools": ["order"]},
    {"name": "idle", "about": "Has nothing.", "tools": ["nothing"]},
]


def test_only_those_with_something_to_work_with_are_given_tasks() -> None:
    fitted = able(declared(SHOP), Toolbox([price, order]))
    assert [(one.name, one.tools) for one in fitted] == [("buyer", ["price"]), ("clerk", ["order"])]


def test_what_belongs_together_goes_to_one_specialist_and_the_rest_runs_beside_it() -> None:
    plan = Plan(
        tasks=[
            Task(id="a", goal="The price of bread?", tool="price", args={"article": "bread"}),
            Task(id="b", goal="The price of milk?", tool="price", args={"article": "milk"}),
            Task(id="c", goal="Order", tool="order", args={"article": "{{b}}"}, after=["b"]),
        ]
    )
    intent = Intent(kind="question", goal="...", questions=["The price of bread?"])
    both = [*declared(SHOP), *declared([{"name": "all", "about": "All.", "tools": ["price", "order"]}])]
    made = handed_out(plan, able(both, Toolbox([price, order])), intent)
    assert [(task.id, task.args["goal"]) for task in made.tasks] == [
        ("buyer_1", "The price of bread?"),
        ("all_2", "The price of milk? Order"),
    ]
    assert made.tasks[0].args["max_steps"] == 3
    assert check_plan(made, [price, order]) == []


def test_a_plan_that_gives_an_agent_writing_tools_is_reviewed() -> None:
    agent = Task(id="a", goal="Order", tool="agent", args={"goal": "Order bread", "tools": ["order"]})
    told = reason_to_review(Plan(tasks=[agent]), {"plan_source": "brain"}, NAMED["default"], Toolbox([price, order]))
    assert told == "it does more than read: order"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no specialists"),
        ('[[specialists]]\nname = "A B"\nabout = "x"', "name: String should match"),
        ('[[specialists]]\nname = "a"\nabout = "x"\n[[specialists]]\nname = "a"\nabout = "y"', "the same name"),
    ],
)
def test_specialists_that_cannot_be_read_are_said_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "specialists.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=said):
        build(specialists=file)


def test_the_specialists_there_are_have_different_tools() -> None:
    assert len({tuple(one.tools) for one in SPECIALISTS}) == len(SPECIALISTS)


def _model(request: Request) -> Any:
    """Plans with specialists, acts as one of them, and writes."""
    system = str(request.messages[0]["content"])
    if "You plan." in system:
        assert "buyer" in request.text
        assert "price (read)" not in request.text
        tasks = [
            {"id": f"t{n}", "goal": f"Price of {what}", "tool": "buyer", "args": {"goal": f"Find the price of {what}"}}
            for n, what in enumerate(("bread", "milk"), 1)
        ]
        return {"tasks": tasks}
    if "You sort requests" in system:
        return {"kind": "question", "goal": "", "questions": [], "constraints": [], "missing": None, "reply": None}
    if "one step at a time" in system:
        assert "You know prices." in system
        what = "bread" if "bread" in request.text else "milk"
        if "Step 1" in request.text:
            return {"tool": None, "answer": "found", "reason": ""}
        return {"tool": "price", "args": {"article": what}, "reason": "look it up"}
    if "check a draft" in system:
        return {"action": "accept", "reason": "", "findings": [], "tasks": []}
    return Reply("Bread costs 3 [1]. Milk costs 2 [2].")


async def test_a_model_chooses_among_specialists_and_they_work_side_by_side() -> None:
    with OpenAIServer(_model) as server:
        brain = ChatBrain.from_settings(Settings(openai_base_url=server.url))
        graph = build(specialists=SHOP, brain=brain, tools=[price, order], policy="auto")
        out = await graph.ainvoke({"goal": "What do bread and milk cost?"})
    assert {name: r.tool for name, r in out["results"].items()} == {"t1": "agent", "t2": "agent"}
    assert [item.value for r in out["results"].values() for item in r.items] == [3, 2], json.dumps(
        {name: r.to_json() for name, r in out["results"].items()}, indent=1
    )


async def test_a_specialist_has_a_budget_of_its_own() -> None:
    task = Task(
        id="t1", goal="Look", tool="agent", args={"goal": "What is 2 + 3? What is 4 + 5?", "budget": {"tool_calls": 1}}
    )
    outcome = await aask("sums", type="supervisor", plan=Plan(tasks=[task]))
    error = outcome.results["t1"].error
    assert error is not None
    assert error.message == "the agent's own budget of tool_calls is used up"
    assert outcome.stop_reason == "budget"
