"""The conversation around a run: what was said before its goal, and what it says before it asks a person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from langchain_core.messages import AIMessage, AnyMessage

from nodes.redaction import redact
from state.plan import Plan
from state.run import RunState
from state.text import printable

HISTORY = 20
"""Messages that a brain is shown of it."""
_LONGEST = 300


def goal_id(run_key: str) -> str:
    """The id of the message that is a run's goal."""
    return f"{run_key}-goal"


def before(state: RunState) -> list[AnyMessage]:
    """What was said before the goal of this run."""
    said = list(state.get("messages") or [])
    own = goal_id(state.get("run_key", ""))
    for index, message in enumerate(said):
        if message.id == own:
            return said[:index]
    return said[:-1] if said and said[-1].type == "human" else said  # a person has edited the conversation


def asking(state: RunState, wanted: Iterable[str]) -> list[AnyMessage]:
    """The message under which a chat interface shows a question: it shows none under what the user said.

    `wanted`: the question, or a heading and below it what a person must decide about. To be returned by a step before
    the one that asks: what an interrupted step returns isn't kept.
    """
    told = [redact(" ".join(printable(one).split())[:_LONGEST])[0] for one in wanted]
    text = "\n".join([told[0], *(f"- {one}" for one in told[1:])])
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    return [AIMessage(text, id=f"{state.get('run_key') or 'run'}-asks-{mark}")]


def steps(plan: Plan, names: Iterable[str] | None = None) -> list[str]:
    """What tasks of a plan would do, a line each."""
    chosen = set(names) if names is not None else None
    return [f"{task.goal or task.id} ({task.tool})" for task in plan.tasks if chosen is None or task.id in chosen]
