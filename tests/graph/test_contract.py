"""The public contract, used as a stranger would: through `build`, `ask` and `resume` alone."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_core.tools import tool as langchain_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command

from graph import agentic
from graph.orchestrator import build
from graph.run import ThreadError, aask, ask, resume
from memory.persistence import open_checkpointer
from models.reflex import ReflexBrain
from state.approval import BadAnswer
from state.budget import Budget
from state.plan import Plan, Task
from tools.registry import AnyTool, ToolSpec, tool

APPROVE = {"decisions": [{"type": "approve"}]}
SUM: dict[str, Any] = {"tasks": [{"id": "t1", "goal": "Add", "tool": "calculate", "args": {"expression": "2 + 3"}}]}


def thread(name: str = "t") -> Any:
    return {"configurable": {"thread_id": name}}


@langchain_tool
def keep(what: Any = None) -> Any:
    """Keep something."""
    return what


keep.metadata = {"risk": "read", "idempotent": True, "trusted": True}


@langchain_tool
def broken() -> str:
    """Fail."""
    raise ValueError("it broke")


broken.metadata = {"risk": "read", "trusted": True}


def sender() -> tuple[BaseTool, list[str]]:
    sent: list[str] = []

    @langchain_tool
    def send(to: str) -> str:
        """Send a note."""
        sent.append(to)
        return f"sent to {to}"

    send.metadata = {"risk": "irreversible"}
    return send, sent


def sending(*to: str) -> Plan:
    return Plan(
        tasks=[Task(id=f"t{n}", goal=f"Write to {one}", tool="send", args={"to": one}) for n, one in enumerate(to)]
    )


PLANS: dict[str, Any] = {
    "a plan": Plan(**SUM), "an object": SUM, "JSON": json.dumps(SUM), "a list of tasks": SUM["tasks"],
    "TOML": '[[tasks]]\nid = "t1"\ntool = "calculate"\nargs = {expression = "2 + 3"}',
}  # fmt: skip


@pytest.mark.parametrize("form", PLANS)
def test_a_plan_may_come_in_any_form(form: str) -> None:
    assert ask("Add them.", plan=PLANS[form]).results["t1"].value == 5


def test_a_plan_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(SUM))
    assert ask("Add them.", plan=file).results["t1"].value == 5
    assert ask("Add them.", plan=str(file)).results["t1"].value == 5
    with pytest.raises(ValueError, match=r"none\.json can't be read: No such file"):
        ask("Add them.", plan=str(tmp_path / "none.json"))


def stock(article: str) -> int:
    """How many of an article are in stock."""
    return len(article)


@pytest.mark.parametrize("given", [stock, tool(stock), langchain_tool(stock), ToolSpec(langchain_tool(stock))])
def test_a_tool_may_be_a_function_a_langchain_tool_or_a_spec(given: AnyTool) -> None:
    plan = {"tasks": [{"id": "t1", "tool": "stock", "args": {"article": "apple"}}]}
    assert ask("How many?", plan=plan, tools=[given]).results["t1"].value == 5


def test_a_function_is_an_unknown_tool_and_what_is_no_tool_is_said() -> None:
    assert (ToolSpec.of(stock).risk, ToolSpec.of(stock).trusted) == ("write", False)
    not_a_tool: Any = 42
    with pytest.raises(ValueError, match="42 is no tool: give a LangChain tool, a ToolSpec, or a documented function"):
        build(tools=[not_a_tool])
    with pytest.raises(ValueError, match="its docstring must say what it does"):
        build(tools=[lambda: 1])


def test_a_database_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.db"):
        ask("How many rows are there?", db=f"sqlite:///{tmp_path / 'none.db'}")


def test_a_thread_may_be_numbered() -> None:
    number: Any = 5
    assert ask("What is 2 + 2?", thread_id=number).thread_id == "5"
    assert resume("5").answer


async def test_sync_calls_work_where_a_loop_runs() -> None:
    assert ask("Add them.", plan=SUM).results["t1"].value == 5
    out = build(tools=[keep]).invoke(
        {"goal": "Keep it.", "plan": {"tasks": [{"id": "t1", "tool": "keep", "args": {"what": 1}}]}}
    )
    assert out["stop_reason"] == "answered"


def test_one_graph_serves_many_loops() -> None:
    graph = build(tools=[keep], checkpointer=InMemorySaver())
    for number in range(3):
        plan = Plan(tasks=[Task(id="t1", tool="keep", args={"what": number})])
        out = asyncio.run(graph.ainvoke({"goal": "Keep it.", "plan": plan}, thread(), durability="sync"))
        assert out["results"]["t1"].value == number


@pytest.mark.parametrize("config", [None, thread()])
async def test_runs_that_nothing_is_kept_of_run_side_by_side(config: Any) -> None:
    met = asyncio.Barrier(3)

    @tool(risk="read", trusted=True)
    async def meet() -> str:
        """Wait for the others."""
        await met.wait()
        return "met"

    one, other = build(tools=[meet]), build(tools=[meet])
    given = {"goal": "Meet.", "plan": Plan(tasks=[Task(id="t1", tool="meet")])}
    outs = await asyncio.gather(*(graph.ainvoke(given, config) for graph in (one, one, other)))
    assert [out["results"]["t1"].value for out in outs] == ["met"] * 3


@pytest.mark.parametrize("budget", [{"tool_calls": 2}, Budget(tool_calls=2)])
async def test_a_budget_that_the_plan_goes_beyond_ends_with_what_was_found(budget: Any) -> None:
    goals = ["first", "second", "third", "fourth"]
    chain = [
        Task(id=f"t{n}", goal=f"The {goal} one", tool="keep", args={"what": goal}, after=[f"t{n - 1}"] if n else [])
        for n, goal in enumerate(goals)
    ]
    out = await build(tools=[keep]).ainvoke({"goal": "All four.", "plan": Plan(tasks=chain), "budget": budget})
    assert [result.status for result in out["results"].values()] == ["done", "done", "failed", "skipped"]
    assert out["stop_reason"] == "budget"
    assert "second [2]" in out["answer"]
    assert "The third one: failed: the budget of tool calls is used up" in out["answer"]
    assert "the budget allows 2" in out["report"].notes[0]


def test_a_declared_plan_beyond_the_budget_runs_as_far_as_it_goes() -> None:
    plan = Plan(tasks=[Task(id="a", goal="One", tool="keep", args={"what": 1}), Task(id="b", goal="Two", tool="keep")])
    outcome = ask("Both.", plan=plan, tools=[keep], type="graph", budget={"tool_calls": 1})
    assert (outcome.stop_reason, outcome.results["a"].value) == ("budget", 1)


async def test_every_task_of_a_callers_plan_counts_whatever_it_is_called() -> None:
    tasks = [Task(id="a", goal="Look", tool="keep", args={"what": 1}), Task(id="b", goal="Look", tool="broken")]
    out = await build(tools=[keep, broken]).ainvoke({"goal": "Look.", "plan": Plan(tasks=tasks)})
    assert out["stop_reason"] == "partial"
    assert "Look: failed: ValueError: it broke" in out["answer"]


@pytest.mark.parametrize("after", [["a"], ["b"]])
async def test_a_plan_with_a_cycle_is_told_and_not_run(after: list[str]) -> None:
    tasks = [Task(id="a", tool="keep", after=after), Task(id="b", tool="keep", after=["a"])]
    out = await build(tools=[keep]).ainvoke({"goal": "Go round.", "plan": Plan(tasks=tasks)})
    assert out["stop_reason"] == "failed"
    assert out["results"] == {}
    assert "The plan can't run" in out["answer"]


async def test_several_approvals_are_answered_one_by_one_and_the_last_without_its_id() -> None:
    send, sent = sender()
    graph = build(tools=[send], checkpointer=InMemorySaver())
    out = await graph.ainvoke({"goal": "Tell both.", "plan": sending("ann", "bob")}, thread(), durability="sync")
    ids = {asked.value["action_requests"][0]["args"]["to"]: asked.id for asked in out["__interrupt__"]}
    assert (set(ids), sent) == ({"ann", "bob"}, [])
    out = await graph.ainvoke(Command(resume={ids["bob"]: APPROVE}), thread())
    assert [asked.id for asked in out["__interrupt__"]] == [ids["ann"]]
    out = await graph.ainvoke(Command(resume=APPROVE), thread())
    assert "__interrupt__" not in out
    assert sent == ["bob", "ann"]


@pytest.mark.parametrize("text", ["no", "know", "another", "yes", "approve"])
async def test_words_decide_nothing_and_no_answer_leaves_the_question_open(text: str) -> None:
    send, sent = sender()
    graph = build(tools=[send], checkpointer=InMemorySaver())
    await graph.ainvoke({"goal": "Tell her.", "plan": sending("ann")}, thread())
    with pytest.raises(BadAnswer, match="here a decision is needed"):
        await graph.ainvoke(Command(resume=text), thread())
    out = await graph.ainvoke(Command(resume=None), thread())
    assert len(out["__interrupt__"]) == 1
    assert sent == []


def test_a_thread_is_not_resumed_without_the_tools_it_needs() -> None:
    send, sent = sender()
    ask("Tell her.", plan=sending("ann"), tools=[send], thread_id="kept")
    with pytest.raises(ThreadError, match="goes on with tools that aren't here: send; give them by `tools`"):
        resume("kept", APPROVE)
    assert resume("kept", APPROVE, tools=[send]).finished
    assert sent == ["ann"]


def test_a_saver_that_only_blocks_does_too(tmp_path: Path) -> None:
    send, sent = sender()
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
        graph = build(tools=[send], checkpointer=saver)
        out = graph.invoke({"goal": "Tell her.", "plan": sending("ann")}, thread(), durability="sync")
        assert len(out["__interrupt__"]) == 1
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
        graph = build(tools=[send], checkpointer=saver)
        out = graph.invoke(Command(resume=APPROVE), thread())
        assert isinstance(graph.get_state(thread()).values["plan"], Plan)
        assert len(list(graph.get_state_history(thread()))) > 2
    assert (out["stop_reason"], sent) == ("answered", ["ann"])


async def test_a_plain_async_saver_does_after_a_restart(tmp_path: Path) -> None:
    send, sent = sender()
    for given in ({"goal": "Tell her.", "plan": sending("ann")}, Command(resume=APPROVE)):
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
            out = await build(tools=[send], checkpointer=saver).ainvoke(given, thread(), durability="sync")
    assert (out["results"]["t0"].status, sent) == ("done", ["ann"])


MODES: Sequence[Any] = (
    "values",
    "updates",
    "custom",
    "messages",
    "debug",
    "tasks",
    "checkpoints",
    ["values", "updates"],
)


@pytest.mark.parametrize("mode", MODES)
async def test_every_stream_mode_streams_the_same_either_way(mode: Any) -> None:
    given = {"goal": "Add them.", "plan": SUM}
    graph = build(checkpointer=InMemorySaver())
    awaited = [part async for part in graph.astream(given, thread("a"), stream_mode=mode)]
    collected = await asyncio.to_thread(lambda: list(graph.stream(given, thread("b"), stream_mode=mode)))
    assert len(awaited) == len(collected) > 0


@pytest.mark.parametrize("own", [True, False])
async def test_an_async_saver_serves_sync_calls_too_in_the_loop_and_beside_it(own: bool, tmp_path: Path) -> None:
    opened: Any = AsyncSqliteSaver.from_conn_string(str(tmp_path / "their.db"))
    async with open_checkpointer(str(tmp_path / "own.db")) if own else opened as saver:
        graph = build(brain="reflex", checkpointer=saver)

        def beside(number: int) -> str:
            return str(graph.invoke({"goal": f"What is 2 + {number}?"}, thread(f"t{number}"))["answer"])

        given = [graph.ainvoke({"goal": "What is 2 + 1?"}, thread(f"a{number}")) for number in range(3)]
        outs, *answers = await asyncio.gather(asyncio.gather(*given), *(asyncio.to_thread(beside, n) for n in (3, 4)))
        assert [out["answer"] for out in outs] == ["The result is 3 [1]."] * 3
        assert [*answers, beside(5)] == ["The result is 5 [1].", "The result is 6 [1].", "The result is 7 [1]."]
        assert (await aask("What is 2 + 7?", checkpointer=saver, thread_id="t")).answer == "The result is 9 [1]."
        assert ask("What is 2 + 6?", checkpointer=saver, thread_id="t").answer == "The result is 8 [1]."


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("subgraphs", [False, True])
@pytest.mark.parametrize("mode", ["values", "updates", ["custom", "updates"]])
async def test_a_question_can_be_answered_while_its_stream_is_held(mode: Any, subgraphs: bool, version: Any) -> None:
    send, sent = sender()
    graph = build(brain="reflex", tools=[send], checkpointer=InMemorySaver())
    given = {"goal": "Tell Ann.", "plan": sending("ann")}
    stream = graph.astream(given, thread(), stream_mode=mode, subgraphs=subgraphs, version=version)
    told = ""
    while "Interrupt(" not in told:
        told = repr(await anext(stream))
    (asked,) = (await graph.aget_state(thread())).interrupts
    out = await graph.ainvoke(Command(resume={asked.id: APPROVE}), thread())
    assert (sent, out["stop_reason"]) == (["ann"], "answered")
    assert [part async for part in stream] == []


def test_a_sync_stream_gives_each_part_as_it_comes() -> None:
    go_on = threading.Event()

    @tool(trusted=True)
    def wait() -> bool:
        """Wait until the first part has been seen."""
        return go_on.wait(timeout=120)

    plan = Plan(tasks=[Task(id="t1", tool="wait")])
    stream = build(tools=[wait]).stream({"goal": "Wait.", "plan": plan}, stream_mode="updates")
    assert "guard" in next(iter(stream))
    go_on.set()
    (worked,) = [part["execute"] for part in stream if "execute" in part]
    assert worked["results"]["t1"].value is True


def test_a_sync_stream_left_early_stops_the_run() -> None:
    began, ended = threading.Event(), threading.Event()

    @tool(trusted=True)
    async def wait() -> None:
        """Never come back."""
        began.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    plan = Plan(tasks=[Task(id="t1", tool="wait")])
    for event in build(tools=[wait]).stream({"goal": "Wait.", "plan": plan}, stream_mode="custom"):
        if event["type"] == "task" and event["status"] == "running":
            assert began.wait(timeout=120)
            break
    assert ended.wait(timeout=120)


def test_a_sync_stream_raises_what_the_run_raises() -> None:
    with pytest.raises(ValueError, match="The goal is empty"):
        list(build().stream({"goal": " "}))


@pytest.mark.parametrize("node", ["guard", "execute", "validate"])
def test_a_state_is_read_and_changed_without_await(node: str) -> None:
    graph = build(checkpointer=InMemorySaver())
    graph.invoke({"goal": "Add them.", "plan": SUM}, thread())
    graph.update_state(thread(), {"notes": ["seen"], "plan": SUM}, as_node=node)
    values = graph.get_state(thread()).values
    assert (values["notes"], values["plan"]) == (["seen"], Plan(**SUM))
    assert len(list(graph.get_state_history(thread()))) > 2


async def test_a_thread_takes_one_goal_after_another() -> None:
    graph = build(tools=[keep], checkpointer=InMemorySaver())
    for name in ("a", "b"):
        plan = Plan(tasks=[Task(id=name, tool="keep", args={"what": name})])
        out = await graph.ainvoke({"goal": f"Keep {name}.", "plan": plan}, thread())
        assert set(out["results"]) == {name}
    assert len(out["messages"]) == 4


async def test_a_brain_of_ones_own_gets_every_goal(tmp_path: Path) -> None:
    from models.brain import Brain, Thought
    from models.reflex.brain import ReflexBrain

    class Counting(ReflexBrain):
        asked = 0

        async def parse_intent(self, *args: Any, **kwargs: Any) -> Thought[Any]:
            Counting.asked += 1
            return await super().parse_intent(*args, **kwargs)

    (tmp_path / "note.txt").write_text("The warehouse in Bremen holds 420 pallets.\n")
    mine = Counting()
    assert isinstance(mine, Brain)
    outcome = await aask("How many pallets does the warehouse hold?", docs=tmp_path, brain=mine)
    assert ("420" in outcome.answer, Counting.asked) == (True, 1)


METHODS = ("parse_intent", "decompose", "complete", "write", "judge")


@pytest.mark.parametrize("method", METHODS)
async def test_a_brain_of_ones_own_that_breaks_ends_no_run(method: str) -> None:
    brain = ReflexBrain()

    async def breaks(*_: Any, **__: Any) -> Any:
        raise LookupError("a slip of its author's")

    setattr(brain, method, breaks)
    plan = None if method == "decompose" else {
        "tasks": [
            {"id": "t1", "tool": "keep", "args": {"what": "Otters sleep holding hands."}},
            {"id": "t2", "tool": "model", "args": {"prompt": "Who sleeps?", "text": "{{t1}}"}},
        ]
    }  # fmt: skip
    out = await build(brain=brain, tools=[keep]).ainvoke({"goal": "How do otters sleep?", "plan": plan}, thread())
    assert out["answer"]
    assert method == "parse_intent" or "LookupError" in f"{out['report'].notes} {out['results']}"
    assert plan is None or out["results"]["t1"].ok


@pytest.mark.parametrize("method", ["parse_intent", "decompose", "write", "judge"])
@pytest.mark.parametrize("name", ["own", "reflex"])
async def test_a_brain_of_ones_own_that_hangs_is_cut_off_when_the_seconds_are_over(name: str, method: str) -> None:
    class Own(ReflexBrain):
        stream_plan = None

    async def hangs(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(30)

    brain = Own()
    type(brain).name = name  # type: ignore[assignment]
    setattr(brain, method, hangs)
    plan = {"tasks": [{"id": "t1", "goal": "Keep", "tool": "keep", "args": {"what": "Otters sleep holding hands."}}]}
    is_answering = method in ("write", "judge")
    given = {"goal": "How do otters sleep?", "plan": plan if is_answering else None}
    budget = {"seconds": 2 if is_answering else 0.1}
    out = await build(brain=brain, tools=[keep]).ainvoke({**given, "budget": budget}, thread())
    assert "the budget of seconds is used up" in f"{out['report'].notes}"
    if is_answering:
        assert "holding hands [1]" in out["answer"]
    else:
        assert out["stop_reason"] == "budget"


@pytest.mark.parametrize("method", ["parse_intent", "next_action"])
async def test_an_agents_brain_that_hangs_is_cut_off_too(method: str) -> None:
    async def hangs(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(30)

    brain = ReflexBrain()
    setattr(brain, method, hangs)
    out = await agentic.build(brain=brain, tools=[keep]).ainvoke(
        {"goal": "How do otters sleep?", "budget": {"seconds": 0.1}}, thread()
    )
    assert (out["stop_reason"], bool(out["answer"])) == ("budget", True)
