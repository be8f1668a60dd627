"""Decompose: make a plan for the intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from langgraph.runtime import Runtime

from models.brain import BrainError, Thought, streams_plans
from nodes import conversation, emit
from nodes.execute import open_desk, plan_origin
from nodes.execution.head_start import HeadStart, of_run
from nodes.generate import intent_of
from nodes.kit import Kit, NodeFunction
from nodes.shortlist import shortlist
from nodes.spending import Spending
from state.budget import Budget
from state.context import RunContext
from state.intent import Intent
from state.plan import Plan, Problem
from state.result import TaskResult
from state.run import PlanSource, Rounds, RunState
from state.task import Task

MAX_REPAIRS = 2
"""How often a plan with problems, or one that a person rejected, is made anew."""


class Planner(Protocol):
    """Makes a plan with the kit of a run; the rest is as `Brain.decompose` takes and returns it."""

    async def __call__(
        self, kit: Kit, intent: Intent, *, problems: Sequence[Problem], results: Mapping[str, TaskResult] | None
    ) -> Thought[Plan]: ...


def decompose(kit: Kit, planner: Planner | None = None) -> NodeFunction:
    """The step that plans, by the brain or by `planner`. A plan of the caller's own is left as it is."""

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        if state.get("plan") is not None and state.get("plan_source") == "caller":
            return {}
        here = await kit.for_run(runtime)
        parsed, spending = intent_of(state), Spending(state)
        rounds, problems = state.get("rounds") or Rounds(), list(state.get("problems") or [])
        verdict, results = state.get("verdict"), dict(state.get("results") or {})
        is_replan = verdict is not None and verdict.action == "replan"
        shown = results if is_replan else None
        is_first = not is_replan and state.get("plan_source") != "replan"
        if problems:
            rounds = rounds.model_copy(update={"repair": rounds.repair + 1})
        source: PlanSource = "replan" if has_read_untrusted(state) else "brain"
        ahead = _head_start(here) if is_first else None
        emit.step("decompose", "started")
        try:
            if planner is not None:
                thought = await planner(here, parsed, problems=problems, results=shown)
            elif ahead is not None and streams_plans(here.brain):
                tools = [*await shortlist(parsed, here.tools.available()), *here.tools.unreadable()]
                desk = open_desk(here, state, runtime, literal=plan_origin(source), may_ask=False)
                await ahead.open(desk, state.get("budget") or Budget(), state.get("ahead") or {})
                thought = await here.brain.stream_plan(parsed, tools=tools, problems=problems, on_task=ahead)
                await ahead.keep(thought.value)
                spending.count(ahead.spent())
            else:
                tools = [*await shortlist(parsed, here.tools.available()), *here.tools.unreadable()]
                thought = await here.brain.decompose(parsed, tools=tools, problems=problems, results=shown)
            plan = spending.take(thought)
        except BrainError as error:
            spending.failed(error, "no plan could be made")
            unplanned = Problem(code="unplanned", message=str(error))
            return {"plan": Plan(), "problems": [unplanned], **_spent(spending, rounds)}
        update: dict[str, Any] = _spent(spending, rounds)
        if not is_first:
            plan = extended(state.get("plan") or Plan(), results, plan)
            update["approved"] = False
        update["plan_source"] = source
        emit.plan(plan)
        emit.step("decompose", "ended", detail=f"{len(plan.tasks)} tasks")
        return {**update, "plan": plan}

    return run


def _head_start(kit: Kit) -> HeadStart | None:
    """Where tasks may be begun before the plan is whole: not where a person is to see it first."""
    return None if kit.policy.plan == "always" else of_run()


def has_read_untrusted(state: RunState) -> bool:
    """Whether what a planner is shown holds text of others: results of this run, or earlier answers made of such.

    What a tool says when it fails is its own words too.
    """
    results = (state.get("results") or {}).values()
    return has_earlier_answers(state) or any(not result.ok or not result.origin.trusted for result in results)


def has_earlier_answers(state: RunState) -> bool:
    """Whether the goal was read in view of earlier answers of the conversation, which quote what others wrote."""
    return any(message.type == "ai" for message in conversation.before(state))


def _spent(spending: Spending, rounds: Rounds) -> dict[str, Any]:
    return {"usage": spending.usage, "notes": spending.notes, "rounds": rounds, "verdict": None}


def extended(before: Plan, results: dict[str, TaskResult], more: Plan) -> Plan:
    """The tasks that have run, then those of `more`, renamed where an id is taken."""
    kept = [task for task in before.tasks if task.id in results]
    taken = {task.id for task in kept}
    added: list[Task] = []
    renamed: dict[str, str] = {}
    for task in more.tasks:
        name, number = task.id, 2
        if any(task == old for old in kept):
            continue
        while name in taken:
            name, number = f"{task.id}_{number}", number + 1
        taken.add(name)
        renamed[task.id] = name
        added.append(task.model_copy(update={"id": name}))
    return Plan(tasks=[*kept, *(task.rewired(renamed) for task in added)])
