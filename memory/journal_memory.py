"""The journal of a saver in memory: ends with the process, as its checkpoints do."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any

from memory.journal_entries import Decision, Effect, EffectState


class MemoryJournal:
    """A journal in the process's memory. May be used from several threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._effects: dict[str, Effect] = {}
        self._decisions: list[Decision] = []
        self._forks: set[tuple[str, str]] = set()

    async def intend(self, effect: Effect) -> Effect | None:
        now = time.time()
        with self._lock:
            if (known := self._effects.get(effect.key)) is not None:
                return known
            self._effects[effect.key] = replace(
                effect, args=_copied(effect.args), created=effect.created or now, updated=effect.updated or now
            )
            return None

    async def find(self, key: str) -> Effect | None:
        return self._effects.get(key)

    async def call_again(self, key: str, args: dict[str, Any]) -> None:
        with self._lock:
            known = self._effects[key]
            again = {"state": "intended", "args": _copied(args), "outcome": None, "calls": known.calls + 1}
            self._effects[key] = replace(known, **again, updated=time.time())

    async def settle(self, key: str, state: EffectState, outcome: dict[str, Any] | None = None) -> None:
        with self._lock:
            known = self._effects[key]
            self._effects[key] = replace(known, state=state, outcome=_copied(outcome), updated=time.time())

    async def effects(self, thread_id: str | None = None) -> list[Effect]:
        with self._lock:
            return [effect for effect in self._effects.values() if thread_id in (None, effect.thread_id)]

    async def record(self, decision: Decision) -> None:
        with self._lock:
            shown, decided = _copied(decision.shown), _copied(decision.decided)
            self._decisions.append(replace(decision, shown=shown, decided=decided))

    async def decisions(self, thread_id: str | None = None) -> list[Decision]:
        with self._lock:
            return [
                replace(kept, shown=_copied(kept.shown), decided=_copied(kept.decided))
                for kept in self._decisions
                if thread_id in (None, kept.thread_id)
            ]

    async def forget(self, thread_id: str) -> None:
        with self._lock:
            heirs = sorted(fork for parent, fork in self._forks if parent == thread_id)
            for key, effect in list(self._effects.items()):
                if effect.thread_id == thread_id:
                    if heirs:
                        self._effects[key] = replace(effect, thread_id=heirs[0])
                    else:
                        del self._effects[key]
            parents = [parent for parent, fork in self._forks if fork == thread_id] + heirs[:1]
            self._forks = {pair for pair in self._forks if thread_id not in pair} | {
                (parent, heir) for parent in parents for heir in heirs if parent != heir
            }
            self._decisions = [decision for decision in self._decisions if decision.thread_id != thread_id]

    async def forked(self, thread_id: str, fork: str) -> None:
        with self._lock:
            self._forks.add((thread_id, fork))

    async def aclose(self) -> None:
        """Nothing to let go of."""


def _copied(value: Any) -> Any:
    # As a database would: what the caller changes later isn't changed here.
    return json.loads(json.dumps(value, default=str))
