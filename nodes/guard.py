"""Guard: bounds, validates and cleans what comes in, and starts a run."""

from __future__ import annotations

import asyncio
import json
import math
import time
import unicodedata
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from langchain_core.messages import HumanMessage, convert_to_messages
from langgraph.runtime import Runtime
from pydantic import BaseModel, ValidationError

from memory.settings import settings
from nodes import emit, guardrails, redaction
from nodes.conversation import goal_id
from nodes.kit import Kit, NodeFunction, thread_id_of
from nodes.redaction import ALWAYS, Sensitive
from state.budget import Budget
from state.context import RunContext
from state.intent import Intent
from state.plan import Plan
from state.run import RunState, fresh_run
from state.text import printable

MAX_PLAN = 2_000_000
"""Characters a plan may have as JSON."""


class InputError(ValueError):
    """An input that can't start a run. The message is a sentence for a person."""


def clean_input(given: Any, *, max_goal: int, redact: Collection[Sensitive] = ALWAYS) -> dict[str, Any]:
    """The input of a graph, fit to be stored: `{"goal": str, "plan": Plan | None, "budget": Budget | None}`.

    `given`: a RunInput, or a mapping with `goal` (text, or UTF-8 bytes), `plan` (a Plan, its JSON as an object
    or as text, or a list of tasks) and `budget` (a Budget or an object). In place of a goal there may be `messages`,
    as chat interfaces send them: the last one is the goal. `max_goal`: characters a goal may have.
    `redact`: what is taken out of the goal and the plan.

    Call it before the graph, so that nothing unbounded, unreadable or secret is ever checkpointed. All three keys
    are always there, so that nothing is left over from the goal before. Cleaning twice changes nothing.
    Raises InputError.
    """
    if isinstance(given, BaseModel):
        given = {name: getattr(given, name) for name in type(given).model_fields}
    if isinstance(given, str | bytes):
        given = {"goal": given}
    if not isinstance(given, Mapping):
        raise InputError(f'The input must be an object such as {{"goal": "..."}}, not {_a(given)}.')
    goal = given["goal"] if given.get("goal") is not None else _said(given.get("messages"))
    return {
        "goal": redaction.redact(_goal(goal, max_goal), redact)[0],
        "plan": _plan(given.get("plan"), redact),
        "budget": _budget(given.get("budget")),
    }


def guard(kit: Kit) -> NodeFunction:
    """The step that starts a run: a fresh state, the goal among the messages, the input guards' verdicts, and what of
    the user's own can't be read.

    A goal that a guard blocks isn't looked at any further: `stop_reason` is then 'refused', and the guard's
    message is the intent's reply.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        emit.step("guard", "started")
        limit = (await asyncio.to_thread(settings)).max_goal  # the first call reads a file
        cleaned = clean_input(state, max_goal=limit)
        goal, verdicts = guardrails.apply(kit.guards.input, cleaned["goal"])
        run_key = uuid.uuid4().hex
        context = runtime.context
        budget = cleaned["budget"] or (context.budget if context else None) or Budget()
        update = fresh_run(goal, plan=cleaned["plan"], budget=budget, run_key=run_key, started=time.time())
        unread = [f"{spec.name} can't be used: {spec.unavailable}" for spec in kit.tools.unreadable()]
        for note in unread:
            emit.note(note, level="warning")
        update["notes"] = [*guardrails.report(verdicts), *unread]
        await guardrails.record(kit.journal, thread_id_of(runtime), "input", verdicts)
        update["messages"] = [HumanMessage(goal, id=goal_id(run_key))]
        if blocked := guardrails.blocking(verdicts):
            update["intent"] = Intent(kind="small_talk", goal=goal, reply=blocked.message)
            update["stop_reason"] = "refused"
            update["plan"] = None
        emit.step("guard", "ended")
        return update

    return run


def _said(messages: Any) -> str | None:
    """The text of the last message, if a person said it."""
    if not messages or not isinstance(messages, list | tuple):
        return None
    try:
        (last,) = convert_to_messages([messages[-1]])
    except (ValueError, TypeError, NotImplementedError) as error:
        raise InputError(f"The messages can't be read: {error}.") from None
    return str(last.text) if isinstance(last, HumanMessage) else None


def _goal(given: Any, max_goal: int) -> str:
    if isinstance(given, bytes | bytearray):
        if len(given) > 4 * max_goal:
            raise _too_long(len(given), max_goal)
        try:
            given = bytes(given).decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(
                "The goal isn't text. Say in words what you want, and give files with --docs so that they can be read."
            ) from None
    if given is not None and not isinstance(given, str):
        raise InputError(f"The goal must be text, not {_a(given)}.")
    if given and len(given) > max_goal:
        raise _too_long(len(given), max_goal)
    goal = unicodedata.normalize("NFC", printable(given or "")).strip()
    if not any(unicodedata.category(character)[0] in "LNS" for character in goal):  # a letter, a number or a symbol
        raise InputError("The goal is empty. Say what you want to know or have done, as in: What is 17 % of 240?")
    if len(goal) > max_goal:
        raise _too_long(len(goal), max_goal)
    return goal


def _too_long(length: int, max_goal: int) -> InputError:
    return InputError(
        f"The goal has {length:,} characters; the limit is {max_goal:,}. Put long text into a file, give the file "
        "with --docs, and ask about it."
    )


def _plan(given: Any, redact: Collection[Sensitive]) -> Plan | None:
    if given is None or given == "":
        return None
    try:
        if isinstance(given, str | bytes):
            if len(given) > MAX_PLAN:
                raise InputError(f"The plan has {len(given):,} characters; the limit is {MAX_PLAN:,}.")
            given = json.loads(given)
        if isinstance(given, BaseModel):
            given = given.model_dump(mode="json")
        if isinstance(given, list):
            given = {"tasks": given}
        if not isinstance(given, Mapping):
            raise InputError(f"The plan must be an object with `tasks`, not {_a(given)}.")
        text = json.dumps(_storable(given), ensure_ascii=False, allow_nan=False)
        if len(text) > MAX_PLAN:
            raise InputError(f"The plan has {len(text):,} characters; the limit is {MAX_PLAN:,}.")
        return Plan.model_validate(redaction.redact_json(json.loads(text), redact))
    except ValidationError as error:
        raise InputError(f"The plan can't be read: {_first(error)}.") from None
    except InputError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"The plan can't be read as JSON: {error}.") from None


def _budget(given: Any) -> Budget | None:
    if given is None or isinstance(given, Budget):
        return given
    if not isinstance(given, Mapping):
        raise InputError(f'The budget must be an object such as {{"seconds": 60}}, not {_a(given)}.')
    if endless := [name for name, bound in given.items() if isinstance(bound, float) and not math.isfinite(bound)]:
        raise InputError(f"The budget can't be read: {endless[0]} must be a number; leave it out for no bound.")
    try:
        return Budget.model_validate(dict(given))
    except ValidationError as error:
        raise InputError(f"The budget can't be read: {_first(error)}.") from None


def _storable(value: Any) -> Any:
    """`value` without what databases can't hold: NUL and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, BaseModel):
        return _storable(value.model_dump(mode="json"))
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(map(str, problem["loc"]))
    return f"{where}: {problem['msg']}" if where else problem["msg"]


def _a(value: Any) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
