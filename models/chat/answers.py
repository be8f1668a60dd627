"""The answers asked of a model: the JSON schema of each, and how it becomes a typed value.

A model's slips that do no harm are put right here (an extra member, null for nothing, one string for a list); what
can't be used raises Unusable, whose message goes back to the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from pydantic import ValidationError

from models.brain import Action
from models.chat import sense
from models.chat.spotlight import as_json
from state.check import argument_errors
from state.intent import Intent, IntentKind
from state.plan import AGENT, MODEL, Plan, Task
from state.verdict import Draft, Finding, Verdict
from tools.registry import ToolSpec

T = TypeVar("T")
_KINDS: tuple[str, ...] = get_args(IntentKind)
_MOST_QUESTIONS = 10
MOST_TASKS = 50
_TEXT = {"type": "string", "maxLength": 2000}
_SHORT = {"type": "string", "maxLength": 300}


class Unusable(ValueError):
    """An answer that can't be used, and why, as said to the model."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What is asked of a model: a JSON schema for its server, and how to read what comes. Raises Unusable."""

    schema: dict[str, Any]
    read: Callable[[Any], T]


def intent(goal: str, history: Sequence[str]) -> Answer[Intent]:
    """The intent of `goal`; what the model adds of its own invention is dropped."""
    schema = _object(
        kind={"enum": list(_KINDS)},
        goal=_TEXT,
        questions={"type": "array", "items": _SHORT, "maxItems": _MOST_QUESTIONS},
        constraints={"type": "array", "items": _SHORT, "maxItems": 5},
        missing=_or_null(_SHORT),
        reply=_or_null(_SHORT),
    )

    def read(value: Any) -> Intent:
        answer = _mapping(value)
        kind = str(answer.get("kind", "")).strip().lower().replace(" ", "_")
        if kind not in _KINDS:
            raise Unusable(f'"kind" must be one of {", ".join(_KINDS)}, not {as_json(answer.get("kind"))[:80]}')
        # Without a conversation there is nothing to resolve: the user's own words are the best statement.
        restated = _text(answer.get("goal"))
        resolved = restated if history and sense.restates(restated, goal, *history) else goal
        questions = [text for text in _texts(answer.get("questions")) if sense.restates(text, goal, *history)]
        if not sense.covers(questions, resolved):
            questions = [resolved]
        constraints = [
            text
            for text in _texts(answer.get("constraints"))
            if sense.restates(text, goal, *history) and not sense.covers([text], goal)
        ]
        reply = _text(answer.get("reply")) or None
        if kind == "small_talk" and (not reply or sense.states_facts(reply, goal, *history)):
            kind, reply = "question", None  # an answer in disguise: to be looked up instead
        return Intent(
            kind=kind,
            goal=resolved,
            questions=questions[:_MOST_QUESTIONS],
            constraints=constraints[:5],
            missing=_question_back(_text(answer.get("missing")), goal),
            reply=reply if kind == "small_talk" else None,
        )

    return Answer(schema, read)


