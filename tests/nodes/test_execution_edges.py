"""Execution at its edges: values that aren't JSON, calls and thoughts that never end, tools that are called alike."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from langchain_core.tools import StructuredTool
from langgraph.types import Command

from models.brain import Action, Brain, Thought
from nodes.execution import limits
from state.budget import Budget
from state.task import Task
from tests.nodes.brains import ScriptedBrain
from tests.nodes.harness import Bench
from tools.registry import ToolFailure, ToolOutput, tool


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


def _nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize(
    "make",
    [
        lambda: _nested(450), lambda: ToolOutput(1, ["no evidence"]), lambda: ToolOutput(1, None),
        lambda: {"\ud800": 1}, lambda: [Mute()], lambda: throw(ToolFailure("the answer is lost", done=True)),
    ],
    ids=["nested", "evidence", "no-evidence", "surrogate", "mute", "lost"],
)  # fmt: skip
async def test_what_has_been_done_has_not_failed_whatever_came_back(make: Callable[[], Any]) -> None:
    calls = []

    @tool(risk="write", trusted=True)
    async def write() -> Any:
        """Write."""
        calls.append("write")
        return make()

    @tool(trusted=True)
    async def read() -> Any:
        """Read."""
        return make()

    out = await Bench([write, read]).run([Task(id="w", tool="write"), Task(id="r", tool="read")])
    assert out["results"]["w"].value.startswith("Done; what came back was left out: ")
    assert (out["results"]["w"].status, out["results"]["r"].status) == ("done", "failed")
    assert calls == ["write"]


class Counting(ScriptedBrain):
    """Calls `look` with a long number, then answers with one."""

    def __init__(self, number: int) -> None:
        super().__init__("nothing")
        self._thoughts = [Action(tool="look", args={"at": number}), Action(answer={"found": number})]

    async def next_action(self, goal: str, **_: Any) -> Thought[Action]:
        return Thought(self._thoughts.pop(0))


async def test_a_number_too_long_to_be_kept_is_text_wherever_it_comes_from() -> None:
    @tool(trusted=True)
    async def look(at: Any) -> Any:
        """Look."""
        return at

    long = 2**70
    plan = [
        Task(id="given", tool="look", args={"at": [long]}),
        Task(id="each", tool="look", args={"at": "{{item}}"}, each=[long, 1]),
        Task(id="chosen", tool="agent", args={"goal": "look"}),
    ]
    out = await Bench([look], brain=cast(Brain, Counting(long))).run(plan)
    assert {name: result.value for name, result in out["results"].items()} == {
        "given": [str(long)], "each": [str(long), 1], "chosen": {"found": str(long)},
    }  # fmt: skip


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


class Ending(BaseException):
    """Ends more than a call."""


class Mute(Exception):
    """Can't say what it is."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class NoText(Exception):
    """Says what is no text."""

    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class Odd(Exception):
    """Can't be asked for its status."""

    @property
    def status_code(self) -> int:
        raise RuntimeError


def throw(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda: sys.exit(3), "the tool called sys.exit(3)"),
        (sys.exit, "the tool called sys.exit()"),
        (lambda: throw(Ending("of it")), "the tool raised Ending: of it"),
        (lambda: throw(BaseExceptionGroup("g", [Ending()])), "the tool raised BaseExceptionGroup: g (1 sub-exception)"),
        (lambda: throw(Mute()), "Mute"),
        (lambda: throw(NoText()), "NoText"),
        (lambda: throw(Odd("status")), "Odd: status"),
        (lambda: throw(ValueError("x" * 100_000)), "ValueError: " + "x" * 988),
        (lambda: throw(ToolFailure("odd", kind="oddest")), "odd"),  # type: ignore[arg-type]
        (lambda: throw(ToolFailure("soon", retry_after="soon")), "soon"),  # type: ignore[arg-type]
    ],
    ids=["exit-3", "exit", "base", "group", "mute", "no-text", "odd", "long", "kind", "retry-after"],
)  # fmt: skip
@pytest.mark.parametrize("way", ["thread", "loop", "langchain"])
async def test_whatever_a_tool_raises_is_its_tasks_failure(act: Callable[[], None], told: str, way: str) -> None:
    def blocking() -> str:
        """Look."""
        act()
        return "seen"

    async def awaited() -> str:
        """Look."""
        await asyncio.sleep(0)
        return blocking()

    @tool(trusted=True)
    async def other() -> str:
        """Look elsewhere."""
        return "seen"

    made = {
        "thread": lambda: tool(retries=0, name="look")(blocking),
        "loop": lambda: tool(retries=0, name="look")(awaited),
        "langchain": lambda: StructuredTool.from_function(
            coroutine=awaited, name="look", metadata={"risk": "read", "retries": 0}
        ),
    }
    out = await Bench([made[way](), other]).run([Task(id="t1", tool="look"), Task(id="t2", tool="other")])
    assert (out["results"]["t1"].status, out["results"]["t1"].error.message) == ("failed", told)
    assert out["results"]["t2"].ok


async def test_an_interrupt_in_a_thread_is_nobodys_ctrl_c() -> None:
    @tool(trusted=True)
    def look() -> str:
        """Look."""
        raise KeyboardInterrupt

    (result,) = (await Bench([look]).run([Task(id="t1", tool="look")]))["results"].values()
    assert result.error.message == "the tool raised KeyboardInterrupt"


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as a terminal has it: a shell's background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_run_also_while_a_tool_is_at_work() -> None:
    @tool(trusted=True)
    async def look() -> str:
        """Look, and be interrupted."""
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()
        return "seen"

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(Bench([look]).run([Task(id="t1", tool="look")]))


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
