"""What is in the queue of events: the entries, their statuses, and the receipts for what was put."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

EventStatus = Literal["queued", "running", "parked", "done", "dead", "superseded", "interrupted", "rolled_back"]
"""'parked': its run waits for a person; 'dead': given up, until it is replayed; 'superseded': a later event of its
burst took its place; 'interrupted' and 'rolled_back': a later event of its key stopped it."""
Strategy = Literal["reject", "enqueue", "interrupt", "rollback"]
"""What happens to an event while another of its key is queued or running: it is turned away, it waits, it stops the
other one, or it stops the other one and deletes what that left."""


class QueueFull(RuntimeError):
    """As many events wait as may wait; send this one again later."""


@dataclass(frozen=True)
class QueuedEvent:
    """An entry of the queue. Times are epoch seconds; `due`: not to be started before.

    `event` is the event's JSON, `stop` the strategy of a later event that stops this one.
    """

    seq: int
    source: str
    id: str
    status: EventStatus
    thread_id: str
    attempts: int
    error: str
    received: float
    updated: float
    due: float
    stop: str
    event: dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    """What became of an event that was put: 'duplicate' if it was there, 'rejected' if its key is busy.

    `stopping`: the entries that are at work and have to make room for it; `ended`: those that waited, and have ended
    for it.
    """

    status: Literal["accepted", "duplicate", "rejected"]
    thread_id: str
    stopping: tuple[int, ...] = ()
    ended: tuple[QueuedEvent, ...] = ()
