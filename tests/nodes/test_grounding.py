"""Whatever a model writes, a run ends in a grounded answer or says honestly that there is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.orchestrator import build
from models.brain import BrainError, Thought
from models.reflex.brain import ReflexBrain
from nodes.checks import check
from nodes.citations import verbatim
from nodes.guardrails import AllowedTopics, Guards
from state.intent import Intent
from state.plan import Plan, Task
from state.result import Evidence
from state.verdict import Draft
from tests.nodes.brains import PRESIDENT, REPORT, SENATOR, ScriptedBrain
from tools.registry import ToolOutput, tool

GOAL = "How old must a senator be, and how old a president?"
FOUND = [
    Evidence(text=SENATOR, source="constitution.txt", place="Article I"),
    Evidence(text=PRESIDENT, source="constitution.txt", place="Article II"),
    Evidence(text=REPORT, source="report.pdf", place="page 3"),
]


@tool(risk="read")
def look_up(query: str) -> list[str]:
    """Look something up."""
    return ToolOutput([item.text for item in FOUND], FOUND)  # type: ignore[return-value]


class Careless(ScriptedBrain):
    """Plans well and writes what it likes."""

    async def parse_intent(self, goal: str, **_: Any) -> Thought[Intent]:
        return await ReflexBrain().parse_intent(goal)

    async def decompose(self, intent: Intent, **_: Any) -> Thought[Plan]:
        return Thought(Plan(tasks=[Task(id="t1", goal="Look up", tool="look_up", args={"query": intent.goal})]))


async def ask(*drafts: Any, guards: Guards | None = None) -> dict[str, Any]:
    graph = build(brain=Careless(*drafts), tools=[look_up], guards=guards)
    out: dict[str, Any] = await graph.ainvoke({"goal": GOAL}, {"configurable": {"thread_id": "t"}})
    return out


def is_grounded(out: dict[str, Any]) -> bool:
    evidence = [item.model_copy(update={"task": "t1"}) for item in FOUND]
    answer = out["answer"].partition("\n\nWhat is missing:")[0]
    assert all(any(verbatim(c.quote, item.text) for item in evidence) for c in out["citations"])
    return check(Draft(text=answer, citations=out["citations"]), evidence, goal=GOAL) == []


@pytest.mark.parametrize(
    "drafts",
    [
        ["A senator must be 25 years old and live in Ohio. Presidents must be 40 [2]."],
        ["As an AI language model, I think senators are wise. " * 20],
        ["The answer is 30."],
        ['{"text": "30"}'],
        ["[1][2][3]"],
        [""],
        ["**"],
        ["I don't know, but it is probably 42."],
        ["1. 25\n2. 26\n3. 27"],
        ["```\nage = 25\n```"],
        [BrainError("no server")],
        ["A senator must be 25 [1].", BrainError("no server")],
    ],
)
async def test_an_invention_is_replaced_by_quotations(drafts: list[Any]) -> None:
    out = await ask(*drafts)
    assert is_grounded(out)
    assert out["stop_reason"] == "answered"
    assert {c.place for c in out["citations"]} == {"Article I", "Article II"}
    assert "25" not in out["answer"]


async def test_the_second_draft_may_be_better() -> None:
    out = await ask("A senator must be 25 [1].", "A senator must be 30 [1] and a president 35 [2].")
    assert out["answer"] == "A senator must be 30 [1] and a president 35 [2]."
    assert out["stop_reason"] == "answered"
    assert out["report"].rounds.rewrite == 1


async def test_an_ornament_is_left_out_and_said_to_be() -> None:
    out = await ask("A senator must be 30 [1]. A president must be 35 [2]. Abraham Lincoln liked this [1].")
    assert out["answer"].startswith("A senator must be 30 [1]. A president must be 35 [2].\n\nWhat is missing:")
    assert out["stop_reason"] == "partial"
    assert is_grounded(out)


async def test_an_honest_gap_stays() -> None:
    out = await ask("The documents don't say how old a senator must be.")
    assert out["answer"] == "The documents don't say how old a senator must be."
    assert out["stop_reason"] == "not_found"


PHRASES = [SENATOR, REPORT, "A senator must be 30 [1].", "He was 47.", "[9]", "Paris", "25 [2]", "# Ages", "- ", "\n"]


@settings(max_examples=25)
@given(st.lists(st.sampled_from(PHRASES), max_size=6))
async def test_any_draft_ends_grounded(pieces: list[str]) -> None:
    assert is_grounded(await ask(" ".join(pieces)))


async def test_a_goal_that_a_guard_blocks_is_answered_by_the_guard() -> None:
    topics = AllowedTopics({"billing": ["invoice"]})
    out = await ask("never", guards=Guards(input=[topics]))
    assert out["answer"] == "I can help with billing; this seems to be about something else."
    assert out["stop_reason"] == "refused"
    assert out["results"] == {}
