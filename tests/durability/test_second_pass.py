"""A task taken up a second time: while a person is asked, after a failure, after a stop. No effect is made twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt

from graph.run import aask, aresume
from memory.journal import journal_for
from models.brain import Action, Brain, BrainError, Step, Thought
from state.budget import Budget, Usage
from state.policy import ArgumentTest, Policy, Rule
from state.task import Task
from state.verdict import Verdict
from tests.nodes.brains import ScriptedBrain
from tests.nodes.harness import Bench
from tools.registry import ToolFailure, ToolSpec, tool

APPROVE = {"decisions": [{"type": "approve"}]}
ASKS_FOR_ASK = Policy(untrusted_write="auto", rules=[Rule(tool="pay", where={"to": ArgumentTest(equals="ask")},
                                                          action="ask")])  # fmt: skip


class Till:
    """Counts what it is paid for. `fails`: to whom paying fails."""

    def __init__(self, *fails: str) -> None:
        self.paid: list[str] = []
        self._fails = fails

    def tools(self, *, idempotent: bool = False) -> list[ToolSpec]:
        @tool(risk="write", trusted=True, idempotent=idempotent)
        async def pay(to: str) -> str:
            """Pay somebody."""
            self.paid.append(to)
            if to in self._fails:
                raise ToolFailure("the account is closed")
            return f"paid {to}"

        @tool(trusted=True)
        async def names() -> list[str]:
            """Whom to pay."""
            return ["closed", "Ann", "ask"]

        return [pay, names]


class Payer(ScriptedBrain):
    """An agent that pays Ann, then whom a person must allow; begun anew it comes to it by another way."""

    def __init__(self, last: str = "ask", verdicts: Sequence[Any] = ()) -> None:
        super().__init__("The sky is blue [1].", verdicts=verdicts)
        self.begun, self._last = 0, last

    async def next_action(
        self, goal: str, *, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str = ""
    ) -> Thought[Action]:
        self.begun += not steps
        if self.begun > 1 and not steps:
            return Thought(Action("names"))
        made = [step.args.get("to") for step in steps]
        left = [to for to in ("Ann", self._last) if to and to not in made]
        return Thought(Action("pay", {"to": left[0]}) if left else Action(answer="paid"))


def agent(**more: Any) -> Task:
    return Task(id="t1", goal="Pay.", tool="agent", args={"goal": "Pay.", "tools": ["pay", "names"]}, **more)


@pytest.mark.parametrize("shape", [{}, {"each": ["a"]}, {"until": "result == 'paid'"}], ids=["plain", "each", "until"])
async def test_an_agent_goes_on_where_it_stopped_to_ask(shape: dict[str, Any]) -> None:
    till, brain = Till(), Payer()
    bench = Bench(till.tools(), policy=ASKS_FOR_ASK, brain=brain)
    waiting = (await bench.run([agent(**shape)]))["__interrupt__"]
    assert till.paid == ["Ann"]
    out = await bench.resume(Command(resume={waiting[0].id: APPROVE}))
    assert (till.paid, brain.begun) == (["Ann", "ask"], 1)
    assert out["results"]["t1"].ok


async def test_rounds_that_have_ended_stay_ended() -> None:
    read: list[int] = []

    @tool(risk="write", trusted=True)
    async def write(number: int) -> int:
        """Write a number."""
        return number

    @tool(trusted=True)
    async def count(number: int) -> int:
        """Count on."""
        read.append(number)
        return number

    rules = [Rule(tool="count", where={"number": ArgumentTest(equals=2)}, action="ask")]
    bench = Bench([write, count], policy=Policy(rules=rules))
    task = Task(id="t1", tool="count", args={"number": "{{round}}"}, until="result == 3")
    waiting = (await bench.run([task]))["__interrupt__"]
    out = await bench.resume(Command(resume={waiting[0].id: APPROVE}))
    assert (read, out["results"]["t1"].rounds, out["results"]["t1"].value) == ([1, 2, 3], 3, 3)


@pytest.mark.parametrize("on_error", ["fail", "skip"])
async def test_an_item_that_failed_is_not_called_again_for_another_ones_approval(on_error: str) -> None:
    till = Till("closed")
    bench = Bench(till.tools(), policy=ASKS_FOR_ASK)
    plan = [
        Task(id="t0", tool="names"),
        Task(id="t1", tool="pay", args={"to": "{{item}}"}, each="{{t0}}", on_error=on_error),
    ]
    waiting = (await bench.run(plan))["__interrupt__"]
    assert sorted(till.paid) == ["Ann", "closed"]
    await bench.resume(Command(resume={waiting[0].id: APPROVE}))
    assert sorted(till.paid) == ["Ann", "ask", "closed"]


async def test_a_judge_has_no_agent_run_again_that_writes() -> None:
    from graph.orchestrator import build

    @tool(trusted=True)
    async def look() -> str:
        """Look at the sky."""
        return "The sky is blue."

    till = Till("closed")
    verdicts = [Verdict(action="rerun", reason="t1 failed", tasks=["t1"]), Verdict(action="accept", reason="good")]
    brain = Payer("closed", verdicts)
    graph = build(brain=cast(Brain, brain), tools=[*till.tools(), look], policy="auto")
    task = agent().model_copy(update={"args": {**agent().args, "max_steps": 2}})
    out = await graph.ainvoke({"goal": "Pay Ann.", "plan": {"tasks": [{"id": "t0", "tool": "look"}, task.to_json()]}})
    assert out["results"]["t1"].status == "failed"
    assert (till.paid, len(brain.judged)) == (["Ann", "closed"], 1)


async def test_an_agent_that_is_begun_anew_finds_what_it_has_done() -> None:
    till, saver = Till("closed"), InMemorySaver()
    options: dict[str, Any] = {"tools": till.tools(), "policy": "auto", "checkpointer": saver}
    task = agent().model_copy(update={"args": {**agent().args, "max_steps": 2}})
    brain = cast(Brain, Payer("closed"))
    out = await aask("Pay Ann.", plan={"tasks": [task.to_json()]}, thread_id="a", brain=brain, **options)
    assert out.results["t1"].status == "failed"
    await aresume("a", retry_failed=True, brain=brain, **options)
    assert till.paid == ["Ann", "closed"]


async def test_after_a_stop_the_arguments_last_approved_are_used() -> None:
    stops, called = True, asyncio.Event()
    paid: list[str] = []

    @tool(risk="irreversible", trusted=True, idempotent=True)
    async def pay(to: str) -> str:
        """Pay somebody."""
        paid.append(to)
        if to == "closed":
            raise ToolFailure("the account is closed")
        if stops:
            called.set()
            await asyncio.Event().wait()
        return f"paid {to}"

    saver = InMemorySaver()
    options: dict[str, Any] = {"tools": [pay], "checkpointer": saver, "brain": "reflex"}
    plan = {"tasks": [{"id": "t1", "goal": "Pay.", "tool": "pay", "args": {"to": "closed"}}]}
    await aask("Pay.", plan=plan, thread_id="a", **options)
    await aresume("a", APPROVE, **options)
    await aresume("a", retry_failed=True, **options)
    edit = {"decisions": [{"type": "edit", "edited_action": {"name": "pay", "args": {"to": "open"}}}]}
    running = asyncio.ensure_future(aresume("a", edit, **options))
    await called.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    stops = False
    out = await aresume("a", **options)
    assert (paid, out.results["t1"].value) == (["closed", "open", "open"], "paid open")
    assert [(effect.args, effect.calls) for effect in await journal_for(saver).effects("a")] == [({"to": "open"}, 3)]


@pytest.mark.parametrize("asks_first", [False, True], ids=["auto", "approved first"])
async def test_a_writing_tool_may_ask_by_an_interrupt_of_its_own(asks_first: bool) -> None:
    paid: list[Any] = []

    @tool(risk="write", trusted=True)
    async def pay(to: str) -> str:
        """Pay somebody who a person is asked about."""
        paid.append((to, interrupt({"question": f"really {to}?"})))
        return f"paid {to}"

    bench = Bench([pay], policy="ask" if asks_first else "auto")
    out = await bench.run([Task(id="t1", tool="pay", args={"to": "Ann"})])
    if asks_first:
        out = await bench.resume(Command(resume={out["__interrupt__"][0].id: APPROVE}))
    assert out["__interrupt__"][0].value == {"question": "really Ann?"}
    out = await bench.resume(Command(resume={out["__interrupt__"][0].id: "yes"}))
    assert (paid, out["results"]["t1"].value) == ([("Ann", "yes")], "paid Ann")


async def test_the_same_decision_in_a_later_run_is_an_entry_of_its_own() -> None:
    till, saver = Till(), InMemorySaver()
    options: dict[str, Any] = {"tools": till.tools(), "policy": "ask", "checkpointer": saver, "brain": "reflex"}
    plan = {"tasks": [{"id": "t1", "goal": "Pay.", "tool": "pay", "args": {"to": "Ann"}}]}
    for who in ("alice", "bob"):
        await aask("Pay.", plan=plan, thread_id="a", **options)
        await aresume("a", {**APPROVE, "who": who}, **options)
    decided = [entry.who for entry in await journal_for(saver).decisions("a") if entry.kind == "approval"]
    assert (till.paid, decided) == (["Ann", "Ann"], ["alice", "bob"])


async def test_a_thought_that_failed_costs_and_an_agent_may_answer_when_its_calls_are_used_up() -> None:
    class Poor(Payer):
        async def complete(self, prompt: str, **_: Any) -> Thought[Any]:
            raise BrainError("no", usage=Usage(input_tokens=9000, model_calls=4, money=1.0))

    plan = [agent(), Task(id="t2", tool="model", args={"prompt": "Think."}, after=["t1"])]
    bench = Bench(Till().tools(), brain=cast(Brain, Poor("")))
    out = await bench.run(plan, budget=Budget(tool_calls=1))
    assert out["results"]["t1"].value == "paid"
    assert (out["usage"].tokens, out["usage"].money) == (9000, 1.0)


async def test_the_queue_of_a_slow_tool_holds_nothing_else_up() -> None:
    release, ended = asyncio.Event(), list[str]()

    @tool(trusted=True, concurrency=1)
    async def slow(number: int) -> int:
        """Take one's time."""
        await asyncio.wait_for(release.wait(), 120)
        ended.append("slow")
        return number

    @tool(trusted=True)
    async def quick() -> str:
        """Be quick."""
        ended.append("quick")
        release.set()
        return "quick"

    bench = Bench([slow, quick], concurrency=2)
    plan = [*(Task(id=f"s{n}", tool="slow", args={"number": n}) for n in range(4)), Task(id="q", tool="quick")]
    out = await bench.run(plan)
    assert all(result.ok for result in out["results"].values())
    assert ended[0] == "quick"
