"""Bounds on tools that hold for all runs of a process: concurrency, rate, and a circuit breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from state.result import TaskError
from tools.breaker import Breaker
from tools.registry import ToolFailure, ToolSpec

FAILURES_TO_OPEN = 5
OPEN_SECONDS = 30.0


@dataclass
class _ToolLimits:
    slots: asyncio.Semaphore
    next_free: float = 0.0


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _ToolLimits]] = WeakKeyDictionary()
_breakers: dict[str, Breaker] = {}


@contextmanager
def circuit(spec: ToolSpec) -> Iterator[Breaker]:
    """Around one call of a tool: its breaker, which all runs of this process share. Raises ToolFailure if open."""
    breaker = _breakers.setdefault(_identity(spec), Breaker(FAILURES_TO_OPEN, OPEN_SECONDS))
    if left := breaker.left:
        raise ToolFailure(
            f"'{spec.name}' failed {breaker.failures} times in a row and is left alone for {left:.0f} s; "
            f"the last time: {breaker.reason}",
            kind="transient",
            retry_after=left,
            sent=False,
        )
    with breaker.trying():
        yield breaker


def told(breaker: Breaker, error: TaskError) -> None:
    """Count a failure of a call; errors of the caller's making say nothing about the tool."""
    if error.kind in ("transient", "timeout"):
        breaker.failed(error.message)
    else:
        breaker.succeeded()


def _identity(spec: ToolSpec) -> str:
    """What is one and the same tool in all runs: they make it anew, and two graphs may call different ones alike."""
    tool: Any = spec.tool
    work = getattr(tool, "coroutine", None) or getattr(tool, "func", None) or type(tool)
    names = (getattr(work, "__module__", ""), getattr(work, "__qualname__", type(work).__qualname__))
    return ":".join([spec.name, *map(str, names), str(spec.concurrency)])


def reset() -> None:
    """Close every circuit, as a restart of the process would."""
    _breakers.clear()


@asynccontextmanager
async def slot(spec: ToolSpec) -> AsyncIterator[None]:
    """A place among the calls of a tool: waits for concurrency and rate."""
    limits = _of_loop.setdefault(asyncio.get_running_loop(), {}).get(_identity(spec))
    if limits is None:
        limits = _ToolLimits(asyncio.Semaphore(spec.concurrency))
        _of_loop[asyncio.get_running_loop()][_identity(spec)] = limits
    async with limits.slots:
        if spec.rate:
            now = time.monotonic()
            turn = max(now, limits.next_free)
            limits.next_free = turn + 1 / spec.rate
            await asyncio.sleep(turn - now)
        yield
