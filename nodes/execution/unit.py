"""One task of a plan: its condition, its inputs, then a call, a map over items, or a loop of rounds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langgraph.errors import GraphInterrupt
from langgraph.func import task as durable

from nodes import emit
from nodes.execution import agent, provenance
from nodes.execution.call import call_tool
from nodes.execution.desk import Desk, Site
from nodes.execution.effect import is_begun
from nodes.execution.think import call_model
from state import conditions, references
from state.result import ErrorKind, Origin, TaskError, TaskResult
from state.task import AGENT, MODEL, Task
from state.text import counted

LONGEST_LIST = 10_000
_NEEDS = "needs "
Known = Mapping[str, Any]
Origins = Mapping[str, Origin]


async def run_unit(desk: Desk, task: Task, inputs: Mapping[str, TaskResult], before: TaskResult | None) -> TaskResult:
    """Run one task whose inputs have ended. `before`: what an earlier pass left of it.

    Raises BadAnswer and LangGraph's GraphInterrupt; whatever else goes wrong is in the result.
    """
    started = time.time()
    try:
        if reason := _reason_to_skip(task, inputs):
            return _ended(TaskResult(task=task.id, status="skipped", reason=reason, tool=task.tool), None)
        values: dict[str, Any] = {name: result.value if result.ok else None for name, result in inputs.items()}
        values["goal"] = desk.goal
        origins = {**provenance.of_results(inputs), "goal": Origin(sources=["user"])}
        if task.when and not conditions.holds(task.when, values):
            skipped = TaskResult(task=task.id, status="skipped", reason=f"not the case: {task.when}", tool=task.tool)
            return _ended(skipped, None)
        emit.task(task.id, "running", tool=task.tool, goal=task.goal)
        if task.each is None:
            result = await _rounds(desk, Site(task), values, origins, inputs, before)
        else:
            result = await _items(desk, task, values, origins, inputs, before)
    except (references.BadReference, conditions.BadCondition) as error:
        result = _unreadable(task, error)
    return _ended(result, started) if result.status != "pending" else result


def _reason_to_skip(task: Task, inputs: Mapping[str, TaskResult]) -> str | None:
    lost = [result for result in inputs.values() if not result.ok]
    if not lost or (task.join == "any" and len(lost) < len(inputs)):
        return None
    return "; ".join(dict.fromkeys(map(_lost_with, lost)))


def _lost_with(result: TaskResult) -> str:
    """Why what needs `result` is skipped: of a chain of skipped tasks, the reason that the first of them had."""
    if result.status == "skipped" and result.reason and result.reason.startswith(_NEEDS):
        return result.reason
    return f"{_NEEDS}{result.task}, which {_what_happened(result)}"


def _what_happened(result: TaskResult) -> str:
    said = {"failed": "failed", "refused": "was refused", "in_doubt": "is in doubt", "skipped": "was skipped"}
    why = _why(result)
    return said.get(result.status, result.status) + (f": {why}" if why else "")


def _why(result: TaskResult) -> str | None:
    return result.error.message if result.error else result.reason


async def _items(
    desk: Desk, task: Task, values: Known, origins: Origins, inputs: Mapping[str, TaskResult], before: TaskResult | None
) -> TaskResult:
    """One run per item of `each`, all created at once and in order, `width` of them at work."""
    items = references.resolve(task.each, values)
    if not isinstance(items, list):
        raise references.BadReference(f"`each` needs a list, '{task.each}' is a {type(items).__name__}")
    if len(items) > LONGEST_LIST:
        raise references.BadReference(f"`each` may have {LONGEST_LIST} items, this list has {len(items)}")
    origin = provenance.of_value(task.each, origins, desk.literal)
    places = asyncio.Semaphore(task.width)
    past = before.items if before else []
    done = {index: result for index, result in enumerate(past) if result.status != "pending"}

    async def run_item(index: int) -> TaskResult:
        async with places:
            desk.drain.check()
            known = {**values, "item": items[index], "index": index}
            whence = {**origins, "item": origin, "index": origin}
            try:
                left = past[index] if index < len(past) else None
                result = await _rounds(desk, Site(task, item=index), known, whence, inputs, left)
            except (references.BadReference, conditions.BadCondition) as error:
                result = _unreadable(task, error)
        emit.task(task.id, result.status, tool=task.tool, detail=_why(result), item=index)
        return result

    pending = {index: durable_step(run_item, index) for index in range(len(items)) if index not in done}
    gathered = await gather_interrupts(pending.values())
    done |= dict(zip(pending, map(TaskResult.model_validate, gathered), strict=True))
    return _joined(task, [done[index] for index in range(len(items))], origin)


def _joined(task: Task, items: list[TaskResult], origin: Origin) -> TaskResult:
    result = TaskResult(
        task=task.id,
        tool=task.tool,
        status="done",
        value=[item.value for item in items],
        evidence=[evidence for item in items for evidence in item.evidence],
        origin=Origin.merge([origin, *(item.origin for item in items)]),
        attempts=sum(item.attempts for item in items),
        items=items,
    )
    lost = [(index, item) for index, item in enumerate(items) if not item.ok]
    if any(item.status == "pending" for item in items):
        result.status, result.reason, result.value = "pending", "a person must decide", None
    elif lost and not (task.on_error == "skip" and len(lost) < len(items)):
        index, first = lost[0]
        why = _why(first)
        same = all(item.status == first.status for _, item in lost)
        result.status = first.status if same and len(lost) == len(items) else "failed"
        kind = first.error.kind if first.error else "refused"
        result.error = TaskError(
            kind=kind, message=f"{len(lost)} of {counted(len(items), 'item')}: item {index}: {why}"
        )
        result.value = None
    return result


async def _rounds(
    desk: Desk,
    site: Site,
    values: Known,
    origins: Origins,
    inputs: Mapping[str, TaskResult],
    before: TaskResult | None = None,
) -> TaskResult:
    """One call, or calls until the task's condition on its own result holds. Every round is durable.

    What stops at a round that a person must decide about keeps all its rounds as items, that one last.
    """
    task = site.task
    if task.until is None:
        return await _call(desk, site, values, origins, inputs, before)
    last, last_origin, attempts = None, desk.literal, 0
    rounds: list[TaskResult] = []
    past = list(before.items) if before else []
    for number in range(1, task.max_rounds + 1):
        known = {**values, "round": number, "last": last}
        here = Site(task, item=site.item, round=number)
        known_origins = {**origins, "last": last_origin, "round": desk.literal}

        left = past[number - 1] if number <= len(past) else None

        async def run_round(
            _: int,
            here: Site = here,
            known: Known = known,
            whence: Origins = known_origins,
            left: TaskResult | None = left,
        ) -> TaskResult:
            return await _call(desk, here, known, whence, inputs, left)

        if left is not None and left.status != "pending":
            result = left
        else:
            result = TaskResult.model_validate(await durable_step(run_round, number))
        rounds.append(result)
        attempts += result.attempts
        if result.status == "pending":
            return result.model_copy(update={"rounds": number, "attempts": attempts, "items": rounds})
        result = result.model_copy(update={"rounds": number, "attempts": attempts})
        if not result.ok:
            return result
        last, last_origin = result.value, result.origin
        if conditions.holds(task.until, {**known, "result": last, task.id: last}):
            return result
    told = f"after {task.max_rounds} rounds it is still not the case: {task.until}"
    return result.model_copy(update={"status": "failed", "error": TaskError(kind="permanent", message=told)})


async def _call(
    desk: Desk,
    site: Site,
    values: Known,
    origins: Origins,
    inputs: Mapping[str, TaskResult],
    before: TaskResult | None = None,
) -> TaskResult:
    fallback = site.task.fallback
    if fallback and await is_begun(desk, site, fallback):
        # What the tool itself came to was known when its fallback was begun; were it called now, both might happen.
        return await _call_one(desk, site, fallback, values, origins, inputs)
    result = await _call_one(desk, site, site.task.tool, values, origins, inputs, before)
    if fallback and result.status == "failed" and result.error and result.error.kind != "budget":
        why = result.error.message
        emit.task(site.task.id, "retrying", tool=fallback, detail=f"falling back on {fallback}: {why}", item=site.item)
        desk.note(f"{site.task.id}: {site.task.tool} failed ({why}); used {fallback}")
        second = await _call_one(desk, site, fallback, values, origins, inputs)
        return second.model_copy(update={"attempts": result.attempts + second.attempts})
    if site.task.on_error == "skip" and result.status == "failed" and result.error:
        return result.model_copy(update={"status": "skipped", "reason": f"failed: {result.error.message}"})
    return result


async def _call_one(
    desk: Desk,
    site: Site,
    tool: str,
    values: Known,
    origins: Origins,
    inputs: Mapping[str, TaskResult],
    before: TaskResult | None = None,
) -> TaskResult:
    absent = [name for name, result in inputs.items() if not result.ok]  # some are, where any of the inputs will do
    args = references.resolve(site.task.args, values, absent=absent)
    whence = provenance.of_arguments(site.task.args, origins, desk.literal, desk.goal)
    caller = Origin.merge([desk.literal, origins["item"]]) if "item" in origins else desk.literal
    if tool == MODEL:
        return await call_model(desk, site, args, whence, inputs)
    if tool == AGENT:
        return await agent.run_agent(desk, site, args, whence, durable_step, before)
    return await call_tool(desk, site, tool, args, whence, caller)


async def task_step(work: Callable[[int], Awaitable[TaskResult]], number: int) -> dict[str, Any]:
    return (await work(number)).to_json()


_durable_step: Any = durable(task_step)


def durable_step(work: Callable[[int], Awaitable[TaskResult]], number: int) -> Awaitable[dict[str, Any]]:
    """`await work(number)` as a LangGraph task of its own: recorded, and replayed on resume.

    Its place among the steps of its task is its identity, so steps must be created in the same order each time.
    """
    future: Awaitable[dict[str, Any]] = _durable_step(work, number)
    return future


async def gather_interrupts(futures: Any, *, together: bool = True) -> list[Any]:
    """Await all; if some were interrupted, raise their interrupts as one, or the first of them if not `together`.

    Raises the first other exception."""
    ended = await asyncio.gather(*futures, return_exceptions=True)
    interrupts = {}
    for outcome in ended:
        if isinstance(outcome, GraphInterrupt):
            interrupts.update({one.id: one for one in outcome.args[0]})
        elif isinstance(outcome, BaseException):
            raise outcome
    if interrupts:
        raise GraphInterrupt(tuple(interrupts.values())[: None if together else 1])
    return ended


def _unreadable(task: Task, error: Exception) -> TaskResult:
    kind: ErrorKind = "not_found" if isinstance(error, references.NotFound) else "invalid_arguments"
    problem = TaskError(kind=kind, message=str(error))
    return TaskResult(task=task.id, status="failed", error=problem, tool=task.tool)


def _ended(result: TaskResult, started: float | None) -> TaskResult:
    now = time.time()
    ended = result.model_copy(update={"started": started or now, "ended": now})
    emit.task(ended.task, ended.status, tool=ended.tool, detail=_why(ended), attempt=ended.attempts or None)
    return ended
