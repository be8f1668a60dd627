"""Sequence: the fixed plan of the sequential graph, one search for the goal as it stands."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from nodes import emit
from nodes.generate import intent_of
from nodes.kit import Kit, NodeFunction
from nodes.shortlist import plannable
from state.budget import Budget
from state.context import RunContext
from state.plan import Plan
from state.run import RunState
from state.task import Task

SEARCHES = ("search_documents", "search_web")


def sequence(kit: Kit) -> NodeFunction:
    """The step that plans the one search a sequence makes: documents if there are any, else the web.

    Nothing is refined in a sequence: what a check finds wrong is dropped and named as missing.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        budget = (state.get("budget") or Budget()).model_copy(update={"rounds": 0})
        goal, reply = intent_of(state).goal, intent_of(state).reply
        usable = {spec.name for spec in plannable(here.tools)}
        name = next((name for name in SEARCHES if name in usable), None)
        tasks = [Task(id="search", goal=f"Search for: {goal}", tool=name, args={"query": goal})] if name else []
        if reply and state.get("plan") is None:  # there is nothing to search for
            return {"approved": True, "budget": budget}
        if state.get("plan_source") == "caller":
            emit.note("a sequence makes one search of its own; the plan given is left aside", level="warning")
        plan = Plan(tasks=tasks)
        emit.plan(plan)
        return {"plan": plan, "plan_source": "brain", "approved": True, "budget": budget}

    return run
