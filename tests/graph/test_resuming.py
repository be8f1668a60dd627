"""A thread goes on with what it was begun with, or says what has to be given again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde import jsonplus

from graph.answers import StaleAnswer
from graph.orchestrator import build
from graph.run import ThreadError, aask, alook, aresume
from memory.persistence import open_checkpointer
from memory.settings import settings
from memory.threads import fork, history, list_threads, prune, show
from models.reflex import ReflexBrain
from state.approval import BadAnswer
from state.policy import ArgumentTest, Policy, Rule
from tools.now import now
from tools.registry import ToolSpec, tool

APPROVE = {"decisions": [{"type": "approve"}]}
PLAN: dict[str, Any] = {
    "tasks": [
        {"id": "t1", "goal": "Ring", "tool": "ring", "args": {}},
        {"id": "t2", "goal": "Note", "tool": "note", "args": {"text": "{{t1}}"}},
    ]
}
STRICT = Policy(name="strict", rules=[Rule(tool=["note"], where={"text": ArgumentTest(matches=".*")}, action="deny")])


@pytest.fixture
def tools() -> Sequence[ToolSpec]:
    @tool(risk="irreversible", trusted=True)
    def ring() -> str:
        """Ring the bell."""
        return "rung"

    @tool(risk="write", trusted=True)
    def note(text: str) -> str:
        """Note something."""
        return text

    return [ring, note]


def written(path: Path, action: str) -> Path:
    path.write_text(f'[[rules]]\ntool = "note"\naction = "{action}"\n')
    return path


async def test_a_policy_given_as_an_object_is_kept(tools: Sequence[ToolSpec]) -> None:
    saver = InMemorySaver()
    asked = await aask("Ring, and note it.", plan=PLAN, tools=tools, policy=STRICT, checkpointer=saver, thread_id="t")
    assert [question.kind for question in asked.waiting] == ["approval"]
    done = await aresume("t", APPROVE, tools=tools, checkpointer=saver)
    assert {name: result.status for name, result in done.results.items()} == {"t1": "done", "t2": "refused"}
    again = await aask("Ring, and note it.", plan=PLAN, tools=tools, checkpointer=saver, thread_id="t")
    assert [question.kind for question in again.waiting] == ["approval"]
    assert (await aresume("t", APPROVE, tools=tools, checkpointer=saver)).results["t2"].status == "refused"


async def test_the_next_turn_has_what_the_last_one_had(tmp_path: Path, tools: Sequence[ToolSpec]) -> None:
    (tmp_path / "note.txt").write_text("The warehouse in Bremen holds 420 pallets.\n")
    saver, goal = InMemorySaver(), "How many pallets does the warehouse hold?"
    begun = {"docs": tmp_path, "tools": tools, "type": "sequential"}
    first = await aask(goal, **begun, checkpointer=saver, thread_id="t")
    for more in ({"tools": tools}, {"tools": [now]}):
        again = await aask(goal, **more, checkpointer=saver, thread_id="t")
        assert (again.answer, list(again.results)) == (first.answer, ["search"])
        assert "420" in again.answer
    with pytest.raises(ThreadError, match="goes on with tools that aren't here: now; give them by `tools`"):
        await aask(goal, checkpointer=saver, thread_id="t")


async def test_the_next_turn_is_given_a_brain_of_ones_own_again() -> None:
    saver = InMemorySaver()
    await aask("What is 2 + 3?", brain=ReflexBrain(), checkpointer=saver, thread_id="t")
    with pytest.raises(ThreadError, match="a brain given as an object, which can't be kept; give `brain` again"):
        await aask("What is 2 + 4?", checkpointer=saver, thread_id="t")
    again = await aask("What is 2 + 4?", brain="reflex", checkpointer=saver, thread_id="t")
    assert "6" in again.answer
    assert "9" in (await aask("What is 2 + 7?", checkpointer=saver, thread_id="t")).answer


async def test_another_policy_given_on_resuming_takes_its_place(tools: Sequence[ToolSpec]) -> None:
    saver = InMemorySaver()
    await aask("Ring, and note it.", plan=PLAN, tools=tools, policy=STRICT, checkpointer=saver, thread_id="t")
    done = await aresume("t", APPROVE, tools=tools, policy=Policy(write="auto"), checkpointer=saver)
    assert done.results["t2"].status == "done"


async def test_a_policys_file_is_found_from_anywhere_and_read_as_it_is_by_then(
    tmp_path: Path, tools: Sequence[ToolSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "policy.toml", "auto")
    monkeypatch.chdir(tmp_path)
    for number, given in enumerate([file, Path("policy.toml"), "policy.toml"]):
        saver = InMemorySaver()
        written(file, "auto")
        await aask("Ring, and note it.", plan=PLAN, tools=tools, policy=given, checkpointer=saver, thread_id="t")
        written(file, "deny" if number else "auto")
        monkeypatch.chdir("/")
        done = await aresume("t", APPROVE, tools=tools, checkpointer=saver)
        monkeypatch.chdir(tmp_path)
        assert done.results["t2"].status == ("refused" if number else "done")


class Lenient(Policy):
    """More than its fields."""


async def test_a_policy_that_is_more_than_its_fields_is_given_again(tools: Sequence[ToolSpec]) -> None:
    saver, given = InMemorySaver(), {"plan": PLAN, "tools": tools, "thread_id": "t"}
    await aask("Ring, and note it.", policy=Lenient(), checkpointer=saver, **given)
    lost = "begun with a policy given as an object, which can't be kept; give `policy` again"
    with pytest.raises(ThreadError, match=lost):
        await aresume("t", APPROVE, tools=tools, checkpointer=saver)
    with pytest.raises(ThreadError, match=lost):
        await aask("Ring, and note it.", checkpointer=saver, **given)
    assert (await aresume("t", APPROVE, tools=tools, policy=Lenient(), checkpointer=saver)).finished


async def test_a_policy_that_a_later_version_kept_is_given_again(tools: Sequence[ToolSpec]) -> None:
    saver = InMemorySaver()
    later = build(tools=tools, checkpointer=saver)
    later.begun_with = {"orchestrate_policy": '{"stricter": true}'}
    thread: Any = {"configurable": {"thread_id": "t"}}
    await later.ainvoke({"goal": "Ring, and note it.", "plan": PLAN}, thread)
    with pytest.raises(ThreadError, match="give `policy` again"):
        await aresume("t", APPROVE, tools=tools, checkpointer=saver)


async def test_a_brain_of_ones_own_is_given_again(tools: Sequence[ToolSpec]) -> None:
    class Own(ReflexBrain):
        name = "own"

    saver = InMemorySaver()
    await aask("Ring, and note it.", plan=PLAN, tools=tools, brain=Own(), checkpointer=saver, thread_id="t")
    for _ in range(2):
        with pytest.raises(ThreadError, match="'t' was begun with a brain given as an object, which can't be kept"):
            await aresume("t", APPROVE, tools=tools, checkpointer=saver)
    done = await aresume("t", APPROVE, tools=tools, brain=Own(), checkpointer=saver)
    assert done.report is not None
    assert done.report.brain == "own"
    assert (await aresume("t", checkpointer=saver)).answer == done.answer  # nothing is left to do


async def test_tools_are_given_again_or_named_in_the_settings_and_no_others_are_taken(
    tmp_path: Path, tools: Sequence[ToolSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    @tool(risk="irreversible", trusted=True)
    def send_email() -> str:
        """Not the built-in tool of that name."""
        return "sent"

    saver = InMemorySaver()
    plan = {"tasks": [{"id": "t1", "tool": "send_email"}]}
    await aask("Send it.", plan=plan, tools=[send_email], checkpointer=saver, thread_id="mail")
    with pytest.raises(ThreadError, match="goes on with tools that aren't here: send_email; give them by `tools`"):
        await aresume("mail", APPROVE, checkpointer=saver)
    assert (await aresume("mail", APPROVE, tools=[send_email], checkpointer=saver)).results["t1"].value == "sent"

    await aask("Ring, and note it.", plan=PLAN, tools=tools, checkpointer=saver, thread_id="t")
    (tmp_path / "own.py").write_text(
        "from tools.registry import tool\n"
        "@tool(risk='irreversible', trusted=True)\n"
        "def ring() -> str:\n"
        "    '''Ring the bell.'''\n"
        "    return 'rung'\n"
        "@tool(risk='write', trusted=True)\n"
        "def note(text: str) -> str:\n"
        "    '''Note something.'''\n"
        "    return text\n"
    )
    monkeypatch.setenv("ORCHESTRATE_TOOLS", str(tmp_path / "own.py"))
    settings.cache_clear()
    edited = {"tasks": [*PLAN["tasks"], {"id": "t3", "tool": "now"}]}
    graph = build(tools=[*tools, now], checkpointer=saver)
    await graph.aupdate_state({"configurable": {"thread_id": "t"}}, {"plan": edited}, as_node="review")
    with pytest.raises(ThreadError, match="aren't here: now;"):
        await aresume("t", checkpointer=saver)
    await graph.aupdate_state({"configurable": {"thread_id": "t"}}, {"plan": PLAN}, as_node="review")
    assert (await aresume("t", checkpointer=saver)).waiting
    assert (await aresume("t", APPROVE, checkpointer=saver)).results["t2"].value == "rung"


async def test_what_was_done_before_it_was_stopped_is_told_as_replayed() -> None:
    came, is_stopped = asyncio.Event(), False

    @tool(risk="read", trusted=True)
    async def wait(name: str) -> str:
        """Wait, the first time for ever."""
        if name == "second" and not is_stopped:
            came.set()
            await asyncio.Event().wait()
        return name

    plan = {
        "tasks": [
            {"id": "t1", "tool": "wait", "args": {"name": "first"}},
            {"id": "t2", "tool": "wait", "args": {"name": "second"}, "after": ["t1"]},
        ]
    }
    saver, events = InMemorySaver(), list[Any]()
    run = asyncio.create_task(aask("Wait.", plan=plan, tools=[wait], checkpointer=saver, thread_id="t"))
    await came.wait()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    is_stopped = True
    await aresume("t", tools=[wait], checkpointer=saver, on_event=events.append)
    told = [(event["task"], event["status"], event.get("replayed")) for event in events if event["type"] == "task"]
    assert told == [("t1", "done", True), ("t2", "running", None), ("t2", "done", None)]


async def test_an_edited_forked_and_pruned_thread_knows_how_it_was_begun(
    tmp_path: Path, tools: Sequence[ToolSpec]
) -> None:
    (tmp_path / "ship.txt").write_text("A captain must be thirty years old.\n")
    look_up = {"id": "t3", "tool": "search_documents", "args": {"query": "age of a captain"}}
    plan = {"tasks": [*PLAN["tasks"], look_up]}
    begun: dict[str, Any] = {"policy": STRICT, "docs": (tmp_path / "ship.txt",), "tools": tools}
    async with open_checkpointer(str(tmp_path / "c.sqlite")) as saver:
        await aask("Ring, note it, look it up.", plan=plan, checkpointer=saver, thread_id="t", **begun)
        graph = build(tools=tools, checkpointer=saver)
        await graph.aupdate_state({"configurable": {"thread_id": "t"}}, {"results": {}}, as_node="review")
        await prune(saver, keep_last=1)
        assert (await aresume("t", tools=tools, checkpointer=saver)).waiting
        copy = await fork(saver, "t")
        for thread in ("t", copy):
            done = await aresume(thread, APPROVE, tools=tools, checkpointer=saver)
            assert done.results["t2"].status == "refused"
            assert "thirty years" in done.results["t3"].evidence[0].text


@pytest.mark.parametrize("place", ["metadata", "configurable"])
async def test_a_caller_of_a_server_chooses_nothing_for_whoever_resumes(place: str, tmp_path: Path) -> None:
    # A server hands a run's metadata and configuration to the graph as its user sent them.
    (tmp_path / "private.md").write_text("The code of the vault is 48151623.\n")
    saver = InMemorySaver()
    sent = {"orchestrate_docs": f'["{tmp_path}"]', "orchestrate_policy": "open", "orchestrate_type": "sequential"}
    config: Any = {"configurable": {"thread_id": "t"}}
    config[place] = config.get(place, {}) | sent
    graph = build(brain="reflex", checkpointer=saver)
    await graph.ainvoke({"goal": "What is 2 + 2?"}, config)
    await graph.aupdate_state(config, {"notes": ["edited"]}, as_node="review")
    stored = await saver.aget_tuple({"configurable": {"thread_id": "t"}})
    assert stored is not None
    assert not set(stored.metadata) & set(sent)
    asked = await aask("What is the code of the vault?", thread_id="t", checkpointer=saver, brain="reflex")
    assert "48151623" not in asked.answer


async def test_an_answer_given_twice_or_to_another_thread_is_told_so(tools: Sequence[ToolSpec]) -> None:
    saver = InMemorySaver()
    both = {"tasks": [{"id": name, "goal": "Ring", "tool": "ring", "args": {}} for name in ("t1", "t2")]}
    asked = [
        await aask("Ring twice.", plan=both, tools=tools, checkpointer=saver, thread_id=name) for name in ("one", "two")
    ]
    first, second = asked[0].waiting
    answer = {first.id: APPROVE}
    await aresume("one", answer, tools=tools, checkpointer=saver)
    left = f"; open: {second.id} \\(approval, t2\\)"
    with pytest.raises(StaleAnswer, match=f"'one': question {first.id} was answered already{left}"):
        await aresume("one", answer, tools=tools, checkpointer=saver)
    other = asked[1].waiting[0].id
    with pytest.raises(BadAnswer, match=f"question {other} is none of its{left}"):
        await aresume("one", {second.id: APPROVE, other: APPROVE}, tools=tools, checkpointer=saver)
    done = await aresume("one", {second.id: APPROVE}, tools=tools, checkpointer=saver)
    assert [result.status for result in done.results.values()] == ["done", "done"]
    with pytest.raises(ThreadError, match=f"question {second.id} was answered already; none is open"):
        await aresume("one", {second.id: APPROVE}, tools=tools, checkpointer=saver)
    with pytest.raises(BadAnswer, match=r"ids of the interrupts, \{id: response\}; open: .*\(approval, t1\)"):
        await aresume("two", APPROVE, tools=tools, checkpointer=saver)


async def test_a_saver_of_ones_own_is_read_without_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tools: Sequence[ToolSpec]
) -> None:
    monkeypatch.setattr(jsonplus, "_warned_unregistered_types", set())  # of each type it is said once
    saver, graph = InMemorySaver(), build(tools=tools)
    await aask("Ring, and note it.", plan=PLAN, tools=tools, checkpointer=saver, thread_id="t")
    await aresume("t", APPROVE, tools=tools, checkpointer=saver)
    graph.checkpointer = saver
    await graph.aget_state({"configurable": {"thread_id": "t"}})
    assert (await alook("t", checkpointer=saver)).results["t2"].value == "rung"
    assert (await show(saver, await fork(saver, "t"))).values["results"]["t2"].value == "rung"
    assert (len(await list_threads(saver)), bool(await history(saver, "t"))) == (2, True)
    assert [record.getMessage() for record in caplog.records if "unregistered" in record.getMessage()] == []


async def test_what_has_ended_is_shown_so_while_another_question_is_open(tools: Sequence[ToolSpec]) -> None:
    plan = {"tasks": [*PLAN["tasks"], {"id": "t3", "goal": "Ring once more", "tool": "ring", "args": {}}]}
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    kept: dict[str, Any] = {"tools": tools, "checkpointer": saver}
    asked = await aask("Ring, and note it.", plan=plan, thread_id="t", **kept)
    first, second = asked.waiting
    graph = build(tools=tools, checkpointer=saver)
    left = await aresume("t", {first.id: APPROVE}, **kept)
    shown = [
        left.results,
        (await alook("t", checkpointer=saver)).results,
        (await graph.aget_state(config)).values["results"],
        graph.get_state(config).values["results"],
        (await show(saver, "t")).values["results"],
    ]
    told = [{name: (result.status, result.value) for name, result in results.items()} for results in shown]
    assert told == [{"t1": ("done", "rung"), "t2": ("done", "rung"), "t3": ("pending", None)}] * 5
    done = await aresume("t", {second.id: APPROVE}, **kept)
    assert [result.status for result in done.results.values()] == ["done"] * 3


async def test_a_thread_keeps_its_type_unless_another_is_chosen() -> None:
    saver = InMemorySaver()
    kept: dict[str, Any] = {"checkpointer": saver, "brain": "reflex", "thread_id": "t"}
    types = []
    for chosen in ({"type": "graph"}, {}, {"type": "hybrid"}, {}):
        await aask("What is 2 + 2?", **kept, **chosen)
        stored = await saver.aget_tuple({"configurable": {"thread_id": "t"}})
        assert stored is not None
        types.append(dict(stored.metadata)["orchestrate_type"])
    assert types == ["graph", "graph", "hybrid", "hybrid"]
