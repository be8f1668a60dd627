"""What a step of thinking adds to what the run has spent, and whether anything is left to think with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from models.brain import EMBEDDED, Brain, BrainError, Thought
from nodes import emit
from state.budget import Budget, Usage
from state.run import RunState
from tools.registry import ToolFailure

T = TypeVar("T")
LEFT_TO_EMBEDDED = 1.0
"""Seconds that the embedded brain has when the budget's are used up: it needs milliseconds, and no model."""
_NEEDED_TO_THINK = ("seconds", "tokens", "money", "model_calls")


def to_think(budget: Budget) -> Budget:
    """The bounds that a call of a model is held against: calls of tools aren't needed for that."""
    return Budget(**{name: getattr(budget, name) for name in _NEEDED_TO_THINK})


def seconds_left(budget: Budget, usage: Usage) -> float | None:
    """Working seconds a budget still allows; None if unbounded."""
    return None if budget.seconds is None else max(0.0, budget.seconds - usage.seconds)


async def in_time(work: Callable[[], Awaitable[T]], left: float | None, timeout: float | None = None) -> T:
    """What a brain's `work` comes to, cut off after `left`, of the budget's seconds, or after `timeout` (seconds, or
    None).

    Raises ToolFailure of kind 'budget' or 'timeout', the latter also where the brain itself took too long.
    """
    is_cut = left is not None and (timeout is None or left < timeout)
    limit = asyncio.timeout(left if is_cut else timeout)
    try:
        async with limit:
            return await work()
    except TimeoutError as error:
        if not limit.expired():
            raise ToolFailure(str(error) or "the brain took too long", kind="timeout") from error
        told = "the budget of seconds is used up" if is_cut else f"no thought within {timeout:g} s"
        raise ToolFailure(told, kind="budget" if is_cut else "timeout") from error


class Spending:
    """The usage and the notes of a run while one step thinks; its working time counts from here on."""

    def __init__(self, state: RunState) -> None:
        self._before = state.get("usage") or Usage()
        self._budget = state.get("budget") or Budget()
        self._thoughts = Usage()
        self._began = time.monotonic()
        self.notes = list(state.get("notes") or [])

    async def think(self, brain: Brain, work: Callable[[], Awaitable[Thought[T]]]) -> T:
        """The value of a thought of `brain`'s, cut off when the budget's seconds are over; its cost and its notes are
        added. Raises BrainError."""
        left = seconds_left(self._budget, self.usage)
        if left is not None and brain.name == EMBEDDED:
            left = max(left, LEFT_TO_EMBEDDED)
        try:
            thought = await in_time(work, left)
        except ToolFailure as error:
            raise BrainError(str(error)) from error
        self._add(thought.usage)
        for note in thought.notes:
            self.note(note)
        return thought.value

    def count(self, usage: Usage) -> None:
        """Add what was spent on this run beside the thought, working seconds aside."""
        self._add(usage)

    def failed(self, error: BrainError, doing: str) -> None:
        """A thought that came to nothing costs all the same."""
        self._add(error.usage)
        self.note(f"{doing}: {error}")

    def note(self, message: str) -> None:
        """Tell whoever watches, and the run's report."""
        if message not in self.notes:
            self.notes.append(message)
            emit.note(message, level="warning")

    @property
    def usage(self) -> Usage:
        """All that has been spent in this run so far."""
        return self._before + self._thoughts + Usage(seconds=time.monotonic() - self._began)

    @property
    def used_up(self) -> str | None:
        """The bound that leaves nothing to call a model with, or None."""
        return self.usage.exceeded(to_think(self._budget))

    def _add(self, usage: Usage) -> None:
        self._thoughts = self._thoughts + usage.model_copy(update={"seconds": 0.0})
