"""Tasks that are begun while the plan is still being written: which, how often, and what becomes of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.types import Command

from evals.servers.openai_server import OpenAIServer
from graph import dag
from graph.orchestrator import wire
from state.policy import NAMED
from tests.graph.planning_server import GOAL, Model, Shelves, graph_with, look

CONFIG: Any = {"configurable": {"thread_id": "t"}}
GIVEN = {"goal": GOAL}


async def within(wait: Any) -> Any:
    return await asyncio.wait_for(wait, 120)


@pytest.mark.parametrize("wiring", [wire, dag.wire], ids=["hybrid", "graph"])
async def test_a_task_has_ended_before_the_plan_has_and_runs_once(wiring: Any) -> None:
    model = Model([look("t1", "a"), look("t2", "b"), look("t3", "{{t1}}")], until='"t2"')
    shelves = Shelves()
    with OpenAIServer(model) as server:
        run = asyncio.create_task(graph_with(server, shelves, wiring=wiring).ainvoke(GIVEN, CONFIG))
        await within(shelves.ended["a"].wait())
        assert not run.done()
        assert shelves.looked == ["a"]
        model.go_on.set()
        out = await within(run)
    assert sorted(shelves.looked) == ["The shelf a holds tea", "a", "b"]
    assert list(out["results"]) == ["t1", "t2", "t3"]
    assert {result.status for result in out["results"].values()} == {"done"}
    assert (out["report"].usage.tool_calls, out["report"].usage.money >= 0.03) == (3, True)
    assert "nostream" not in out["answer"]


async def test_it_is_told_as_it_happens() -> None:
    model, shelves = Model([look("t1", "a"), look("t2", "b")], until='"t2"'), Shelves()
    seen: list[Any] = []
    with OpenAIServer(model) as server:
        async for event in graph_with(server, shelves).astream(GIVEN, CONFIG, stream_mode="custom"):
            seen.append(event)
            if event["type"] == "task" and event["status"] == "done":
                model.go_on.set()
    told = [
        (len(event["plan"]["tasks"]), event.get("growing", False))
        if event["type"] == "plan"
        else (event["task"], event["status"])
        for event in seen
        if event["type"] in ("plan", "task")
    ]
    assert told[:4] == [(1, True), ("t1", "running"), ("t1", "done"), (2, True)]
    assert (2, False) in told
    assert len([one for one in told if one == ("t1", "running")]) == 1
    ended = [event["step"] for event in seen if event["type"] == "step" and event["status"] == "ended"]
    assert ended.index("decompose") < ended.index("generate")


async def test_the_plan_is_no_text_to_read() -> None:
    model = Model([look("t1", "a")])
    with OpenAIServer(model) as server:
        graph = graph_with(server, Shelves())
        pieces = [part[0].text async for part in graph.astream(GIVEN, CONFIG, stream_mode="messages")]
    assert model.plans_asked[0].stream
    assert "tasks" not in "".join(pieces)


async def test_nothing_that_writes_is_begun_nor_what_needs_it() -> None:
    plan = [
        {"id": "t1", "goal": "Label", "tool": "label", "args": {"what": "x"}},
        look("t2", "{{t1}}"),
        look("t3", "c", on_error="fallback: label"),
        look("t4", "a"),
        look("t5", "b"),
    ]
    model, shelves = Model(plan, until='"t5"'), Shelves()
    with OpenAIServer(model) as server:
        run = asyncio.create_task(graph_with(server, shelves).ainvoke(GIVEN, CONFIG))
        await within(shelves.ended["a"].wait())
        assert (shelves.looked, shelves.written) == (["a"], [])
        model.go_on.set()
        out = await within(run)
    assert shelves.written == ["x"]
    assert {result.status for result in out["results"].values()} == {"done"}


@pytest.mark.parametrize("change", [{"plan": "always"}, {"read": "ask"}, {"read": "deny"}])
async def test_nothing_is_begun_that_a_person_is_to_see_first_or_that_is_forbidden(change: dict[str, Any]) -> None:
    model, shelves = Model([look("t1", "a"), look("t2", "b")]), Shelves()
    with OpenAIServer(model) as server:
        policy = NAMED["default"].model_copy(update=change)
        out = await within(graph_with(server, shelves, policy=policy).ainvoke(GIVEN, CONFIG))
    assert shelves.looked == []
    assert ("__interrupt__" in out) == ("deny" not in change.values())


async def test_what_ended_before_a_review_is_kept_for_after_it() -> None:
    plan = [look("t1", "a"), {"id": "t2", "goal": "Label", "tool": "label", "args": {"what": "x"}}, look("t3", "b")]
    model, shelves, saver = Model(plan, until='"t3"'), Shelves(), InMemorySaver()
    with OpenAIServer(model) as server:
        graph = graph_with(server, shelves, policy="default", saver=saver)
        run = asyncio.create_task(graph.ainvoke(GIVEN, CONFIG))
        await within(shelves.ended["a"].wait())
        model.go_on.set()
        asked = await within(run)
        assert asked["__interrupt__"]
        assert shelves.written == []
        again = graph_with(server, shelves, policy="default", saver=saver)
        out = await within(again.ainvoke(Command(resume={"decisions": [{"type": "approve"}]}), CONFIG))
    assert shelves.looked.count("a") == 1
    assert shelves.written == ["x"]
    assert {result.status for result in out["results"].values()} == {"done"}
    assert out["report"].usage.tool_calls == len(shelves.looked) + len(shelves.written)


async def test_a_plan_made_anew_gives_up_what_is_not_in_it_and_counts_it() -> None:
    wrong = [look("t1", "a"), look("t2", "d"), {"id": "t3", "goal": "?", "tool": "look", "args": {"where": 1}}]
    right = [look("t1", "a"), look("t2", "b")]
    model, shelves = Model(wrong, right, until='"t3"'), Shelves("d")
    with OpenAIServer(model) as server:
        run = asyncio.create_task(graph_with(server, shelves).ainvoke(GIVEN, CONFIG))
        await within(asyncio.gather(shelves.ended["a"].wait(), shelves.at_work.wait()))
        model.go_on.set()
        out = await within(run)
    assert (sorted(shelves.looked), shelves.cancelled) == (["a", "b", "d"], ["d"])
    assert {name: result.ok for name, result in out["results"].items()} == {"t1": True, "t2": True}
    assert out["report"].usage.tool_calls == 3


async def test_what_was_written_before_an_answer_that_cannot_be_used_is_void() -> None:
    unusable = [look("t1", "d"), look("no id!", "b")]
    model, shelves = Model(unusable, [look("t1", "a")], until="no id"), Shelves("d")
    with OpenAIServer(model) as server:
        run = asyncio.create_task(graph_with(server, shelves).ainvoke(GIVEN, CONFIG))
        await within(shelves.at_work.wait())
        model.go_on.set()
        out = await within(run)
    assert shelves.cancelled == ["d"]
    assert [result.value for result in out["results"].values()] == ["The shelf a holds tea"]


async def test_the_budget_bounds_what_is_begun() -> None:
    model, shelves = Model([look("t1", "a"), look("t2", "b"), look("t3", "c")]), Shelves()
    with OpenAIServer(model) as server:
        given = {**GIVEN, "budget": {"tool_calls": 2}}
        out = await within(graph_with(server, shelves).ainvoke(given, CONFIG))
    assert len(shelves.looked) <= 2
    assert out["report"].usage.tool_calls <= 2


async def test_a_cancelled_run_leaves_nothing_at_work() -> None:
    model, shelves = Model([look("t1", "a"), look("t2", "b")], until='"t2"'), Shelves("a")
    before = asyncio.all_tasks()
    with OpenAIServer(model) as server:
        run = asyncio.create_task(graph_with(server, shelves).ainvoke(GIVEN, CONFIG))
        await within(shelves.at_work.wait())
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await within(run)
    assert shelves.cancelled == ["a"]
    assert asyncio.all_tasks() == before


async def test_a_stream_that_is_left_leaves_nothing_at_work() -> None:
    model, shelves = Model([look("t1", "a"), look("t2", "b")], until='"t2"'), Shelves("a")
    with OpenAIServer(model) as server:
        stream = graph_with(server, shelves).astream(GIVEN, CONFIG, stream_mode="custom")
        async for event in stream:
            if event["type"] == "task" and event["status"] == "running":
                break
        await within(shelves.at_work.wait())
        await within(stream.aclose())
    assert shelves.cancelled == ["a"]


async def test_a_drained_run_leaves_nothing_at_work_and_goes_on() -> None:
    model, shelves, saver, control = Model([look("t1", "a")], until="]"), Shelves("a"), InMemorySaver(), RunControl()
    with OpenAIServer(model) as server:
        graph = graph_with(server, shelves, saver=saver)
        run = asyncio.create_task(graph.ainvoke(GIVEN, CONFIG, control=control))
        await within(shelves.at_work.wait())
        control.request_drain("the server is to be restarted")
        model.go_on.set()
        with pytest.raises(GraphDrained):
            await within(run)
        assert shelves.cancelled == ["a"]
        shelves.free.set()
        out = await within(graph.ainvoke(None, CONFIG))
    assert (shelves.looked, out["results"]["t1"].status) == (["a", "a"], "done")


async def test_a_brain_that_only_plans_needs_nothing_new() -> None:
    class Plain:
        """The protocol and no more."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner
            for name in ("parse_intent", "decompose", "write", "judge", "complete", "next_action", "name"):
                setattr(self, name, getattr(inner, name))

    from memory.settings import Settings
    from models.chat import ChatBrain

    model, shelves = Model([look("t1", "a")]), Shelves()
    with OpenAIServer(model) as server:
        brain = Plain(ChatBrain.from_settings(Settings(openai_base_url=server.url, model="gpt-4o")))
        out = await within(graph_with(server, shelves, brain=brain).ainvoke(GIVEN, CONFIG))
    assert (shelves.looked, out["results"]["t1"].status) == (["a"], "done")
    assert not model.plans_asked[0].stream
