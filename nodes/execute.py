"""Execute: run the plan's tasks, each as soon as what it needs is there."""

from __future__ import annotations

import asyncio
from typing import Any

from langgraph.config import get_config
from langgraph.runtime import Runtime

from nodes.audit import deciding
from nodes.conversation import asking, steps
from nodes.execution.desk import Desk
from nodes.execution.drain import Drain
from nodes.execution.head_start import HeadStart, of_run
from nodes.execution.purse import Purse
from nodes.execution.schedule import Schedule
from nodes.kit import Kit, NodeFunction
from state.budget import Budget, Usage
from state.context import RunContext
from state.plan import Plan
from state.result import Origin, TaskResult
from state.run import PlanSource, RunState


def execute(kit: Kit) -> NodeFunction:
    """The step that runs the plan.

    It is taken once with nobody asked, so that all that can run has run and is kept; if tasks are
    left that a person must decide about, it is taken again and asks all of it at once.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        plan = state.get("plan") or Plan()
        results = without_reruns(plan, state)
        may_ask = any(result.status == "pending" for result in results.values())
        desk = open_desk(here, state, runtime, literal=plan_origin(state.get("plan_source", "brain")), may_ask=may_ask)
        begun = (of_run() or HeadStart()).hand_over(desk, plan, state.get("ahead") or {})
        async with desk.drain.watching():
            done = await Schedule(desk, plan, results, begun).run()
        update: dict[str, Any] = {
            "results": done,
            "usage": desk.purse.usage,
            "notes": desk.notes,
            "verdict": None,
        }
        if state.get("ahead"):
            update["ahead"] = {}
        if left := [name for name, result in done.items() if result.status == "pending"]:
            update["messages"] = asking(state, ["This needs your decision:", *steps(plan, left)])
        return update

    return run


def open_desk(kit: Kit, state: RunState, runtime: Runtime[RunContext], *, literal: Origin, may_ask: bool) -> Desk:
    """The desk of one execution in a run; its parameters are told at Desk."""
    configurable = get_config().get("configurable", {})
    return Desk(
        kit=kit,
        purse=Purse(state.get("usage") or Usage(), state.get("budget") or Budget()),
        run_key=state.get("run_key", ""),
        thread_id=str(configurable.get("thread_id", "")),
        who=deciding(configurable),
        literal=literal,
        may_ask=may_ask,
        slots=asyncio.Semaphore(kit.concurrency),
        drain=Drain(runtime),
        goal=state.get("goal", ""),
        notes=list(state.get("notes") or []),
    )


def without_reruns(plan: Plan, state: RunState) -> dict[str, TaskResult]:
    """The results so far, less those of the tasks that the verdict wants run again and what needs them."""
    results = dict(state.get("results") or {})
    verdict = state.get("verdict")
    if verdict is not None and verdict.action == "rerun":
        for task_id in plan.downstream(set(verdict.tasks)):
            results.pop(task_id, None)
    return results


def plan_origin(source: PlanSource) -> Origin:
    """The origin of what stands in a plan: trusted, unless it was planned after untrusted text was read."""
    if source == "replan":
        return Origin(trusted=False, sources=["plan made after reading untrusted text"])
    return Origin(sources=["plan"])
