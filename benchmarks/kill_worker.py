"""One process of the kill gate: begins a plan or goes on with it, and kills itself at the boundary it is told.

A boundary is the instant before or after something is made durable or done to the world: a checkpoint, the writes of
a task, an entry of the journal, an effect. They are found by wrapping what makes them, not by listing them.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock  # noqa: F401 - what is imported here is imported once, and not by every worker
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

import memory.checkpointers
import memory.journal_sql  # noqa: F401
from benchmarks.engine import begin, execution_graph
from benchmarks.kill_scenarios import Scenario, receipt, tools
from benchmarks.ledger import Ledger
from graph.kits import make_kit
from graph.orchestrator import wire
from memory.journal import journal_for
from memory.lock import thread_lock
from memory.persistence import open_checkpointer
from nodes.execution import limits
from state.plan import Plan
from state.result import TaskResult

MOST_QUESTIONS = 40
Answer = Callable[[dict[str, Any], list[str]], dict[str, Any]]


@dataclass
class Boundaries:
    """Counts boundaries as they are passed, and kills this process at the one numbered `kill_at` (from 1)."""

    kill_at: int | None
    trace: list[str]

    def passed(self, name: str) -> None:
        self.trace.append(name)
        if len(self.trace) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, method: str) -> None:
        """Make the beginning and the end of an object's async method boundaries."""
        original = getattr(owner, method)

        async def bounded(*args: Any, **kwargs: Any) -> Any:
            self.passed(f"before {method}")
            try:
                return await original(*args, **kwargs)
            finally:
                self.passed(f"after {method}")

        setattr(owner, method, bounded)


@dataclass(frozen=True)
class Report:
    """What a worker that lived to its end has to say. `asked`: the kind and the tool of each question it put."""

    results: dict[str, dict[str, Any]]
    trace: list[str]
    asked: list[str]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(vars(self)), "utf-8")

    @classmethod
    def load(cls, path: Path) -> Report:
        return cls(**json.loads(path.read_text("utf-8")))


def consult(question: dict[str, Any], entries: list[str]) -> dict[str, Any]:
    """The answer of a person who looks into the ledger when an effect is in doubt, and else approves."""
    effect = str(question["action_requests"][0]["args"]["effect"])
    if question["kind"] == "in_doubt" and effect in entries:
        return {"type": "respond", "message": receipt(effect)}
    return {"type": "approve"}


async def work(
    database: Path, run: str, scenario: Scenario, ledger: Ledger, kill_at: int | None, answer: Answer = consult
) -> Report:
    """Begin the scenario's plan in a database, or go on with it, answering what it asks, until it has ended."""
    limits.reset()
    boundaries, asked = Boundaries(kill_at, []), list[str]()
    async with open_checkpointer(str(database)) as saver, thread_lock(saver, run):
        journal = journal_for(saver)
        for method in ("aput", "aput_writes"):
            boundaries.around(saver, method)
        for method in ("intend", "call_again", "settle", "record"):
            boundaries.around(journal, method)
        chosen = tools(ledger, run, boundaries.passed)
        plan = Plan(tasks=scenario.tasks)
        if scenario.whole:
            graph = wire(make_kit(brain="reflex", tools=chosen, policy="default", journal=journal)).compile(saver)
            first: dict[str, Any] = {"goal": "Make the payments.", "plan": plan}
        else:
            graph = execution_graph(chosen, checkpointer=saver, journal=journal, policy="default")
            first = begin(plan, run_key=run)
        config: RunnableConfig = {"configurable": {"thread_id": run, "user": "gate"}}
        state = await graph.aget_state(config)
        given: Any = None if state.values or state.tasks else first
        for _ in range(MOST_QUESTIONS):
            # As a client does that doesn't know what became of its last answer: what is shown as open is answered.
            if state.interrupts:
                entries = await asyncio.to_thread(ledger.entries, run)
                asked += [f"{one.value['kind']} {one.value['action_requests'][0]['name']}" for one in state.interrupts]
                decisions = {one.id: {"decisions": [answer(one.value, entries)]} for one in state.interrupts}
                given = Command(resume=scenario.some(decisions))
            await graph.ainvoke(given, config, durability="sync")
            given, state = None, await graph.aget_state(config)
            if not state.interrupts and not state.next:
                break
        await journal.aclose()
        results: dict[str, TaskResult] = state.values["results"]
        told = {name: {"status": one.status, "value": one.value} for name, one in sorted(results.items())}
        return Report(told, boundaries.trace, asked)
