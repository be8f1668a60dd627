"""Begins the run of an event, or goes on with it: which of the two, its thread tells."""

from __future__ import annotations

from typing import Any

from graph.events.config import AnySource, ChatSource, Source
from graph.kept import what_is_kept
from graph.outcome import Outcome
from graph.run import ThreadError, aask, aresume
from memory.queued import QueuedEvent
from state.incoming import IncomingEvent


async def run_event(entry: QueuedEvent, source: AnySource, saver: Any) -> Outcome:
    """Run an event until it ends or waits for a person.

    The thread follows from the event, and holds it from its first checkpoint on. So whatever has been begun, before a
    crash or an earlier attempt, is gone on with and never begun again. Raises what `aask` and `aresume` raise.
    """
    event = IncomingEvent.model_validate(entry.event)
    if await _is_begun(saver, entry.thread_id, event):
        outcome = await aresume(entry.thread_id, checkpointer=saver)
        if outcome.finished and outcome.stop_reason == "failed":
            return await _again(outcome, saver)
        return outcome
    goal = source.goal if isinstance(source, Source) else ""
    if isinstance(source, ChatSource) and isinstance(event.data, dict):
        # What a user says is the goal itself, and no evidence of anything.
        goal, event = str(event.data["text"]), event.model_copy(update={"data": None})
    return await aask(
        goal,
        plan=source.given_plan() if isinstance(source, Source) else None,
        docs=list(source.docs) or None,
        db=source.db,
        brain=source.brain or ("chat" if source.model else None),
        model=source.model,
        policy=source.policy,
        budget=source.budget,
        thread_id=entry.thread_id,
        event=event,
        checkpointer=saver,
    )


async def _is_begun(saver: Any, thread_id: str, event: IncomingEvent) -> bool:
    """Whether the last run of the thread is this event's. A conversation's thread has one run after another."""
    known = await what_is_kept(saver, thread_id)
    return bool(known.choices["event"] == event.id)


async def _again(outcome: Outcome, saver: Any) -> Outcome:
    try:
        return await aresume(outcome.thread_id, retry_failed=True, checkpointer=saver)
    except ThreadError:  # no task failed, so trying again comes to the same
        return outcome
