"""The desk: everything the tasks of one execution share."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
from dataclasses import dataclass, field

from nodes.audit import AuditLog
from nodes.execution.drain import Drain
from nodes.execution.purse import Purse
from nodes.kit import Kit
from state.result import Origin
from state.task import Task


@dataclass
class Desk:
    """One execution of a plan. `may_ask`: whether a person may be asked now, or the question is put off.

    `goal`: what `{{goal}}` stands for. `literal`: the origin of what stands in the plan itself. `doubts`: which
    questions about effects have been put.
    """

    kit: Kit
    purse: Purse
    run_key: str
    thread_id: str
    who: str
    literal: Origin
    may_ask: bool
    slots: asyncio.Semaphore
    drain: Drain
    goal: str = ""
    notes: list[str] = field(default_factory=list)
    doubts: set[tuple[str, str]] = field(default_factory=set)

    @functools.cached_property
    def audit(self) -> AuditLog:
        """The audit log of this thread."""
        return AuditLog(self.kit.journal, self.thread_id)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True)
class Site:
    """Where in a plan a call is made: its task, and which item, round or step of it.

    `call`: of an agent's step, what it does. An agent that is begun anew may come to it by other steps.
    """

    task: Task
    item: int | None = None
    round: int | None = None
    step: int | None = None
    call: str = ""

    def key(self, run_key: str, tool: str) -> str:
        """The idempotency key of the effect that a tool makes at this site: the same on resume, retry and fork.

        It is made of the definition of the task, not of its resolved arguments: were an earlier
        task's value lost and found differently, the effect would still be the same effect.
        """
        definition = {"tool": tool, "args": self.task.args, "each": self.task.each}
        identity = [run_key, self.task.id, definition, self.item, self.round, self.call]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]

    def __str__(self) -> str:
        parts = [self.task.id]
        for name in ("item", "round", "step"):
            number = getattr(self, name)
            if number is not None:
                parts.append(f"{name} {number}")
        return ", ".join(parts)
