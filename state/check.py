"""The single checks of a plan, made before anything is spent on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import Field

from state import conditions, references
from state.budget import Budget
from state.record import Record
from state.task import AGENT, EVENT, ITEM_NAMES, MODEL, RESERVED, ROUND_NAMES, RUN_NAMES, Task
from state.text import counted

MAX_TASKS = 100
_LONGEST_MESSAGE = 300
ProblemCode = Literal[
    "duplicate_id", "reserved_id", "unknown_task", "cycle", "unknown_tool", "unavailable_tool", "invalid_arguments",
    "bad_reference", "bad_condition", "too_many_tasks", "over_budget", "not_allowed", "unplanned",
    "rejected",
]  # fmt: skip

_MODEL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"prompt": {"type": "string", "description": "What the model is to do with its inputs."}},
    "required": ["prompt"],
    "additionalProperties": True,
}
_AGENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "goal": {"type": "string", "description": "What the agent is to find out or do."},
        "tools": {"type": "array", "items": {"type": "string"}, "description": "Names of the tools it may use."},
        "max_steps": {"type": "integer", "minimum": 1, "maximum": 50},
        "prompt": {"type": "string", "description": "Who the agent is, for a specialist."},
        "budget": {
            "type": "object",
            "description": "What the agent may spend.",
            "properties": {
                "tokens": {"type": "integer", "minimum": 1},
                "money": {"type": "number", "exclusiveMinimum": 0},
                "model_calls": {"type": "integer", "minimum": 1},
                "tool_calls": {"type": "integer", "minimum": 1},
            },
            "additionalProperties": False,
        },
    },
    "required": ["goal"],
    "additionalProperties": True,
}
_EVENT_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}
BUILT_IN_SCHEMAS = {MODEL: _MODEL_SCHEMA, AGENT: _AGENT_SCHEMA, EVENT: _EVENT_SCHEMA}


class Problem(Record):
    """One thing that is wrong with a plan."""

    code: ProblemCode
    task: str | None = None
    message: str = Field(description="What is wrong and what to do about it.")

    def __str__(self) -> str:
        return f"{self.task}: {self.message}" if self.task else self.message


def ids(tasks: list[Task]) -> list[Problem]:
    """Ids that are used twice, or have a meaning of their own."""
    return list(_ids(tasks))


def reads(task: Task, tasks: list[Task]) -> list[Problem]:
    """References and conditions that can't be read, or point at nothing."""
    return list(_reads(task, {other.id for other in tasks}))


def tool(task: Task, known: Mapping[str, Any]) -> list[Problem]:
    """A tool that isn't there, or arguments that don't fit it."""
    return list(_tool(task, known))


def spending(tasks: list[Task], known: Mapping[str, Any], budget: Budget | None) -> list[Problem]:
    """An estimate over the budget."""
    return list(_spending(tasks, known, budget)) if budget else []


def _ids(tasks: list[Task]) -> Iterable[Problem]:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            yield Problem(code="duplicate_id", task=task.id, message=f"two tasks are called '{task.id}'")
        if task.id in RESERVED:
            yield Problem(
                code="reserved_id", task=task.id, message=f"'{task.id}' has a meaning of its own; choose another"
            )
        seen.add(task.id)


def _reads(task: Task, ids: set[str]) -> Iterable[Problem]:
    try:
        in_data = [reference.root for reference in references.find([task.args, task.each])]
    except references.BadReference as error:
        yield Problem(code="bad_reference", task=task.id, message=str(error))
        return
    allowed = RUN_NAMES
    if task.each is not None:
        allowed |= ITEM_NAMES
    if task.until:
        allowed |= ROUND_NAMES - {"result"}
    for name in dict.fromkeys(in_data):
        if name == task.id:
            yield Problem(code="cycle", task=task.id, message="it reads its own result")
        elif name in RESERVED and name not in allowed:
            where = "a task with `each`" if name in ITEM_NAMES else "a task with `until`"
            yield Problem(code="bad_reference", task=task.id, message=f"'{{{{{name}}}}}' is known only in {where}")
        elif name not in RESERVED and name not in ids:
            yield Problem(code="unknown_task", task=task.id, message=f"it reads '{name}', which is no task of the plan")
    for name in task.after:
        if name == task.id or name not in ids:
            yield Problem(code="unknown_task", task=task.id, message=f"it comes after '{name}', which is no other task")
    if isinstance(task.each, str) and not _is_open(task.each):
        message = "`each` must be one reference, as in '{{t1.rows}}', or a list"
        yield Problem(code="bad_reference", task=task.id, message=message)
    yield from _condition(task, "when", task.when, (ids - {task.id}) | RUN_NAMES)
    yield from _condition(task, "until", task.until, ids | RESERVED)


