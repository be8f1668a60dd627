"""A head start: tasks that are begun while the plan they belong to is still being written.

They live in the run's own process, owned by whoever streams the run (`graph.guarded`), and end with it. `execute` takes
them over, each inside the LangGraph task that records it, so what is recorded, and in which order, is the same
with a head start as without. After a crash in between they are begun anew: they only read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from nodes import emit
from nodes.execution.desk import Desk
from nodes.execution.unit import run_unit
from nodes.streamed import stream_here
from state import check
from state.budget import Budget, Usage
from state.plan import Plan
from state.result import Origin, TaskResult
from state.task import MODEL, Task

_by_stream: WeakValueDictionary[str, HeadStart] = WeakValueDictionary()
"""The head starts of the runs that are being streamed; each is held by its stream alone."""

Work = asyncio.Future[TaskResult | None]
"""A task at work: its result, or None if it has to be run again where it can be recorded or a person asked."""


class HeadStart:
    """The tasks of one run that were begun before their plan was whole.

    A task is begun if nothing could be said against it once the plan is whole: it reads (by a tool or one model call),
    what it refers to is begun too, its part of the plan passes the checks, and the policy lets it run
    unasked. Tasks over lists, in rounds or by agents aren't: their steps are recorded one by one.
    """

    def __init__(self) -> None:
        self._desk: Desk | None = None
        self._budget = Budget()
        self._growing: list[Task] = []
        self._is_sound = True
        self._begun: dict[str, tuple[Task, Work]] = {}
        self._handed_over: list[Work] = []
        self._watch = AsyncExitStack()

    async def open(self, desk: Desk, budget: Budget, kept: Mapping[str, TaskResult]) -> None:
        """A plan is about to be written. `kept`: what an earlier head start of this run came to, by signature."""
        if self._desk is None:
            await self._watch.enter_async_context(desk.drain.watching())
            self._desk = desk
        else:
            self._join(desk)
            self._desk.literal = desk.literal
        self._budget = budget
        for signature, result in kept.items():
            self._begun.setdefault(signature, (Task(id=result.task, tool=result.tool), _ended(result)))
        self.restart()

    def __call__(self, task: Task) -> None:
        """The plan has grown by `task`: begin it if that may be."""
        desk = self._desk
        assert desk is not None, "a head start is opened before it is given tasks"
        self._growing.append(task)
        emit.plan(Plan(tasks=self._growing), growing=True)
        problems = _problems(task, self._growing, desk, self._budget)
        if any(problem.code != "unknown_task" for problem in problems):
            self._is_sound = False  # this plan won't run as it stands
        if problems or not self._is_sound or not _may_begin(task, desk):
            return
        known = signatures(self._growing, desk.literal)
        needs = [known.get(name) for name in task.needs()]
        if any(name not in self._begun for name in needs) or known[task.id] in self._begun:
            return
        inputs = [self._begun[name][1] for name in needs if name is not None]
        self._begun[known[task.id]] = (task, asyncio.create_task(_perform(desk, task, inputs)))

    def restart(self) -> None:
        """What was written is void, and the plan is written anew. What is at work goes on: it may come again."""
        self._growing, self._is_sound = [], True

    async def keep(self, plan: Plan) -> None:
        """The plan is whole: give up what isn't in it."""
        if self._desk is not None:
            await self._give_up(set(self._begun) - set(signatures(plan.tasks, self._desk.literal).values()))

    def spent(self) -> Usage:
        """What has been spent since this was last asked, or counted by the execution that took over."""
        return self._desk.purse.settle() if self._desk is not None else Usage()

    async def stop(self) -> dict[str, TaskResult]:
        """Give up what is at work. The results of what has ended, by signature."""
        ended = {signature: result for signature, (_, work) in self._begun.items() if (result := _result(work))}
        await self._give_up(set(self._begun))
        return ended

    def hand_over(self, desk: Desk, plan: Plan, kept: Mapping[str, TaskResult]) -> dict[str, Work]:
        """What was begun of `plan`, by task id, each once; it goes on under the bounds of `desk`."""
        works: dict[str, Work] = {}
        for name, signature in signatures(plan.tasks, desk.literal).items():
            if signature in self._begun:
                works[name] = self._begun[signature][1]
            elif result := kept.get(signature):
                works[name] = _ended(result)
                emit.task(name, result.status, tool=result.tool, replayed=True)
        if self._desk is not None:
            desk.slots = self._desk.slots
            self._join(desk)
        self._handed_over += works.values()
        self._begun, self._desk = {}, None
        return works

    async def close(self) -> None:
        """The run has ended, in whichever way."""
        await self.stop()
        for work in self._handed_over:
            work.cancel()
        await asyncio.gather(*self._handed_over, return_exceptions=True)
        await self._watch.aclose()

    def _join(self, desk: Desk) -> None:
        """Let what is at work spend from another desk."""
        assert self._desk is not None
        desk.purse.add(self._desk.purse.settle())
        for note in self._desk.notes:
            desk.note(note)
        self._desk.purse, self._desk.notes = desk.purse, desk.notes

    async def _give_up(self, signed: set[str]) -> None:
        given_up = [self._begun.pop(signature) for signature in signed]
        at_work = [(task, work) for task, work in given_up if not work.done()]
        for task, work in at_work:
            work.cancel()
            emit.task(task.id, "waiting")
        await asyncio.gather(*(work for _, work in at_work), return_exceptions=True)


