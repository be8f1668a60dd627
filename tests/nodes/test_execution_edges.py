"""Execution at its edges: values that aren't JSON, calls and thoughts that never end, tools that are called alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from langgraph.types import Command

from models.brain import Action, Brain, Thought
from nodes.execution import limits
from state.budget import Budget
from state.task import Task
from tests.nodes.brains import ScriptedBrain
from tests.nodes.harness import Bench
from tools.registry import ToolFailure, tool


class Thing:
    """Has no form in JSON."""

    def __str__(self) -> str:
        return "a thing"


class Array:
    """As numpy's arrays and numbers are."""

    def tolist(self) -> list[int]:
        return [1, 2]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Thing(), "a thing"), ([Thing()], ["a thing"]), (Array(), [1, 2]), (range(3), [0, 1, 2]),
        ({"a": 1}.keys(), ["a"]), (ValueError("no"), "no"), (b"\xff\xfe", "__4="), (b"text", "text"),
        ({1: {2}}, {"1": [2]}),
        (2**70, str(2**70)), ([-(2**64)], [str(-(2**64))]), (2**63, 2**63),
    ],
)  # fmt: skip
async def test_what_is_no_json_is_kept_as_json(value: Any, kept: Any) -> None:
    @tool(trusted=True)
    async def make() -> Any:
        """Make something."""
        return value

    out = await Bench([make]).run([Task(id="t1", tool="make"), Task(id="t2", tool="make")])
    assert [result.value for result in out["results"].values()] == [kept, kept]


@pytest.mark.parametrize(("risk", "status"), [("read", "failed"), ("write", "done")])
async def test_what_holds_itself_fails_a_reading_and_no_writing_tool(risk: str, status: str) -> None:
    @tool(risk=risk, trusted=True)  # type: ignore[arg-type]
    async def make() -> Any:
        """Make something that holds itself."""
        made: list[Any] = []
        made.append(made)
        return made

    result = (await Bench([make]).run([Task(id="t1", tool="make")]))["results"]["t1"]
    assert result.status == status
    assert "can't be told as JSON" in str(result.error or result.value)


async def test_any_input_that_came_through_is_enough_while_another_waits_for_a_person() -> None:
    @tool(risk="irreversible", trusted=True)
    async def fire() -> str:
        """Fire."""
        return "fired"

    @tool(trusted=True)
    async def look(at: Any = None) -> str:
        """Look."""
        return f"seen {at}"

    bench = Bench([fire, look], policy="default")
    plan = [
        Task(id="s", tool="fire"),
        Task(id="e", tool="look"),
        Task(id="j", tool="look", args={"at": "{{e}}"}, after=["s"], join="any"),
        Task(id="k", tool="look", args={"at": "{{j}}"}),
    ]
    out = await bench.run(plan)
    waiting = out["__interrupt__"]
    assert {name: result.status for name, result in out["results"].items()} == {
        "s": "pending", "e": "done", "j": "done", "k": "done",
    }  # fmt: skip
    out = await bench.resume(Command(resume={waiting[0].id: {"decisions": [{"type": "approve"}]}}))
    assert all(result.ok for result in out["results"].values())


class Sleeper(ScriptedBrain):
    """Never comes to a thought."""

    def __init__(self) -> None:
        super().__init__("nothing")

    async def next_action(self, goal: str, **_: Any) -> Thought[Action]:
        await asyncio.Event().wait()
        raise AssertionError

    async def complete(self, prompt: str, **_: Any) -> Thought[Any]:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize(("name", "args"), [("model", {"prompt": "p"}), ("agent", {"goal": "g"})])
@pytest.mark.parametrize(
    ("timeout", "budget", "told"),
    [(0.05, None, "no thought within 0.05 s"), (None, 0.05, "the budget of seconds is used up")],
)
async def test_a_thought_has_its_time(
    name: str, args: dict[str, Any], timeout: float | None, budget: float | None, told: str
) -> None:
    bench = Bench([], brain=cast(Brain, Sleeper()))
    task = Task(id="t1", tool=name, args=args, timeout=timeout)
    result = (await bench.run([task], budget=Budget(seconds=budget)))["results"]["t1"]
    assert (result.status, result.error.message) == ("failed", told)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (asyncio.CancelledError, "it was cancelled from within"),
        (lambda: TimeoutError("upstream said no"), "upstream said no"),
    ],
)
async def test_what_a_tool_does_to_itself_stays_with_it(raised: Callable[[], BaseException], told: str) -> None:
    @tool(trusted=True, retries=0)
    async def look() -> str:
        """Look."""
        raise raised()

    @tool(trusted=True)
    async def other() -> str:
        """Look elsewhere."""
        return "seen"

    out = await Bench([look, other]).run([Task(id="t1", tool="look"), Task(id="t2", tool="other")])
    assert out["results"]["t1"].error.message == told
    assert out["results"]["t2"].ok


async def test_calls_that_were_not_made_are_no_attempts_and_known_costs_keep_to_the_budget() -> None:
    @tool(trusted=True, cost=0.4)
    async def look() -> str:
        """Look, for money."""
        return "seen"

    bench = Bench([look])
    plan = [Task(id=f"t{n}", tool="look", after=[f"t{n - 1}"] if n else []) for n in range(3)]
    out = await bench.run(plan, budget=Budget(money=1.0))
    assert [(result.status, result.attempts) for result in out["results"].values()] == [
        ("done", 1), ("done", 1), ("failed", 0),
    ]  # fmt: skip
    assert out["usage"].money == pytest.approx(0.8)


async def test_a_broken_tool_of_one_graph_is_no_broken_tool_of_another() -> None:
    def broken() -> Any:
        @tool(trusted=True, retries=0, concurrency=1)
        async def look() -> str:
            """Look."""
            raise ToolFailure("down", kind="transient")

        return look

    def sound() -> Any:
        @tool(trusted=True)
        async def look() -> str:
            """Look."""
            return "seen"

        return look

    plan = [Task(id=f"t{n}", tool="look") for n in range(limits.FAILURES_TO_OPEN)]
    out = await Bench([broken()]).run(plan)
    assert {result.error.message for result in out["results"].values()} == {"down"}
    out = await Bench([broken()]).run(plan[:1])  # made anew, it is the same
    assert "times in a row" in out["results"]["t0"].error.message
    out = await Bench([sound()]).run(plan[:1])
    assert out["results"]["t0"].ok
