"""Where a thread stands, read from one of its checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from memory.retention import created
from memory.thread_index import Extent

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage
    from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
    from langgraph.types import Interrupt

    Saver = BaseCheckpointSaver[Any]

ThreadStatus = Literal["done", "waiting", "failed", "unfinished"]
_BRANCH = "branch:to:"
_UNDER_WAY = frozenset({"__interrupt__", "__resume__", "__error__"})
"""What a task may have written and yet not have ended."""


@dataclass(frozen=True)
class ThreadSummary:
    """A thread at a glance. Times are epoch seconds, `size` is in bytes (0 where the saver can't tell).

    `status`: 'waiting' for a person, 'failed' in a step, 'unfinished' (stopped on the way; resume it), or 'done'.
    `stop_reason`: what the last goal came to, where it has ended.
    """

    thread_id: str
    goal: str
    status: ThreadStatus
    updated: float
    created: float
    steps: int
    size: int
    stop_reason: str | None = None


@dataclass(frozen=True)
class ThreadState:
    """A thread as it stands: the values of its state, its conversation, what it will do next and waits for."""

    summary: ThreadSummary
    values: dict[str, Any]
    messages: list[AnyMessage]
    next: tuple[str, ...]
    interrupts: tuple[Interrupt, ...]


@dataclass(frozen=True)
class HistoryEntry:
    """One checkpoint: what had been done, and what came `next` after it. `created` is in epoch seconds."""

    checkpoint_id: str
    created: float
    step: int
    next: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)


def time_of(entry: CheckpointTuple) -> float:
    return datetime.fromisoformat(entry.checkpoint["ts"]).timestamp()


def next_of(entry: CheckpointTuple) -> tuple[str, ...]:
    # A node that is due has a value in its trigger channel, and none when it has run.
    values = entry.checkpoint["channel_values"]
    due = [name.removeprefix(_BRANCH) for name in values if name.startswith(_BRANCH)]
    return ("__start__",) if "__start__" in values else tuple(due)


def waiting_of(entry: CheckpointTuple) -> tuple[Interrupt, ...]:
    """The questions that have no answer yet."""
    writes = entry.pending_writes or []
    over = {task for task, channel, _ in writes if channel not in _UNDER_WAY}
    return _questions([value for task, channel, value in writes if channel == "__interrupt__" and task not in over])


def asked_of(entry: CheckpointTuple) -> tuple[Interrupt, ...]:
    """All questions that were asked, those that have an answer included."""
    return _questions([value for _, channel, value in entry.pending_writes or [] if channel == "__interrupt__"])


def with_ended(values: dict[str, Any], entry: CheckpointTuple) -> dict[str, Any]:
    """A state's values with the results of the tasks that have ended in the step under way, as they are recorded.

    The state itself holds them once the step has ended, which the last open question puts off.
    """
    from state.result import TaskResult

    records = [value for _, channel, value in entry.pending_writes or [] if channel == "__return__"]
    told = [value["result"] for value in records if isinstance(value, dict) and isinstance(value.get("result"), dict)]
    ended = [TaskResult.model_validate(result) for result in told if result.get("status") not in (None, "pending")]
    if not ended:
        return values
    return {**values, "results": {**(values.get("results") or {}), **{result.task: result for result in ended}}}


def _questions(asked: Sequence[Sequence[Interrupt]]) -> tuple[Interrupt, ...]:
    return tuple({interrupt.id: interrupt for interrupts in asked for interrupt in interrupts}.values())


def summary_of(thread_id: str, latest: CheckpointTuple, extent: Extent) -> ThreadSummary:
    values = latest.checkpoint["channel_values"]
    begun = values.get("__start__")
    goal = values.get("goal") or (begun.get("goal") if isinstance(begun, dict) else getattr(begun, "goal", "")) or ""
    updated = time_of(latest)
    return ThreadSummary(
        thread_id=thread_id,
        goal=str(goal),
        status=_status(latest),
        updated=updated,
        created=created(extent.first) or updated,
        steps=extent.steps,
        size=extent.size,
        stop_reason=values.get("stop_reason"),
    )


def _status(latest: CheckpointTuple) -> ThreadStatus:
    if waiting_of(latest):
        return "waiting"
    if any(channel == "__error__" and not _is_stop(value) for _, channel, value in latest.pending_writes or []):
        return "failed"
    return "unfinished" if next_of(latest) else "done"


def _is_stop(error: Any) -> bool:
    """Whether a step didn't fail but was stopped from outside; what is stored of an error may be its text alone."""
    return isinstance(error, asyncio.CancelledError) or str(error).startswith("CancelledError")


async def messages_of(saver: Saver, entry: CheckpointTuple) -> list[AnyMessage]:
    """The conversation up to a checkpoint, replayed from what its ancestors wrote."""
    from langgraph.channels import DeltaChannel

    from state.reducers import append_messages

    channel: DeltaChannel[list[AnyMessage]] = DeltaChannel(append_messages, list)
    stored = entry.checkpoint["channel_values"].get("messages")
    if stored is not None:
        return list(channel.from_checkpoint(stored).get())
    replayed = (await saver.aget_delta_channel_history(config=entry.config, channels=["messages"]))["messages"]
    channel = channel.from_checkpoint(replayed.get("seed", []))
    channel.replay_writes(replayed["writes"])
    return list(channel.get())