@asynccontextmanager
async def head_start(stream: str) -> AsyncIterator[HeadStart]:
    """The head start of a run, for as long as it is streamed."""
    own = HeadStart()
    _by_stream[stream] = own
    try:
        yield own
    finally:
        await own.close()


def of_run() -> HeadStart | None:
    """The head start of the run that a node is part of; None where the graph was compiled without."""
    return _by_stream.get(stream_here())


def signatures(tasks: Sequence[Task], literal: Origin) -> dict[str, str]:
    """What each task of a plan is, whatever stands beside it: its definition and those of all it needs, by id."""
    made: dict[str, str] = {}
    by_id = {task.id: task for task in tasks}

    def sign(task: Task) -> str:
        if task.id not in made:
            made[task.id] = ""  # ends a circle, which no plan that runs has
            needs = [sign(by_id[name]) if name in by_id else name for name in _needs(task)]
            told = json.dumps([task.to_json(), needs, literal.to_json()], sort_keys=True)
            made[task.id] = hashlib.sha256(told.encode()).hexdigest()[:32]
        return made[task.id]

    for task in tasks:
        sign(task)
    return made


async def result_of(work: Work | None) -> TaskResult | None:
    """What a task at work comes to; None if it has to be run again."""
    if work is None:
        return None
    await asyncio.wait([work])
    return _result(work)


async def _perform(desk: Desk, task: Task, inputs: Sequence[Work]) -> TaskResult | None:
    read = [await result_of(work) for work in inputs]
    needed = {result.task: result for result in read if result is not None}
    if len(needed) < len(inputs):
        return None
    desk.drain.check()
    result = await run_unit(desk, task, needed, None)
    return None if result.status == "pending" else result


def _result(work: Work) -> TaskResult | None:
    if not work.done() or work.cancelled() or work.exception() is not None:
        return None
    return work.result()


def _ended(result: TaskResult) -> Work:
    work: Work = asyncio.get_running_loop().create_future()
    work.set_result(result)
    return work


def _needs(task: Task) -> list[str]:
    try:
        return task.needs()
    except ValueError:
        return []


def _problems(task: Task, growing: list[Task], desk: Desk, budget: Budget) -> list[check.Problem]:
    """What `check_plan` would say of the newest task, those before it having been checked as they came."""
    if len(growing) > check.MAX_TASKS:
        return [check.Problem(code="too_many_tasks", message="the plan has too many tasks")]
    tools = desk.kit.tools
    problems = [*check.ids(growing), *check.reads(task, growing), *check.tool(task, tools)]
    return problems + check.spending(growing, tools, budget)


def _may_begin(task: Task, desk: Desk) -> bool:
    if task.each is not None or task.until is not None or task.join == "any":
        return False
    tools = desk.kit.tools
    used = [name for name in (task.tool, task.fallback) if name]
    return all(name == MODEL or (name in tools and tools[name].risk == "read") for name in used)
