"""Bounds that hold for all runs of a process: places, rates and circuits of tools."""

from __future__ import annotations

import asyncio
import time

import pytest

from nodes.execution import limits
from nodes.execution.limits import FAILURES_TO_OPEN, OPEN_SECONDS
from state.result import TaskError
from state.task import Task
from tests.nodes.harness import Bench
from tools.breaker import Breaker
from tools.registry import ToolFailure, tool

LATE = TaskError(kind="timeout", message="late")
WRONG = TaskError(kind="invalid_arguments", message="wrong")


def test_errors_of_the_caller_say_nothing_about_the_tool() -> None:
    breaker = Breaker(FAILURES_TO_OPEN, OPEN_SECONDS)
    for _ in range(3):
        for _ in range(FAILURES_TO_OPEN - 1):
            limits.told(breaker, LATE)
        limits.told(breaker, WRONG)
    assert breaker.left == 0


async def test_places_of_a_tool_are_shared_by_runs_and_given_in_turn() -> None:
    running = peak = 0
    order: list[str] = []

    @tool(concurrency=2, trusted=True)
    async def narrow(name: str) -> str:
        """Use one of two places."""
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        order.append(name)
        await asyncio.sleep(0.1)  # long enough for the other run to have come here
        running -= 1
        return name

    def plan(run: str) -> list[Task]:
        return [Task(id="m", tool="narrow", args={"name": f"{run}{{{{item}}}}"}, each=list(range(6)), width=3)]

    bench = Bench([narrow])
    await asyncio.gather(*(bench.run(plan(run), thread=run, run_key=run) for run in "ab"))
    assert peak == 2
    # Neither run has to wait until the other is through.
    assert {"a", "b"} <= {name[0] for name in order[:6]}


async def test_the_rate_of_a_tool_is_kept() -> None:
    called: list[float] = []

    @tool(rate=50, trusted=True)
    async def rare() -> int:
        """May be called fifty times a second."""
        called.append(time.monotonic())
        return len(called)

    began = time.monotonic()
    await Bench([rare]).run([Task(id=f"t{number}", tool="rare") for number in range(5)])
    assert called[-1] - began >= 4 / 50


async def test_retry_after_is_honoured() -> None:
    called: list[float] = []

    @tool(trusted=True)
    async def busy() -> str:
        """Busy at first."""
        called.append(time.monotonic())
        if len(called) == 1:
            raise ToolFailure("busy", kind="transient", retry_after=0.15)
        return "now"

    out = await Bench([busy]).run([Task(id="a", tool="busy")])
    assert (out["results"]["a"].value, out["results"]["a"].attempts) == ("now", 2)
    assert called[1] - called[0] >= 0.15


async def test_what_a_tool_returns_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodes.execution.attempts.MOST_RETURNED", 1000)
    written: list[str] = []

    @tool
    def read() -> str:
        """Read a lot."""
        return "x" * 1001

    @tool(risk="write")
    def write() -> str:
        """Write, and say a lot."""
        written.append("x")
        return "x" * 1001

    bench = Bench([read, write])
    out = await bench.run([Task(id="t1", tool="read"), Task(id="t2", tool="write")])
    first, second = out["results"]["t1"], out["results"]["t2"]
    assert (first.status, first.value) == ("failed", None)
    assert "the limit is 1,000" in str(first.error)
    assert (second.status, written) == ("done", ["x"])  # it has happened
    assert "left out" in second.value
