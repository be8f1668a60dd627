"""The plan: the whole control flow of a run, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from state import check
from state.budget import Budget
from state.check import MAX_TASKS, Problem
from state.record import Record
from state.task import AGENT, MODEL, Task

__all__ = ["AGENT", "MODEL", "Plan", "Problem", "Task", "check_plan"]


class Plan(Record):
    """The tasks of a run. Their order is free; what they read decides what runs when."""

    tasks: list[Task] = Field(default_factory=list)

    def task(self, task_id: str) -> Task:
        """The task of that id. Raises KeyError."""
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise KeyError(task_id)

    def order(self) -> list[Task]:
        """The tasks in topological order, ties in the plan's order. Raises ValueError on a cycle."""
        ids = {task.id for task in self.tasks}
        waits = {task.id: {name for name in task.needs() if name in ids} for task in self.tasks}
        followers: dict[str, list[str]] = {name: [] for name in ids}
        for name, needed in waits.items():
            for other in needed:
                followers[other].append(name)
        depth, ready = dict[str, int](), [name for name, needed in waits.items() if not needed]
        level = 0
        while ready:
            depth.update(dict.fromkeys(ready, level))
            level += 1
            freed = []
            for name in ready:
                for follower in followers[name]:
                    waits[follower].discard(name)
                    if not waits[follower]:
                        freed.append(follower)
            ready = freed
        if len(depth) < len(ids):
            raise ValueError("the plan has a cycle: " + ", ".join(t.id for t in self.tasks if t.id not in depth))
        return sorted(self.tasks, key=lambda task: depth[task.id])

    def downstream(self, ids: set[str]) -> set[str]:
        """`ids` and every task that needs one of them, directly or not."""
        reached = set(ids)
        for task in self.order():
            if reached & set(task.needs()):
                reached.add(task.id)
        return reached

    def _repr_html_(self) -> str:
        from state.display import plan

        return plan(self)

    def _repr_svg_(self) -> str:
        from state.drawing import plan_svg

        return plan_svg(self)


def by_name(tools: Iterable[Any]) -> dict[str, Any]:
    """Tools by their names."""
    return {tool.name: tool for tool in tools}


def check_plan(
    plan: Plan | Mapping[str, Any],
    tools: Mapping[str, Any] | Iterable[Any] = (),
    budget: Budget | None = None,
    *,
    max_tasks: int = MAX_TASKS,
) -> list[Problem]:
    """The problems of a plan; an empty list means that it can run. Nothing is called.

    `tools`: LangChain tools or ToolSpecs, in a list or by name. Raises pydantic's
    ValidationError if `plan` isn't shaped like a plan at all.
    """
    plan = plan if isinstance(plan, Plan) else Plan.model_validate(plan)
    known: Mapping[str, Any] = tools if isinstance(tools, Mapping) else by_name(tools)
    if len(plan.tasks) > max_tasks:
        message = f"a plan may have {max_tasks} tasks, this one has {len(plan.tasks)}"
        return [Problem(code="too_many_tasks", message=message)]
    problems = check.ids(plan.tasks)
    for task in plan.tasks:
        problems += check.reads(task, plan.tasks)
        problems += check.tool(task, known)
    if not problems:
        try:
            plan.order()
        except ValueError as error:
            problems.append(Problem(code="cycle", message=str(error)))
    return problems + check.spending(plan.tasks, known, budget)
