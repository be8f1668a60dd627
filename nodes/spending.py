"""What a step of thinking adds to what the run has spent, and whether anything is left to think with."""

from __future__ import annotations

import time
from typing import TypeVar

from models.brain import BrainError, Thought
from nodes import emit
from state.budget import Budget, Usage
from state.run import RunState

T = TypeVar("T")
_NEEDED_TO_THINK = ("seconds", "tokens", "money", "model_calls")


def to_think(budget: Budget) -> Budget:
    """The bounds that a call of a model is held against: calls of tools aren't needed for that."""
    return Budget(**{name: getattr(budget, name) for name in _NEEDED_TO_THINK})


class Spending:
    """The usage and the notes of a run while one step thinks; its working time counts from here on."""

    def __init__(self, state: RunState) -> None:
        self._before = state.get("usage") or Usage()
        self._budget = state.get("budget") or Budget()
        self._thoughts = Usage()
        self._began = time.monotonic()
        self.notes = list(state.get("notes") or [])

    def take(self, thought: Thought[T]) -> T:
        """The value of a thought; its cost and its notes are added."""
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