def plan(tools: Sequence[ToolSpec]) -> Answer[Plan]:
    """A plan out of `tools`. Whether it can run is for `check_plan` to say."""
    names = [*(spec.name for spec in tools if not spec.unavailable), MODEL, AGENT]
    task = _object(
        id={"type": "string", "maxLength": 20},
        goal=_SHORT,
        tool={"enum": names},
        args={"type": "object"},
        after={"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 20},
        when=_or_null(_SHORT),
        each=_or_null(_SHORT),
        until=_or_null(_SHORT),
        max_rounds={"type": "integer"},
        on_error=_SHORT,
        required=("id", "goal", "tool", "args"),
    )

    def read(value: Any) -> Plan:
        tasks = value if isinstance(value, list) else _mapping(value).get("tasks")
        if tasks is None and isinstance(value, Mapping) and "tool" in value:
            tasks = [value]
        if not isinstance(tasks, list) or not tasks or not all(isinstance(task, Mapping) for task in tasks):
            raise Unusable('it must be {"tasks": [...]} with at least one task, each an object')
        cleaned = [cleaned_task(task, number) for number, task in enumerate(tasks[:MOST_TASKS], 1)]
        try:
            return Plan.model_validate({"tasks": cleaned})
        except ValidationError as error:
            raise Unusable(_told(error)) from None

    return Answer(_object(tasks={"type": "array", "items": task, "minItems": 1, "maxItems": 20}), read)


def verdict(draft: Draft, tasks: set[str]) -> Answer[Verdict]:
    """A verdict on `draft`; `tasks` are those that may be run again. An objection without a reason is none."""
    finding = _object(message=_SHORT, sentence=_or_null(_SHORT), required=("message",))
    schema = _object(
        action={"enum": ["accept", "rewrite", "rerun", "replan"]},
        reason=_SHORT,
        findings={"type": "array", "items": finding, "maxItems": 5},
        tasks={"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": 10},
    )

    def read(value: Any) -> Verdict:
        answer = _mapping(value)
        action = str(answer.get("action", "")).strip().lower()
        if action not in ("accept", "rewrite", "rerun", "replan", "give_up"):
            raise Unusable('"action" must be one of accept, rewrite, rerun, replan')
        reason = _text(answer.get("reason"))[:500]
        findings = [_finding(item, draft) for item in _list(answer.get("findings"))[:5]]
        findings = [finding for finding in findings if finding.message]
        if action == "accept":
            return Verdict(action="accept", reason=reason)
        if not findings and not reason:
            return Verdict(action="accept", reason="the judge objected without saying to what")
        if not findings:
            findings = [Finding(check="judge", message=reason)]
        again = [name for name in _texts(answer.get("tasks")) if name in tasks]
        if action == "rerun" and not again:
            action = "rewrite"
        return Verdict(
            action=action,
            reason=reason or findings[0].message,
            findings=findings,
            tasks=again if action == "rerun" else [],
        )

    return Answer(schema, read)


def value(given: Sequence[str]) -> Answer[Any]:
    """The value of a 'model' task; numbers that none of the `given` texts holds are refused."""

    def read(found: Any) -> Any:
        result = found["value"] if isinstance(found, Mapping) and "value" in found else found
        if isinstance(found, Mapping) and "value" not in found:
            raise Unusable('it must be {"value": RESULT}')
        if result in ("", "null", [], {}):
            return None
        if invented := sense.foreign_numbers(as_json(result), given):
            raise Unusable(
                f"{', '.join(sorted(invented)[:5])} is in none of the inputs. Copy from the inputs, or reply "
                '{"value": null} if they don\'t hold it.'
            )
        return result

    return Answer({"type": "object", "properties": {"value": {}}, "required": ["value"]}, read)


def action(tools: Sequence[ToolSpec]) -> Answer[Action]:
    """An agent's next move with `tools`."""
    usable = {spec.name: spec for spec in tools if not spec.unavailable}
    schema = _object(
        tool=_or_null({"enum": list(usable)}) if usable else {"type": "null"},
        args={"type": "object"},
        answer=_or_null(_TEXT),
        reason=_SHORT,
        required=("tool",),
    )

    def read(value: Any) -> Action:
        answer = _mapping(value)
        name = answer.get("tool", answer.get("name"))
        reason = _text(answer.get("reason"))[:500]
        if not name or str(name).lower() in ("null", "none"):
            if answer.get("answer") in (None, "", [], {}):
                raise Unusable('name a "tool" to call, or end with "tool": null and an "answer"')
            return Action(answer=answer["answer"], reason=reason)
        if name not in usable:
            raise Unusable(f"there is no tool '{as_json(name)[:80]}'; there are: {', '.join(usable) or 'none'}")
        args = answer.get("args", answer.get("arguments")) or {}
        if not isinstance(args, Mapping):
            raise Unusable('"args" must be an object')
        if errors := argument_errors(args, usable[name].parameters):
            raise Unusable(f"the args don't fit '{name}': {'; '.join(errors[:5])}")
        return Action(tool=name, args=dict(args), reason=reason)

    return Answer(schema, read)


def cleaned_task(task: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A task's known members, those that are null or empty left to their defaults."""
    cleaned = {name: task[name] for name in Task.model_fields if task.get(name) not in (None, "", [])}
    if "arguments" in task:
        cleaned.setdefault("args", task["arguments"])
    cleaned["id"] = str(cleaned.get("id") or f"t{number}").strip()
    if cleaned["id"].isdigit():
        cleaned["id"] = f"t{cleaned['id']}"
    return cleaned


def _finding(item: Any, draft: Draft) -> Finding:
    if not isinstance(item, Mapping):
        return Finding(check="judge", message=_text(item)[:500])
    sentence = _text(item.get("sentence"))
    return Finding(
        check="judge", message=_text(item.get("message"))[:500], sentence=sentence if sentence in draft.text else None
    )


def _question_back(text: str, goal: str) -> str | None:
    """A question to the user, unless it merely gives the user's own back."""
    return text if text.endswith("?") and len(text) <= 300 and not sense.echoes(text, goal) else None


def _object(*, required: Sequence[str] | None = None, **properties: Any) -> dict[str, Any]:
    needed = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unusable("it must be one JSON object")
    return value


def _text(value: Any) -> str:
    return "" if value is None else " ".join(as_json(value).split())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _texts(value: Any) -> list[str]:
    return list(dict.fromkeys(text for text in map(_text, _list(value)) if text))


def _told(error: ValidationError) -> str:
    """A validation error for a model: where, and what."""
    told = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_url=False)[:8]]
    return "; ".join(told)
