"""Bounds on tools that hold for all runs of a process: concurrency, rate, and a circuit breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from state.result import TaskError
from tools.registry import ToolFailure, ToolSpec

FAILURES_TO_OPEN = 5
OPEN_SECONDS = 30.0


@dataclass
class CircuitBreaker:
    """Refuses calls for a while after several failures in a row, then lets one through to try."""

    failures: int = 0
    reason: str = ""
    opened: float | None = None
    probing: bool = False
    clock: Callable[[], float] = time.monotonic

    def check(self, tool: str) -> None:
        """Raises ToolFailure while the circuit is open."""
        if self.opened is None:
            return
        remaining = self.opened + OPEN_SECONDS - self.clock()
        if remaining > 0 or self.probing:
            raise ToolFailure(
                f"'{tool}' failed {self.failures} times in a row and is left alone for {max(remaining, 1):.0f} s; "
                f"the last time: {self.reason}",
                kind="transient",
                retry_after=max(remaining, 1.0),
                sent=False,
            )
        self.probing = True

    @contextmanager
    def trying(self, tool: str) -> Iterator[None]:
        """Around one call. Raises ToolFailure as `check`; a call that came to nothing leaves the next one to try."""
        was_probing = self.probing
        self.check(tool)
        is_probe = self.probing and not was_probing
        try:
            yield
        finally:
            if is_probe:
                self.probing = False

    def succeeded(self) -> None:
        self.failures, self.opened, self.probing = 0, None, False

    def failed(self, error: TaskError) -> None:
        """Count a failure; errors of the caller's making say nothing about the tool."""
        if error.kind not in ("transient", "timeout"):
            self.succeeded()
            return
        self.failures += 1
        self.reason = error.message
        self.probing = False
        if self.failures >= FAILURES_TO_OPEN:
            self.opened = self.clock()


@dataclass
class _ToolLimits:
    slots: asyncio.Semaphore
    next_free: float = 0.0


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _ToolLimits]] = WeakKeyDictionary()
_breakers: dict[str, CircuitBreaker] = {}


def breaker(spec: ToolSpec) -> CircuitBreaker:
    """The breaker of a tool, shared by all runs of this process."""
    return _breakers.setdefault(_identity(spec), CircuitBreaker())


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
