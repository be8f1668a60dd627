"""Route: check that every task has a tool that can do it, with arguments that fit."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from nodes import emit
from nodes.conversation import asking, steps
from nodes.decompose import MAX_REPAIRS
from nodes.execution.head_start import of_run
from nodes.kit import Kit, NodeFunction
from nodes.review import reason_to_review
from state.budget import Usage
from state.context import RunContext
from state.plan import Plan, check_plan
from state.run import PlanSource, Rounds, RunState

_OF_PEOPLE: frozenset[PlanSource] = frozenset({"caller", "person"})


def route(kit: Kit, *, repairs: int = MAX_REPAIRS) -> NodeFunction:
    """The step that checks the plan before anything is spent on it.

    A plan over the budget is made again, `repairs` times. If it still is, or is a person's own, it runs: the budget
    ends it where it must, and what was found by then is answered.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        plan = state.get("plan") or Plan()
        if not plan.tasks and any(problem.code != "rejected" for problem in state.get("problems") or []):
            return {}
        if state.get("plan_source") == "caller":
            emit.plan(plan)
        problems = check_plan(plan, here.tools, state.get("budget"))
        update: dict[str, Any] = {"problems": problems}
        is_settled = state.get("plan_source") in _OF_PEOPLE or (state.get("rounds") or Rounds()).repair >= repairs
        if is_settled and problems and all(problem.code == "over_budget" for problem in problems):
            notes = [f"the plan goes beyond the budget: {problem.message}" for problem in problems]
            for note in notes:
                emit.note(note, level="warning")
            update = {"problems": [], "notes": [*(state.get("notes") or []), *notes]}
        if update["problems"] or not reason_to_review(plan, state, here.policy, here.tools):
            return update
        if here.policy.attended:
            update["messages"] = asking(state, ["This needs your approval:", *steps(plan)])
        if ahead := of_run():  # the run stops for the review: what has ended by now is kept for after it
            update["ahead"] = await ahead.stop()
            update["usage"] = (state.get("usage") or Usage()) + ahead.spent()
        return update

    return run
