"""What a run has spent while its tasks are at work, held against its budget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nodes.spending import seconds_left, to_think
from state.budget import Budget, Usage
from tools.registry import ToolFailure

_ledger: ContextVar[list[Usage] | None] = ContextVar("ledger", default=None)


class Purse:
    """Counts as calls begin, so that a bound on calls is never overstepped."""

    def __init__(self, spent: Usage, budget: Budget) -> None:
        self._before = spent
        self._now = Usage()
        self._budget = budget
        self._began = time.monotonic()

    @property
    def usage(self) -> Usage:
        """All that has been spent in this run so far, working seconds included."""
        return self._before + self._now + Usage(seconds=time.monotonic() - self._began)

    def add(self, usage: Usage) -> None:
        self._now = self._now + usage
        if (ledger := _ledger.get()) is not None:
            ledger.append(usage)

    @contextmanager
    def ledger(self) -> Iterator[list[Usage]]:
        """What is added by the work inside, to be recorded with its result: where that is replayed, it was spent all
        the same."""
        spent: list[Usage] = []
        token = _ledger.set(spent)
        try:
            yield spent
        finally:
            _ledger.reset(token)

    def settle(self) -> Usage:
        """What has been spent since this was last asked, working seconds aside; it stays counted here."""
        spent, self._now = self._now, Usage()
        self._before = self._before + spent
        return spent

    def add_call(self, cost: float) -> None:
        """Count one call of a tool that costs `cost` US dollars."""
        self.add(Usage(tool_calls=1, money=cost))

    def allow(self, *, thinking: bool = False, cost: float = 0.0) -> None:
        """Raises ToolFailure (kind 'budget') when a bound is reached, so that nothing new starts. `thinking`: what
        is to start calls a model and no tool. `cost`: US dollars it is known to cost."""
        most = self._budget.money
        if most is not None and cost and self.usage.money + cost > most:
            told = f"the budget of money leaves ${max(0.0, most - self.usage.money):g}, and it costs ${cost:g}"
            raise ToolFailure(told, kind="budget", sent=False)
        if bound := self.usage.exceeded(to_think(self._budget) if thinking else self._budget):
            raise ToolFailure(f"the budget of {bound.replace('_', ' ')} is used up", kind="budget", sent=False)

    def seconds_left(self) -> float | None:
        """Working seconds the budget still allows; None if unbounded."""
        return seconds_left(self._budget, self.usage)
