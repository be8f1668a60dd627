"""A 'model' task: one call of the brain over its inputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from models.brain import BrainError
from nodes.execution import failures, provenance
from nodes.execution.desk import Desk, Site
from state.result import Origin, TaskError, TaskResult
from state.task import MODEL
from tools.registry import ToolFailure


async def call_model(
    desk: Desk, site: Site, args: dict[str, Any], origins: Mapping[str, Origin], inputs: Mapping[str, TaskResult]
) -> TaskResult:
    """Apply the task's prompt to its other arguments. What a model makes of untrusted text is untrusted."""
    result = TaskResult(task=site.task.id, status="failed", tool=MODEL, started=time.time(), attempts=1)
    evidence = [item for read in inputs.values() for item in read.evidence]
    try:
        desk.meter.allow(thinking=True)
        rest = {name: value for name, value in args.items() if name != "prompt"}
        async with desk.drain.giving_up(), desk.slots:
            thought = await desk.kit.brain.complete(str(args["prompt"]), inputs=rest, evidence=evidence)
    except ToolFailure as error:
        return result.model_copy(update={"error": failures.typed(error), "attempts": 0})
    except BrainError as error:
        return result.model_copy(update={"error": TaskError(kind="permanent", message=str(error))})
    desk.meter.add(thought.usage)
    for note in thought.notes:
        desk.note(note)
    if thought.value is None:
        told = "its inputs don't hold what was asked of them"
        return result.model_copy(update={"error": TaskError(kind="permanent", message=told)})
    shown = {name: read.origin for name, read in inputs.items() if read.evidence}
    origin = provenance.of_result(MODEL, site.task.id, {**shown, **origins}, trusted=True)
    return result.model_copy(update={"status": "done", "value": thought.value, "origin": origin})
