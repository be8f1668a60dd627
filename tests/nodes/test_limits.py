"""Bounds that hold for all runs of a process: places, rates and circuits of tools."""

from __future__ import annotations

import asyncio
import time

import pytest

from nodes.execution.limits import FAILURES_TO_OPEN, OPEN_SECONDS, CircuitBreaker
from state.result import TaskError
from state.task import Task
from tests.nodes.harness import Bench
from tools.registry import ToolFailure, tool

LATE = TaskError(kind="timeout", message="late")
WRONG = TaskError(kind="invalid_arguments", message="wrong")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock=clock)
    for _ in range(FAILURES_TO_OPEN):
        breaker.failed(LATE)
    return breaker


def test_a_circuit_opens_after_failures_in_a_row_and_lets_one_try_later() -> None:
    clock = Clock()
    breaker = opened(clock)
    with pytest.raises(ToolFailure, match="left alone for 30 s") as caught:
        breaker.check("x")
    assert (caught.value.kind, caught.value.sent, caught.value.retry_after) == ("transient", False, OPEN_SECONDS)
    clock.now = OPEN_SECONDS
    with breaker.trying("x"):
        with pytest.raises(ToolFailure):
            breaker.check("x")
        breaker.succeeded()
    breaker.check("x")


def test_a_failed_try_opens_it_again_and_an_abandoned_one_leaves_the_next_to_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = OPEN_SECONDS
    with pytest.raises(asyncio.CancelledError), breaker.trying("x"):
        raise asyncio.CancelledError
    with breaker.trying("x"):
        breaker.failed(LATE)
    with pytest.raises(ToolFailure):
        breaker.check("x")


def test_errors_of_the_caller_say_nothing_about_the_tool() -> None:
    breaker = CircuitBreaker()
    for _ in range(3):
        for _ in range(FAILURES_TO_OPEN - 1):
            breaker.failed(LATE)
        breaker.failed(WRONG)
    breaker.check("x")


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
