"""One goal as every orchestration type, side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from pydantic import Field

from graph.kits import builtin
from graph.outcome import Outcome
from graph.run import Tools, aask
from graph.sync import run_sync
from graph.types import TYPES, builder
from memory.settings import settings
from models.brain import Brain
from state.budget import Budget, Usage
from state.plan import Plan
from state.record import Record
from tools.registry import ToolSpec

COMPARED = tuple(name for name in TYPES if name != "event")
"""Every type that a goal alone can start."""


class Row(Record):
    """What one type made of the goal."""

    type: str
    seconds: float = Field(description="Wall time, from the goal to the answer.")
    critical_seconds: float = Field(default=0.0, description="Of the longest chain of tasks.")
    usage: Usage = Field(default_factory=Usage)
    outcome: str = Field(description="The stop reason, 'waiting' for a person, or 'error'.")
    verdict: str = Field(default="", description="What validation came to.")
    findings: int = Field(default=0, description="Sentences that validation found not held up.")
    citations: int = 0
    answer: str = ""
    thread_id: str = ""
    error: str | None = None


async def acompare(
    goal: str,
    *,
    types: Sequence[str] = COMPARED,
    docs: Sequence[str | Path] | str | Path | None = None,
    db: str | None = None,
    brain: Brain | str | None = None,
    model: str | None = None,
    tools: Tools | None = None,
    plan: Plan | Mapping[str, Any] | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    on_row: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Run `goal` as each of `types`, one after the other, each in a thread of its own, and say what each came to.

    Only what reads is offered, and only with tools that read is anything compared: an effect would be made once per
    type. `plan` is for the 'graph' type. Modules are loaded and documents are indexed before the clock starts.
    Raises ValueError for an unknown type, and for documents that can't be read.
    """
    for name in types:
        builder(name)
    reading = await asyncio.to_thread(_reading, docs, db, tools)
    await _warmed(reading, goal)
    rows = []
    for name in types:
        rows.append(
            await _row(
                goal,
                name,
                brain=brain,
                model=model,
                tools=reading,
                plan=plan if name == "graph" else None,
                budget=budget,
            )
        )
        if on_row is not None:
            on_row(rows[-1])
    return rows


def compare(goal: str, **options: Any) -> list[Row]:
    """As `acompare`, for callers that don't await."""
    return run_sync(acompare(goal, **options))


def _reading(docs: Any, db: str | None, tools: Tools | None) -> list[ToolSpec]:
    """The tools that only read, `ask_human` left out: a comparison waits for nobody."""
    paths = [docs] if isinstance(docs, str | Path) else list(docs or []) or None
    config = settings()
    given = builtin(paths or config.docs, db or config.db) if tools is None else [ToolSpec.of(one) for one in tools]
    lacking = next((spec.unavailable for spec in given if spec.name == "search_documents"), None)
    if paths and lacking:
        raise ValueError(lacking)
    return [spec for spec in given if spec.risk == "read" and spec.name != "ask_human"]


async def _warmed(tools: Sequence[ToolSpec], goal: str) -> None:
    """Load what is loaded once per process, and index the documents, so that the first type doesn't pay for it."""
    import_module("langchain.agents")
    await aask(goal, brain="reflex", tools=[], checkpointer=InMemorySaver())
    for spec in tools:
        if spec.name == "search_documents" and not spec.unavailable:
            await replace(spec).call({"query": goal[:500]})


async def _row(goal: str, type_name: str, **options: Any) -> Row:
    began = time.perf_counter()
    try:
        outcome = await aask(goal, type=type_name, **options)
    except Exception as error:  # one type's failure is a row, not the end of the comparison
        return Row(type=type_name, seconds=time.perf_counter() - began, outcome="error", error=str(error))
    return _of(outcome, type_name, time.perf_counter() - began)


def _of(outcome: Outcome, type_name: str, seconds: float) -> Row:
    report, verdict = outcome.report, outcome.verdict
    return Row(
        type=type_name,
        seconds=seconds,
        critical_seconds=report.critical_seconds if report else 0.0,
        usage=report.usage if report else Usage(),
        outcome="waiting" if outcome.waiting else outcome.stop_reason or "unfinished",
        verdict=verdict.action if verdict else "",
        findings=len(verdict.findings) if verdict else 0,
        citations=len(outcome.citations),
        answer=outcome.answer,
        thread_id=outcome.thread_id,
    )
