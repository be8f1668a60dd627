"""Receive: the event that started a run becomes the result of a task, which its plan refers to."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from langgraph.runtime import Runtime
from pydantic import ValidationError

from nodes import emit, redaction
from nodes.decompose import extended
from nodes.guard import InputError
from nodes.kit import NodeFunction
from nodes.redaction import ALWAYS, Sensitive
from state.context import RunContext
from state.incoming import EVENT_TASK, IncomingEvent
from state.plan import Plan
from state.run import RunState
from state.task import EVENT
from state.text import printable

MAX_EVENT = 256_000
"""Characters an event may have as JSON."""


class EventState(RunState, total=False):
    """The channels of a run that an event started."""

    event: IncomingEvent | None


def receive() -> NodeFunction:
    """The step between planning and checking. The plan was made from the goal alone, where the event is only named:
    by `{{event.data.path}}` and the like. What the event says goes in here, as an untrusted result.
    """

    async def run(state: EventState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        event, plan = state.get("event"), state.get("plan") or Plan()
        if event is None or not plan.tasks:  # nothing is planned: the problems say why
            return {}
        results = {**(state.get("results") or {}), EVENT: event.result()}
        whole = extended(Plan(tasks=[EVENT_TASK]), {EVENT: results[EVENT]}, plan)
        results |= {task.id: event.result(task.id) for task in whole.tasks if task.tool == EVENT}
        emit.plan(whole)
        return {"plan": whole, "results": results}

    return run  # type: ignore[return-value]


def clean_event(given: Any, *, redact: Collection[Sensitive] = ALWAYS) -> IncomingEvent | None:
    """An event fit to be stored: bounded, readable, without secrets. Cleaning twice changes nothing.

    `given`: an IncomingEvent or its JSON; None stays None. Raises InputError.
    """
    if given is None or given == {}:
        return None
    try:
        event = given if isinstance(given, IncomingEvent) else IncomingEvent.model_validate(given)
        text = json.dumps(event.data, ensure_ascii=False, allow_nan=False)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InputError(f"The event can't be read: {'.'.join(map(str, problem['loc']))}: {problem['msg']}.") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"The event can't be read as JSON: {error}.") from None
    if len(text) > MAX_EVENT:
        raise InputError(f"The event has {len(text):,} characters; the limit is {MAX_EVENT:,}.")
    return event.model_copy(
        update={
            "data": redaction.redact_json(_readable(event.data), redact),
            "key": redaction.redact(printable(event.key), redact)[0],
        }
    )


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(name): _readable(item) for name, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list) else value
