"""The intake: makes an event of what a source has seen, and puts it into the queue."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from graph.events.config import AnySource, ChatSource, EventsConfig
from memory.queue import EventQueue
from memory.queued import Receipt
from nodes.guard import InputError
from nodes.receive import clean_event
from state import references
from state.incoming import IncomingEvent
from state.task import EVENT

LONGEST_KEY = 200


class Intake:
    """Where all sources hand in what they have seen.

    `arrived` is called when there is something to start, `stop` with the entries that must make room for it.
    """

    def __init__(
        self,
        config: EventsConfig,
        queue: EventQueue,
        *,
        arrived: Callable[[], None],
        stop: Callable[[tuple[int, ...]], None],
    ) -> None:
        self._config = config
        self.queue = queue
        self._arrived = arrived
        self._stop = stop

    async def take(
        self,
        source: AnySource,
        event_id: str,
        data: Any,
        *,
        at: float,
        conversation: str = "",
        mark: tuple[str, str | None] | None = None,
    ) -> Receipt:
        """Take an event in. When this returns it is on the disk, and its run will be started once.

        `at`: when it happened, epoch seconds. `conversation`: events of one share a thread. `mark`: how far the source
        has come with it, noted down with it or not at all. Raises QueueFull, and InputError for an event that can't be.
        """
        raw = IncomingEvent(id=event_id, source=source.name, key=conversation, time=at, data=data)
        # Looking for secrets takes a while on long texts, so it is done beside the event loop.
        event = await asyncio.to_thread(clean_event, raw)
        assert event is not None
        if not isinstance(source, ChatSource) and source.key:
            event = event.model_copy(update={"key": _key(source.key, event)})
        receipt = await self.queue.put(
            event.to_json(),
            thread_id=thread_of(source.name, conversation or event_id),
            capacity=self._config.capacity,
            strategy=source.strategy,
            debounce=0.0 if isinstance(source, ChatSource) else source.debounce,
            mark=mark,
        )
        if receipt.stopping:
            self._stop(receipt.stopping)
        if receipt.status == "accepted":
            self._arrived()
        return receipt


def thread_of(source: str, name: str) -> str:
    """The thread of an event's run, from its id or its conversation: the same whenever it is asked for."""
    return f"{source}-{hashlib.sha256(f'{source}/{name}'.encode()).hexdigest()[:12]}"


def _key(template: str, event: IncomingEvent) -> str:
    try:
        found = references.as_text(references.resolve(template, {EVENT: event.to_json()}))
    except references.BadReference as error:
        raise InputError(f"The event has no key: {error}.") from None
    if len(found) <= LONGEST_KEY:
        return found
    return f"{found[:LONGEST_KEY]}~{hashlib.sha256(found.encode()).hexdigest()[:12]}"
