"""A ReAct step without a model: the next call of the plan that would serve the goal, then the answer found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from models.brain import Action, Step
from models.reflex import extract, planner
from models.reflex import intent as intents
from models.reflex.question import analyse
from models.reflex.ranking import Ranker
from models.reflex.words import squeeze
from state import references
from state.plan import MODEL, Task
from tools.registry import ToolSpec


def next_action(goal: str, tools: Sequence[ToolSpec], steps: Sequence[Step]) -> Action:
    """The next call towards `goal` that hasn't been made, or the answer."""
    intent = intents.parse(goal)
    if intent.reply or intent.missing:
        return Action(answer=intent.reply or intent.missing, reason="There is nothing to look up.")
    plan = planner.plan(intent, tools)
    values: dict[str, Any] = {}
    made = {_key(step.tool, step.args): step for step in steps}
    for task in plan.order():
        try:
            args = references.resolve(task.args, values)
        except references.BadReference:
            continue
        if task.tool == MODEL:
            values[task.id] = _complete(args)
            continue
        step = made.get(_key(task.tool, args))
        if step is None:
            return Action(tool=task.tool, args=args, reason=task.goal)
        values[task.id] = step.result.value
    return Action(
        answer=_answer(intent.questions or [goal], plan.tasks, values), reason="Every call of the plan is made."
    )


def _complete(args: Mapping[str, Any]) -> Any:
    inputs = {name: value for name, value in args.items() if name != "prompt"}
    return extract.complete(str(args["prompt"]), list(extract.passages_of(inputs)))


def _answer(questions: Sequence[str], tasks: Sequence[Task], values: Mapping[str, Any]) -> Any:
    """What each question came to; None if none came to anything."""
    answers: list[Any] = []
    for question in questions:
        served = [task for task in tasks if task.goal == question and task.id in values]
        if not served:
            continue
        value = values[served[-1].id]
        if served[-1].tool.startswith(("search_", "fetch_", "read_")):
            found = extract.sentence_that_answers(analyse(question), Ranker(list(extract.passages_of(value))))
            value = found.value if found else None
        if value is not None:
            answers.append(value)
    if len(answers) <= 1:
        return answers[0] if answers else None
    return "\n".join(squeeze(answer) if isinstance(answer, str) else json.dumps(answer) for answer in answers)


def _key(tool: str, args: Mapping[str, Any]) -> str:
    return f"{tool} {json.dumps(args, sort_keys=True, default=str)}"
