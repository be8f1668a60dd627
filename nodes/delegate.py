"""Delegate: a supervisor's plan, whose tasks are handed to specialised agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from langchain_core.tools import StructuredTool

from models.brain import Thought
from nodes.decompose import decompose
from nodes.generate import EMBEDDED
from nodes.kit import Kit, NodeFunction
from state.intent import Intent
from state.plan import Plan, Problem
from state.result import TaskResult
from state.specialist import Specialist
from state.task import AGENT, MODEL, Task
from tools.registry import Toolbox, ToolSpec


def delegate(kit: Kit, specialists: Sequence[Specialist]) -> NodeFunction:
    """The step that plans who does what. A plan of the caller's own is left as it is.

    A model chooses among the specialists as among tools. The embedded brain plans with the tools themselves; what
    belongs together in its plan goes to the specialist who has the tools for it.
    """

    async def plan(
        kit: Kit, intent: Intent, *, problems: Sequence[Problem], results: Mapping[str, TaskResult] | None
    ) -> Thought[Plan]:
        usable = able(specialists, kit.tools)
        is_embedded = kit.brain.name == EMBEDDED
        offered = [*kit.tools.available(), *kit.tools.unreadable()] if is_embedded else [as_tool(one) for one in usable]
        thought = await kit.brain.decompose(intent, tools=offered, problems=problems, results=results)
        made = handed_out(thought.value, usable, intent) if is_embedded else given_to(thought.value, usable)
        return replace(thought, value=made)

    return decompose(kit, plan)


def able(specialists: Sequence[Specialist], tools: Toolbox) -> list[Specialist]:
    """The specialists who have something to work with here, with the tools of theirs that can be used."""
    usable = {spec.name for spec in tools.available()}
    reading = [spec.name for spec in tools.available() if spec.risk == "read"]
    fitted = [
        one.model_copy(update={"tools": [name for name in one.tools if name in usable] if one.tools else reading})
        for one in specialists
    ]
    return [one for one in fitted if one.tools]


def given_to(plan: Plan, specialists: Sequence[Specialist]) -> Plan:
    """`plan`, in which a model chose specialists as it chooses tools, with their tasks made agents'."""
    by_name = {one.name: one for one in specialists}
    tasks = [
        by_name[task.tool].takes(task, str(task.args.get("goal") or task.goal)) if task.tool in by_name else task
        for task in plan.tasks
    ]
    return Plan(tasks=tasks)


def as_tool(specialist: Specialist) -> ToolSpec:
    """A specialist as a planner sees it: a tool that takes a goal. It is never called as one."""

    async def work(goal: str) -> str:
        raise NotImplementedError("a specialist's task is run as an agent")

    told = f"{specialist.about} It has: {', '.join(specialist.tools)}. Give it one goal, with all it needs to know."
    made = StructuredTool.from_function(coroutine=work, name=specialist.name, description=told)
    return ToolSpec(tool=made, risk="read")


def handed_out(plan: Plan, specialists: Sequence[Specialist], intent: Intent) -> Plan:
    """`plan` with every group of tasks that read each other made one task of the specialist with the tools for it.

    What nobody has the tools for stays as it was planned.
    """
    tasks: list[Task] = []
    for group in _groups(plan):
        needed = {task.tool for task in group} - {MODEL, AGENT}
        ranked = sorted(specialists, key=lambda one: -len(needed & set(one.tools)))
        if not ranked or not needed <= set(ranked[0].tools):
            tasks += group
            continue
        goals = list(dict.fromkeys(task.goal for task in group if task.tool != MODEL))
        asked = [question for question in intent.questions if question in goals] or goals
        task = Task(id=f"{ranked[0].name}_{len(tasks) + 1}", goal=" ".join(asked), tool=AGENT)
        tasks.append(ranked[0].takes(task, " ".join(asked)))
    return Plan(tasks=tasks)


def _groups(plan: Plan) -> list[list[Task]]:
    """The tasks, parted into groups of which none reads another; in the plan's order."""
    group_of = {task.id: {task.id} for task in plan.tasks}
    for task in plan.tasks:
        joined = set().union(*(group_of[name] for name in [task.id, *task.needs()] if name in group_of))
        for name in joined:
            group_of[name] = joined
    seen: list[set[str]] = []
    for task in plan.tasks:
        if group_of[task.id] not in seen:
            seen.append(group_of[task.id])
    return [[task for task in plan.tasks if task.id in group] for group in seen]
