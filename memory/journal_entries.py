"""What a journal holds, effects and decisions, and what every journal does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

EffectState = Literal["intended", "done", "failed", "in_doubt", "abandoned", "asking"]
"""'asking': its tool has been called and put a question to a person instead of acting."""


@dataclass(frozen=True)
class Effect:
    """One effect of one task. Times are epoch seconds; `args` and `outcome` are JSON objects.

    `calls`: how often its tool has been called, or was about to be.
    """

    key: str
    thread_id: str
    task: str
    tool: str
    args: dict[str, Any]
    item: str = ""
    state: EffectState = "intended"
    outcome: dict[str, Any] | None = None
    calls: int = 1
    created: float = 0.0
    updated: float = 0.0

    @property
    def doubt(self) -> str:
        """Why nobody knows whether it happened."""
        if error := (self.outcome or {}).get("error"):
            return f"the call may have come through, though it ended so: {error}"
        return "the run stopped between the call and its outcome"


@dataclass(frozen=True)
class Decision:
    """One decision of a person (or of a rule) about a run; append-only. `shown` and `decided` are JSON objects."""

    thread_id: str
    task: str
    kind: str
    who: str
    at: float
    shown: dict[str, Any]
    decided: dict[str, Any]


class Journal(Protocol):
    """Effects and decisions, durable before the call returns."""

    async def intend(self, effect: Effect) -> Effect | None:
        """Record that `effect` is about to happen. Returns what the journal holds under that key already, and
        then changes nothing; None if the key is new."""

    async def find(self, key: str) -> Effect | None:
        """What the journal holds under `key`."""

    async def call_again(self, key: str, args: dict[str, Any]) -> None:
        """Record that an effect is about to happen after all, by a further call, with these arguments.

        Raises KeyError for an unknown key."""

    async def settle(self, key: str, state: EffectState, outcome: dict[str, Any] | None = None) -> None:
        """Record what became of an effect. Raises KeyError for an unknown key."""

    async def effects(self, thread_id: str | None = None) -> list[Effect]:
        """The effects of a thread, oldest first; of all threads if none is named."""

    async def record(self, decision: Decision) -> None:
        """Append a decision to the audit log."""

    async def decisions(self, thread_id: str | None = None) -> list[Decision]:
        """The decisions of a thread, oldest first; of all threads if none is named."""

    async def forget(self, thread_id: str) -> None:
        """Remove a thread's effects and decisions, when the thread is deleted.

        Effects that a fork of it relies on, to not repeat them, become that fork's."""

    async def forked(self, thread_id: str, fork: str) -> None:
        """Record that the thread `fork` was made from `thread_id` and relies on its effects."""

    async def aclose(self) -> None:
        """Let go of connections. The journal can be used again, and then opens them anew."""
