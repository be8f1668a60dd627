"""Recall: bring back what earlier runs found that is about the goal."""

from __future__ import annotations

import asyncio
from typing import Any

from langgraph.config import get_config
from langgraph.runtime import Runtime

from memory import facts
from nodes.audit import deciding
from nodes.generate import intent_of
from nodes.kit import NodeFunction
from state.context import RunContext
from state.plan import Plan
from state.result import Evidence, Origin, TaskResult
from state.run import RunState
from state.task import Task

MEMORY = "memory"
"""The task whose result is what was remembered."""


def recall() -> NodeFunction:
    """The step that looks into long-term memory, if the graph has a store.

    What comes back is evidence like any other, with the source it came from and the trust it had: untrusted text
    stays untrusted however often it is remembered.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        if runtime.store is None:
            return {}
        intent = intent_of(state)
        known = await facts.recalled(runtime.store, user_of())
        found = await asyncio.to_thread(facts.about, known, intent.questions or [intent.goal])
        if not found:
            return {}
        evidence = [
            Evidence(
                text=fact.text,
                source=fact.source,
                place=fact.place,
                task=MEMORY,
                trusted=fact.trusted,
                date=fact.learned or None,
            )
            for fact in found
        ]
        result = TaskResult(
            task=MEMORY,
            tool=MEMORY,
            status="done",
            value=[{"text": fact.text, "source": fact.source, "learned": fact.learned} for fact in found],
            evidence=evidence,
            origin=Origin(trusted=all(fact.trusted for fact in found), sources=[MEMORY]),
        )
        plan = Plan(tasks=[Task(id=MEMORY, goal="Remember what earlier runs found", tool=MEMORY)])
        return {"plan": plan, "results": {MEMORY: result}}

    return run


def user_of() -> str:
    """Whose memory a run has."""
    return deciding(get_config().get("configurable", {}))
