"""Writes the typed events of `state.events` on LangGraph's custom stream.

Every function is a no-op outside a graph, so that nodes can be called on their own. Text is made safe
for a terminal here, once, for everyone who draws from the stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from langgraph.config import get_stream_writer

from state.events import Event, LiveStatus, NoteEvent, PlanEvent, StepEvent, TaskEvent, TextEvent
from state.plan import Plan
from state.text import printable

_watchers: list[Callable[[Event], None]] = []


def step(name: str, status: Literal["started", "ended"], *, detail: str | None = None) -> None:
    """A step of the graph began or ended."""
    event: StepEvent = {"type": "step", "step": name, "status": status, "at": time.time()}
    if detail is not None:
        event["detail"] = printable(detail)
    _write(event)


def plan(made: Plan, *, growing: bool = False) -> None:
    """The plan was made or changed; `growing`: more of it is being written."""
    event: PlanEvent = {"type": "plan", "at": time.time(), "plan": made.to_json()}
    if growing:
        event["growing"] = True
    _write(event)


def task(
    task_id: str,
    status: LiveStatus,
    *,
    tool: str | None = None,
    goal: str | None = None,
    detail: str | None = None,
    item: int | None = None,
    attempt: int | None = None,
    replayed: bool | None = None,
) -> None:
    """A task's status changed. `item` is its place in the list of `each`, from 0; `attempt` counts from 1."""
    event: TaskEvent = {"type": "task", "task": task_id, "status": status, "at": time.time()}
    if tool is not None:
        event["tool"] = tool
    if goal is not None:
        event["goal"] = printable(goal)
    if detail is not None:
        event["detail"] = printable(detail)
    if item is not None:
        event["item"] = item
    if attempt is not None:
        event["attempt"] = attempt
    if replayed is not None:
        event["replayed"] = replayed
    _write(event)


def text(piece: str, *, restart: bool = False) -> None:
    """A piece of the answer, as it is being written; `restart` discards the pieces before it."""
    event: TextEvent = {"type": "text", "at": time.time(), "text": printable(piece)}
    if restart:
        event["restart"] = True
    _write(event)


def note(message: str, *, level: Literal["info", "warning"] = "info") -> None:
    """Something a person watching should know: a fallback, a guardrail, a bound reached."""
    event: NoteEvent = {"type": "note", "at": time.time(), "level": level, "message": printable(message)}
    _write(event)


def watch(watcher: Callable[[Event], None]) -> None:
    """Tell `watcher` of every event of this process, in the context it comes from, whether or not anyone streams."""
    if watcher not in _watchers:
        _watchers.append(watcher)


def _write(event: Event) -> None:
    for watcher in _watchers:
        watcher(event)
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):  # outside a graph, or in a thread that didn't inherit its context
        return
    write(event)
