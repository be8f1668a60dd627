"""The one event stream that the command, the page and Studio draw from.

Events are plain JSON objects on LangGraph's `custom` stream mode.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

LiveStatus = Literal[
    "waiting", "running", "retrying", "asking", "done", "failed", "skipped", "refused", "in_doubt", "pending"
]


class StepEvent(TypedDict):
    """A step of the graph began or ended."""

    type: Literal["step"]
    step: str
    status: Literal["started", "ended"]
    at: float
    detail: NotRequired[str]


class PlanEvent(TypedDict):
    """The plan was made or changed; `growing`: more of it is being written, and it isn't checked yet."""

    type: Literal["plan"]
    at: float
    plan: dict[str, Any]
    growing: NotRequired[bool]


class TaskEvent(TypedDict):
    """A task's status changed."""

    type: Literal["task"]
    task: str
    status: LiveStatus
    at: float
    tool: NotRequired[str]
    goal: NotRequired[str]
    detail: NotRequired[str]
    item: NotRequired[int]
    attempt: NotRequired[int]
    replayed: NotRequired[bool]


class TextEvent(TypedDict):
    """A piece of the answer as it is being written; `restart` discards what came before."""

    type: Literal["text"]
    at: float
    text: str
    restart: NotRequired[bool]


class NoteEvent(TypedDict):
    """Something a person watching should know: a fallback, a guardrail, a bound reached."""

    type: Literal["note"]
    at: float
    level: Literal["info", "warning"]
    message: str


Event = StepEvent | PlanEvent | TaskEvent | TextEvent | NoteEvent
