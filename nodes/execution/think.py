"""Thinking within a run's bounds: a 'model' task's call of the brain, and what chooses an agent's steps."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from models.brain import Action, BrainError, Step, Thought
from nodes.execution import failures, provenance
from nodes.execution.desk import Desk, Site
from nodes.spending import in_time
from state.record import storable
from state.result import Origin, TaskError, TaskResult
from state.task import MODEL
from tools.registry import ToolFailure

T = TypeVar("T")

REPETITIONS = 3
"""How often an agent may choose the same call with the same arguments, less one."""


async def think(desk: Desk, site: Site, work: Callable[[], Awaitable[Thought[T]]]) -> Thought[T]:
    """A thought, once the budget and the run's places allow it; what it costs is counted, also if it comes to nothing.

    Raises ToolFailure (kinds 'budget' and 'timeout'), BrainError, and GraphDrained.
    """
    desk.purse.allow(thinking=True)
    try:
        async with desk.drain.giving_up(), desk.slots:
            thought = await in_time(work, desk.purse.seconds_left(), site.task.timeout)
    except BrainError as error:
        desk.purse.add(error.usage)
        raise
    desk.purse.add(thought.usage)
    for note in thought.notes:
        desk.note(note)
    return thought


def why_not(error: ToolFailure | BrainError) -> TaskError:
    """Why there is no thought, as a task's error."""
    if isinstance(error, ToolFailure):
        return failures.typed(error)
    return TaskError(kind="permanent", message=str(error))


def key_of(call: Action | Step) -> str:
    """What a call does: its tool and arguments, the same for the same call."""
    return json.dumps([call.tool, call.args], sort_keys=True, default=str)


async def call_model(
    desk: Desk, site: Site, args: dict[str, Any], origins: Mapping[str, Origin], inputs: Mapping[str, TaskResult]
) -> TaskResult:
    """Apply the task's prompt to its other arguments. What a model makes of untrusted text is untrusted."""
    result = TaskResult(task=site.task.id, status="failed", tool=MODEL, started=time.time(), attempts=1)
    evidence = [item for read in inputs.values() for item in read.evidence]
    rest = {name: value for name, value in args.items() if name != "prompt"}
    try:
        thought = await think(
            desk, site, lambda: desk.kit.brain.complete(str(args["prompt"]), inputs=rest, evidence=evidence)
        )
    except ToolFailure as error:
        return result.model_copy(update={"error": why_not(error), "attempts": 0})
    except BrainError as error:
        return result.model_copy(update={"error": why_not(error)})
    if thought.value is None:
        told = "its inputs don't hold what was asked of them"
        return result.model_copy(update={"error": TaskError(kind="not_found", message=told)})
    shown = {name: read.origin for name, read in inputs.items() if read.evidence}
    origin = provenance.of_result(MODEL, site.task.id, {**shown, **origins}, trusted=True)
    return result.model_copy(update={"status": "done", "value": storable(thought.value), "origin": origin})
