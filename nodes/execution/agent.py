"""An 'agent' task: the brain chooses the next call until it has an answer, within bounds."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.brain import Action, BrainError, Step
from nodes import emit
from nodes.execution.call import call_tool
from nodes.execution.desk import Desk, Site
from nodes.execution.think import REPETITIONS, key_of, think, why_not
from state.budget import Budget, Usage
from state.record import storable
from state.result import Origin, TaskError, TaskResult
from state.task import AGENT
from tools.registry import ToolFailure, ToolSpec
from tools.unnamed import is_unreadable

DEFAULT_STEPS = 8
DurableStep = Callable[[Callable[[int], Awaitable[TaskResult]], int], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class _Step(Step):
    """A step, with the record of the thought that led to it."""

    thought: TaskResult


async def run_agent(
    desk: Desk,
    site: Site,
    args: dict[str, Any],
    origins: Mapping[str, Origin],
    durable_step: DurableStep,
    before: TaskResult | None = None,
) -> TaskResult:
    """A bounded ReAct loop. It uses reading tools unless its task names others; every thought and call is durable.

    `before`: the same agent, stopped at a call that a person must allow; it goes on from there.
    What it read is evidence; its answer is as untrusted as the least trusted thing it read, and so
    is every argument it chooses after reading it.
    """
    result = TaskResult(task=site.task.id, status="failed", tool=AGENT, started=time.time())
    tools = _tools(desk, args.get("tools"))
    goal, prompt = str(args["goal"]), str(args.get("prompt") or "")
    origin = Origin.merge([*origins.values(), Origin(sources=[f"{site.task.id} ({AGENT})"])])
    steps: list[_Step] = []
    past = list(before.items) if before else []
    bound = int(args.get("max_steps") or DEFAULT_STEPS)
    own, spent = Budget.model_validate(args.get("budget") or {}), Usage()
    for number in range(1, bound + 1):
        here = Site(site.task, item=site.item, round=site.round, step=number)

        async def choose(_: int) -> TaskResult:
            return await _choose(desk, site, goal, tools, steps, prompt)

        thought = past.pop(0) if past else TaskResult.model_validate(await durable_step(choose, 2 * number - 1))
        if not thought.ok:
            return _with(result, steps, thought.error, origin)
        action, usage = _decided(thought)
        spent += usage
        if action.tool is None:
            return _with(result, steps, None, origin, answer=action.answer)
        if used_up := spent.exceeded(own):
            told = f"the agent's own budget of {used_up} is used up"
            return _with(result, steps, TaskError(kind="budget", message=told), origin)
        repeated = sum(key_of(step) == key_of(action) for step in steps)
        if repeated + 1 >= REPETITIONS:
            told = f"it called '{action.tool}' with the same arguments {REPETITIONS} times over"
            return _with(result, steps, TaskError(kind="repeated", message=told), origin)
        here = replace(here, call=json.dumps([key_of(action), repeated]))
        emit.task(site.task.id, "running", tool=action.tool, detail=f"step {number}: {action.tool}", item=site.item)
        whence = dict.fromkeys(action.args, origin.by_model())

        async def act(
            _: int,
            action: Action = action,
            here: Site = here,
            whence: dict[str, Origin] = whence,
            caller: Origin = origin,
        ) -> TaskResult:
            if action.tool not in {spec.name for spec in tools}:
                told = f"'{action.tool}' isn't among the agent's tools"
                return TaskResult(task=site.task.id, status="failed", error=TaskError(kind="refused", message=told))
            return await call_tool(desk, here, str(action.tool), dict(action.args), whence, caller)

        outcome = past.pop(0) if past else TaskResult.model_validate(await durable_step(act, 2 * number))
        if outcome.status == "pending":
            return _stopped(result, steps, thought, outcome)
        spent += Usage(tool_calls=outcome.attempts)
        origin = Origin.merge([origin, outcome.origin])
        steps.append(_Step(action.tool, dict(action.args), outcome, thought))
    told = f"it found no answer within {bound} steps"
    return _with(result, steps, TaskError(kind="permanent", message=told), origin)


def _tools(desk: Desk, named: Any) -> list[ToolSpec]:
    available = desk.kit.tools.available()
    chosen = [spec for spec in available if (spec.name in named if named else spec.risk == "read")]
    return [*chosen, *filter(is_unreadable, desk.kit.tools.values())]


async def _choose(
    desk: Desk, site: Site, goal: str, tools: list[ToolSpec], steps: Sequence[Step], prompt: str
) -> TaskResult:
    thought = TaskResult(task=site.task.id, status="failed", tool=AGENT)
    try:
        made = await think(
            desk, site, lambda: desk.kit.brain.next_action(goal, tools=tools, steps=steps, prompt=prompt)
        )
    except (ToolFailure, BrainError) as error:
        return thought.model_copy(update={"error": why_not(error)})
    action = made.value
    value = {"tool": action.tool, "args": action.args, "answer": action.answer, "reason": action.reason}
    value["usage"] = made.usage.to_json()
    return thought.model_copy(update={"status": "done", "value": storable(value)})


def _decided(thought: TaskResult) -> tuple[Action, Usage]:
    recorded = dict(thought.value)
    usage = Usage.model_validate(recorded.pop("usage", None) or {})
    return Action(**recorded), usage


def _stopped(result: TaskResult, steps: Sequence[_Step], thought: TaskResult, outcome: TaskResult) -> TaskResult:
    """The agent, stopped at a call that a person must allow: its thoughts and calls so far, in turn."""
    past = [record for step in steps for record in (step.thought, step.result)]
    update = {"status": "pending", "reason": outcome.reason, "items": [*past, thought], "started": None}
    return result.model_copy(update=update)


def _with(
    result: TaskResult, steps: Sequence[Step], error: TaskError | None, origin: Origin, answer: Any = None
) -> TaskResult:
    return result.model_copy(
        update={
            "status": "failed" if error else "done",
            "error": error,
            "value": answer,
            "evidence": [evidence for step in steps for evidence in step.result.evidence],
            "origin": origin.by_model(),
            "attempts": sum(step.result.attempts for step in steps),
            "items": [step.result for step in steps],
        }
    )
