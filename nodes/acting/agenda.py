"""What an agent has still to do, and whether it works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nodes.generate import intent_of
from state.agenda import Todo
from state.budget import Budget, Usage
from state.run import Rounds, RunState

STEPS = 8
"""Thoughts in one round of work."""
MAX_ROUNDS = 5


def goes_on(state: RunState) -> bool:
    """Whether the agent takes another round: something is still to be done, and the bounds allow it."""
    rounds, usage = state.get("rounds") or Rounds(), state.get("usage") or Usage()
    if rounds.act >= MAX_ROUNDS or usage.exceeded(state.get("budget") or Budget()):
        return False
    return any(todo.is_open for todo in state.get("agenda") or [])


def agenda_of(state: RunState) -> list[Todo]:
    """What there is to be done; at first, the questions in the goal."""
    intent = intent_of(state)
    return list(state.get("agenda") or [Todo(goal=question) for question in intent.questions or [intent.goal]])


def after_round(
    agenda: Sequence[Todo], written: Any, *, served: set[str], is_answered: bool, got_further: bool
) -> list[Todo]:
    """The agenda after a round: as the agent wrote it (`written`), else ticked off by what was found.

    `served`: the goals of calls that came through. What is open after a round that got no further is given up.
    """
    if written:
        agenda = [Todo(goal=str(todo["content"]), status=todo["status"]) for todo in written]
    else:
        agenda = [_with(todo, "completed") if is_answered or todo.goal in served else todo for todo in agenda]
    return [todo if got_further or not todo.is_open else _with(todo, "given_up") for todo in agenda]


def _with(todo: Todo, status: str) -> Todo:
    return todo.model_copy(update={"status": status})