def _condition(task: Task, field: str, condition: str | None, known: set[str]) -> Iterable[Problem]:
    if condition is None:
        return
    try:
        unknown = conditions.names(condition) - known
    except conditions.BadCondition as error:
        yield Problem(code="bad_condition", task=task.id, message=f"`{field}`: {error}")
        return
    for name in sorted(unknown):
        code: ProblemCode = "bad_condition" if name in RESERVED or name == task.id else "unknown_task"
        yield Problem(code=code, task=task.id, message=f"`{field}` reads '{name}', which isn't known there")


def _tool(task: Task, known: Mapping[str, Any]) -> Iterable[Problem]:
    for name in filter(None, (task.tool, task.fallback)):
        tool = known.get(name)
        if tool is None and name not in BUILT_IN_SCHEMAS:
            names = ", ".join([*sorted(known), MODEL, AGENT])
            yield Problem(code="unknown_tool", task=task.id, message=f"there is no tool '{name}'; there are: {names}")
        elif reason := getattr(tool, "unavailable", None):
            yield Problem(code="unavailable_tool", task=task.id, message=f"'{name}' can't be used here: {reason}")
        elif name == task.tool or task.fallback == name:
            for message in argument_errors(task.args, parameters_of(tool, name)):
                yield Problem(code="invalid_arguments", task=task.id, message=f"'{name}': {message}")


def _spending(tasks: list[Task], known: Mapping[str, Any], budget: Budget) -> Iterable[Problem]:
    calls = [task for task in tasks if task.tool not in BUILT_IN_SCHEMAS]
    if budget.tool_calls is not None and len(calls) > budget.tool_calls:
        message = f"it makes {counted(len(calls), 'tool call')}, the budget allows {budget.tool_calls}"
        yield Problem(code="over_budget", message=message)
    money = sum(float(getattr(known.get(task.tool), "cost", 0) or 0) for task in calls)
    if budget.money is not None and money > budget.money:
        yield Problem(code="over_budget", message=f"its tools cost ${money:.4f}, the budget allows ${budget.money:.4f}")


def parameters_of(tool: Any, name: str = "") -> dict[str, Any]:
    """The JSON schema of a tool's arguments, of a ToolSpec, a LangChain tool or a built-in name."""
    if tool is None:
        return BUILT_IN_SCHEMAS.get(name, {})
    parameters = getattr(tool, "parameters", None)
    if isinstance(parameters, dict):
        return parameters
    schema = getattr(tool, "tool_call_schema", None)
    if isinstance(schema, dict):
        return schema
    told = dict(schema.model_json_schema()) if schema is not None else {}
    taken = getattr(tool, "args", None)
    if isinstance(taken, dict) and len(taken) == 1 and taken.keys() != told.get("properties", {}).keys():
        return {"type": "object", "properties": taken, "required": list(taken)}  # LangChain's tool for a single text
    return told


def argument_errors(args: Mapping[str, Any], schema: Mapping[str, Any], *, resolved: bool = False) -> list[str]:
    """What in `args` doesn't fit a JSON schema.

    Unless they are `resolved`, whole references fit anything: their type isn't known yet.
    """
    properties = schema.get("properties")
    messages = []
    if isinstance(properties, Mapping) and not schema.get("additionalProperties"):
        for name in args:
            if name not in properties:
                messages.append(f"no argument '{name}'; it takes: {', '.join(properties) or 'none'}")
    try:
        errors: list[ValidationError] = list(Draft202012Validator(dict(schema)).iter_errors(dict(args)))
    except RecursionError:
        return [*messages, "the arguments are nested too deeply"]
    except Exception:  # a schema that its validator can't work with, whatever it raises then
        return messages
    for error in sorted(errors, key=lambda error: list(map(str, error.absolute_path))):
        if resolved or not _is_open(error.instance) or error.validator == "required":
            where = ".".join(map(str, error.absolute_path))
            told = error.message if len(error.message) <= _LONGEST_MESSAGE else error.message[:_LONGEST_MESSAGE] + " …"
            messages.append(f"{where}: {told}" if where else told)
    return messages


def _is_open(value: Any) -> bool:
    if isinstance(value, str):
        return references.REFERENCE.fullmatch(value.strip()) is not None
    if isinstance(value, Mapping):
        return any(map(_is_open, value.values()))
    return isinstance(value, list) and any(map(_is_open, value))
