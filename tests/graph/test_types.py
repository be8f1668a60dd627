"""Every orchestration type, over a real document with the embedded brain: answers, approvals, restarts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graph.outcome import Outcome
from graph.run import aask, aresume
from graph.types import TYPES, builder
from tools.registry import tool
from tools.search_documents import search_documents

DOCUMENT = Path(__file__).parents[2] / "examples" / "us-constitution.txt"
SENATOR = "How old must a senator be?"
THREE = "How old must a senator be, how old a president, and what is the difference?"
BY_GOAL = [name for name in TYPES if name != "event"]


def quotes_are_verbatim(outcome: Outcome) -> bool:
    text = " ".join(DOCUMENT.read_text("utf-8").split()).lower()
    quoted = [c.quote for c in outcome.citations if c.source.endswith(DOCUMENT.name)]
    return bool(quoted) and all(" ".join(quote.split()).lower().rstrip(".") in text for quote in quoted)


@pytest.mark.parametrize("type_name", BY_GOAL)
async def test_each_answers_with_verbatim_quotations(type_name: str) -> None:
    outcome = await aask(SENATOR, docs=DOCUMENT, type=type_name)
    assert outcome.finished
    assert outcome.stop_reason == "answered", outcome.answer
    assert "thirty Years" in outcome.answer
    assert quotes_are_verbatim(outcome)
    assert outcome.report is not None
    assert outcome.report.usage.tool_calls >= 1


@pytest.mark.parametrize("type_name", [name for name in BY_GOAL if name != "sequential"])
async def test_each_that_can_plan_computes_from_what_it_found(type_name: str) -> None:
    outcome = await aask(THREE, docs=DOCUMENT, type=type_name)
    assert "The difference is 5" in outcome.answer
    assert outcome.stop_reason == "answered"


async def test_a_sequence_says_what_one_search_cannot_do() -> None:
    outcome = await aask(THREE, docs=DOCUMENT, type="sequential")
    assert outcome.stop_reason == "partial"
    assert "What is the difference" in outcome.answer.partition("What is missing:")[2]


@pytest.mark.parametrize("type_name", BY_GOAL)
async def test_each_says_so_when_nothing_answers(type_name: str) -> None:
    outcome = await aask("What is the boiling point of tungsten?", docs=DOCUMENT, type=type_name)
    assert outcome.stop_reason in ("not_found", "partial", "failed")
    assert not outcome.citations or outcome.stop_reason == "partial"


@pytest.mark.parametrize("type_name", BY_GOAL)
async def test_documents_that_cannot_be_read_are_said_and_not_made_up_for_by_the_web(
    type_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "law.pdf").write_bytes(b"%PDF-1.4 broken")
    monkeypatch.setenv("ORCHESTRATE_DOCS", json.dumps([str(tmp_path / "law.pdf")]))
    outcome = await aask("Who may become a senator?", type=type_name)
    assert outcome.stop_reason == "failed"
    assert "no document could be read" in outcome.answer
    assert "search_web" not in {result.tool for result in outcome.results.values()}


@pytest.mark.parametrize("type_name", BY_GOAL)
async def test_a_question_over_documents_that_cannot_be_read_stays_here(type_name: str) -> None:
    searched: list[str] = []

    @tool(risk="read")
    def search_web(query: str) -> list[str]:
        """Search the web."""
        searched.append(query)
        return []

    damaged = replace(search_documents(None), unavailable="the index is damaged")
    graph = builder(type_name)(brain="reflex", tools=[damaged, search_web], checkpointer=InMemorySaver())
    out = await graph.ainvoke({"goal": SENATOR}, {"configurable": {"thread_id": "t"}})
    assert searched == []
    assert "the index is damaged" in out["answer"]
    assert not out["citations"]


@pytest.mark.parametrize("type_name", BY_GOAL)
async def test_small_talk_needs_no_work(type_name: str) -> None:
    outcome = await aask("Hello!", docs=DOCUMENT, type=type_name)
    assert outcome.stop_reason == "answered"
    assert not outcome.results


@pytest.mark.parametrize("type_name", [name for name in BY_GOAL if name != "sequential"])
async def test_an_effect_is_asked_about_and_made_once_after_a_restart(type_name: str, tmp_path: Path) -> None:
    made: list[str] = []

    @tool(risk="irreversible")
    def send_note(text: str) -> str:
        """Send a note."""
        made.append(text)
        return f"sent: {text}"

    goal = 'Send a note with the text "milk is out".'
    plan = {"tasks": [{"id": "t1", "goal": "Send the note", "tool": "send_note", "args": {"text": "milk is out"}}]}
    options: dict[str, Any] = {"tools": [send_note]}
    if type_name in ("graph", "supervisor"):
        options["plan"] = plan
    asked = await aask(goal, type=type_name, thread_id="effect", **options)
    kinds = [one.kind for one in asked.waiting]
    while kinds == ["plan"]:
        asked = await aresume("effect", {"decisions": [{"type": "approve"}]}, tools=[send_note])
        kinds = [one.kind for one in asked.waiting]
    assert kinds == ["approval"]
    assert asked.waiting[0].request["action_requests"][0]["name"] == "send_note"
    assert made == []
    # Every call opens the file anew: what was asked is answered by what is on disk alone.
    done = await aresume("effect", {"decisions": [{"type": "approve"}]}, tools=[send_note])
    assert done.finished, done.waiting
    assert made == ["milk is out"]
    again = await aresume("effect", tools=[send_note])
    assert again.finished
    assert made == ["milk is out"]


@pytest.mark.parametrize("type_name", [name for name in BY_GOAL if name != "sequential"])
async def test_what_a_servers_cron_begins_asks_nobody(type_name: str) -> None:
    @tool(risk="irreversible")
    def send_note(text: str) -> str:
        """Send a note."""
        raise AssertionError("nobody has approved it")

    task = {"id": "t1", "goal": "Send the note", "tool": "send_note", "args": {"text": "milk is out"}}
    given: dict[str, Any] = {"goal": 'Send a note with the text "milk is out".'}
    if type_name != "agentic":
        given["plan"] = {"tasks": [task]}
    graph = builder(type_name)(brain="reflex", tools=[send_note], checkpointer=InMemorySaver())
    out = await graph.ainvoke(given, {"configurable": {"thread_id": "t", "cron_id": "c"}})
    assert "__interrupt__" not in out
    assert [result.status for result in out["results"].values()] == ["refused"]
    assert out["stop_reason"] == "refused"


@pytest.mark.parametrize("type_name", BY_GOAL)
def test_each_can_be_built_with_nothing_and_drawn(type_name: str) -> None:
    built = builder(type_name)(brain="reflex", tools=[])
    assert "respond" in built.get_graph().nodes


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(ValueError, match="there is no orchestration type 'magic'"):
        builder("magic")


@pytest.mark.parametrize("type_name", ["hybrid", "agentic"])
async def test_a_step_stores_only_what_it_changes(type_name: str) -> None:
    graph = builder(type_name)(brain="reflex", checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    for goal in ("What is 15% of 340?", "What is 15% of 440?"):
        known = (await graph.aget_state(config)).values | {"goal": goal, "plan": None, "budget": None}
        parts = [part async for part in graph.astream({"goal": goal}, config, stream_mode="updates")]
        updates = [update or {} for part in parts for name, update in part.items() if name in graph.nodes]
        for update in updates:
            assert not [key for key, value in update.items() if key in known and known[key] == value]
            known |= {key: value for key, value in update.items() if key != "messages"}
        assert any("answer" in update for update in updates)
        values = (await graph.aget_state(config)).values
        assert all(values[key] == value for key, value in known.items() if key != "messages")
