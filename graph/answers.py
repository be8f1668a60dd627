"""Whose an answer is: one question of a thread's, which must be open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Interrupt

from memory.thread_state import asked_of
from state.approval import BadAnswer

_QUESTION_ID = re.compile("[0-9a-f]{32}")


class ThreadError(ValueError):
    """A thread that can't be resumed as asked; the message says what to do."""


class StaleAnswer(BadAnswer, ThreadError):
    """An answer to a question that isn't open: answered already, or another thread's."""


async def addressed(
    resume: Any, asked: Sequence[Interrupt], saver: BaseCheckpointSaver[Any], config: RunnableConfig
) -> dict[str, Any]:
    """An answer by the id of its question, one of `asked`. Raises StaleAnswer, and BadAnswer where it isn't clear whose
    it is.

    LangGraph hands an answer without an id to whichever task asks first, and one with the id of a task's first
    question to whatever the task asks next.
    """
    ids = {one.id for one in asked}
    is_addressed = isinstance(resume, dict) and resume and all(map(_QUESTION_ID.fullmatch, map(str, resume)))
    stale = [name for name in resume if name not in ids] if is_addressed else []
    is_open = "open: " + ", ".join(sorted(map(_told, asked))) if asked else "none is open, resume without an answer"
    if stale:
        known = await _asked_before(saver, config)
        told = [f"question {name} {'was answered already' if name in known else 'is none of its'}" for name in stale]
        raise StaleAnswer(f"thread '{config['configurable'].get('thread_id')}': {', '.join(told)}; {is_open}")
    if not asked:
        raise StaleAnswer("an answer was given, but no question is open; resume without an answer")
    if is_addressed:
        return dict(resume)
    if len(ids) > 1:
        by_id = "answer by the ids of the interrupts, {id: response}"
        raise BadAnswer(f"{len(ids)} questions are open; {by_id}; {is_open}")
    return dict.fromkeys(ids, resume)


async def _asked_before(saver: BaseCheckpointSaver[Any], config: RunnableConfig) -> set[str]:
    """The ids of all questions of a thread that are remembered."""
    thread = {"thread_id": config["configurable"]["thread_id"], "checkpoint_ns": ""}
    return {one.id async for entry in saver.alist({"configurable": thread}) for one in asked_of(entry)}


def _told(asked: Interrupt) -> str:
    value = asked.value if isinstance(asked.value, dict) else {}
    what = [str(value[name]) for name in ("kind", "task") if value.get(name)]
    return f"{asked.id} ({', '.join(what)})" if what else asked.id
