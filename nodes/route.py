"""Route: check that every task has a tool that can do it, with arguments that fit."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from nodes import emit
from nodes.kit import Kit, NodeFunction
from state.context import RunContext
from state.plan import Plan, check_plan
from state.run import RunState

MAX_REPAIRS = 2


def route(kit: Kit) -> NodeFunction:
    """The step that checks the plan before anything is spent on it."""

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        plan = state.get("plan") or Plan()
        if not plan.tasks and any(problem.code != "rejected" for problem in state.get("problems") or []):
            return {}
        if state.get("plan_source") == "caller":
            emit.plan(plan)
        return {"problems": check_plan(plan, here.tools, state.get("budget"))}

    return run
