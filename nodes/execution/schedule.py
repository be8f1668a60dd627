"""Runs the tasks of a plan, each as soon as its inputs are there.

LangGraph knows a task's recorded result by the order in which tasks are called, not by their
arguments. So every task is created at once, in the plan's topological order, and awaits its
inputs inside: on resume each finds its own result again, whatever had been done when the run stopped.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any

from langgraph.func import task as durable

from nodes import emit
from nodes.execution.desk import Desk
from nodes.execution.head_start import Work, result_of
from nodes.execution.unit import gather_interrupts, run_unit
from state.budget import Usage
from state.plan import Plan
from state.result import TaskResult
from state.task import Task


class Schedule:
    """One execution of a plan. `results`: what earlier executions of it came to. `begun`: tasks that are at work."""

    def __init__(
        self, desk: Desk, plan: Plan, results: Mapping[str, TaskResult], begun: Mapping[str, Work] | None = None
    ) -> None:
        self._desk = desk
        self._begun = dict(begun or {})
        self._results = dict(results)
        self._todo = [task for task in plan.order() if not _is_final(results.get(task.id))]
        self._tasks = {task.id: task for task in self._todo}
        self._ended: dict[str, asyncio.Future[TaskResult]] = {}
        self._performed: set[str] = set()

    async def run(self) -> dict[str, TaskResult]:
        """The results of all tasks. Raises one GraphInterrupt with every question that is open, or the first alone
        where the policy wants that."""
        loop = asyncio.get_running_loop()
        for task in self._todo:
            self._ended[task.id] = loop.create_future()
        running = []
        for task in self._todo:
            future: asyncio.Future[dict[str, Any]] = _durable_task(self, task.id)
            future.add_done_callback(functools.partial(self._settle, task))
            running.append(future)
        for record in await gather_interrupts(running, together=self._desk.kit.policy.together):
            result = TaskResult.model_validate(record["result"])
            self._results[result.task] = result
        return self._results

    async def perform(self, task_id: str) -> dict[str, Any]:
        """Wait for a task's inputs, then run it; the record that is kept of it."""
        task = self._tasks[task_id]
        self._performed.add(task_id)
        inputs = await self._inputs(task)
        waiting = [name for name, result in inputs.items() if result.status == "pending"]
        if task.join == "any" and any(result.ok for result in inputs.values()):
            inputs |= {name: _unfinished(name) for name in waiting}
        elif waiting:
            reason = f"waits for {', '.join(waiting)}"
            return {"result": TaskResult(task=task.id, status="pending", reason=reason, tool=task.tool).to_json()}
        self._desk.drain.check()
        with self._desk.purse.ledger() as spent:
            result = await result_of(self._begun.pop(task.id, None)) or await run_unit(
                self._desk, task, inputs, self._results.get(task.id)
            )
        record = {"result": result.to_json()}
        return record | {"usage": sum(spent, Usage()).to_json()} if spent else record

    async def _inputs(self, task: Task) -> dict[str, TaskResult]:
        """The results of what a task needs: of all, or for `join: any` of those ended when the first came through."""
        needs = task.needs()
        known = {name: self._results[name] for name in needs if _is_final(self._results.get(name))}
        ending = {name: self._ended[name] for name in needs if name not in known}
        while ending:
            if task.join == "any" and any(result.ok for result in known.values()):
                return {name: known.get(name) or _unfinished(name) for name in needs}
            mode = asyncio.FIRST_COMPLETED if task.join == "any" else asyncio.ALL_COMPLETED
            done, _ = await asyncio.wait(ending.values(), return_when=mode)
            for name in [name for name, future in ending.items() if future in done]:
                known[name] = ending.pop(name).result()
        return {name: known[name] for name in needs}

    def _settle(self, task: Task, done: asyncio.Future[Any]) -> None:
        ended = self._ended[task.id]
        if ended.done():
            return
        if done.cancelled():
            ended.cancel()
        elif error := done.exception():
            ended.set_exception(error)
            ended.exception()  # marks it as seen: the schedule raises it itself
        else:
            record = done.result()
            result = TaskResult.model_validate(record["result"])
            if task.id not in self._performed:
                emit.task(task.id, result.status, tool=result.tool, replayed=True)
                if "usage" in record:  # it was spent all the same
                    self._desk.purse.add(Usage.model_validate(record["usage"]))
            ended.set_result(result)


async def plan_task(schedule: Schedule, task_id: str) -> dict[str, Any]:
    return await schedule.perform(task_id)


_durable_task: Any = durable(plan_task)


def _is_final(result: TaskResult | None) -> bool:
    return result is not None and result.status != "pending"


def _unfinished(name: str) -> TaskResult:
    return TaskResult(task=name, status="skipped", reason="another input came first")
