"""Takes events from the queue and runs them, a bounded number at a time, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from graph.events.config import EventsConfig
from graph.events.starting import run_event
from graph.outcome import Outcome
from graph.run import ThreadError
from memory.lock import ThreadBusy
from memory.queue import EventQueue
from memory.queued import EventStatus, QueuedEvent
from memory.threads import ThreadNotFound, delete, show
from nodes.guard import InputError

GRACE = 0.5
"""Seconds that runs have to stop in; what is recorded of them is durable either way."""
LOOK_AT_QUEUE = 2.0
"""Seconds after which it is looked what another process has put into the queue, as a replay does."""
LOOK_AT_PARKED = 15.0
"""Seconds after which it is looked whether a person has answered meanwhile."""
PRUNE_EVERY = 86_400.0
"""Seconds after which events that ended long ago are forgotten again."""
LONGEST_DELAY = 3600.0
_logger = logging.getLogger(__name__)
Settled = Callable[[QueuedEvent, EventStatus, Outcome | None, str], None]


class Runner:
    """Works on a queue.

    `settled` is told what becomes of each event: its status ('queued': it is tried again), its outcome, the error.
    `now`: the clock, in epoch seconds.
    """

    def __init__(
        self,
        config: EventsConfig,
        queue: EventQueue,
        saver: Any,
        *,
        settled: Settled | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._queue = queue
        self._saver = saver
        self._settled = settled or (lambda *_: None)
        self._now = now
        self._pruned = float("-inf")
        self._running: dict[int, asyncio.Task[None]] = {}
        self._told_to_stop: set[int] = set()
        self._something = asyncio.Event()

    def arrived(self) -> None:
        """Something can be started."""
        self._something.set()

    def make_room(self, seqs: tuple[int, ...]) -> None:
        """Stop the runs of these entries: a later event of their key takes their place."""
        for seq in set(seqs) - self._told_to_stop:
            self._told_to_stop.add(seq)
            if seq in self._running:
                self._running[seq].cancel()

    async def run(self) -> None:
        """Run events until cancelled; what then is at work is left in the queue, and gone on with next time."""
        for entry in await self._queue.recover(self._config.attempts):
            await self._displaced(entry, entry.stop)
        looking = asyncio.create_task(self._look_after())
        try:
            while True:
                self._something.clear()
                free = self._config.concurrency - len(self._running)
                for entry in await self._queue.claim(free) if free else []:
                    self._running[entry.seq] = asyncio.create_task(self._work(entry))
                await self._until_something()
                # Those that another process's event stops.
                self.make_room(tuple(entry.seq for entry in await self._queue.entries("running") if entry.stop))
        finally:
            looking.cancel()
            await asyncio.shield(self._wind_up())

    async def _until_something(self) -> None:
        """Wait for an arrival, the end of a run, the time when an event is due, or for another process's doing."""
        wait = LOOK_AT_QUEUE
        if len(self._running) < self._config.concurrency and (due := await self._queue.next_due()) is not None:
            left = due - self._now()
            # Due and not claimed: another of its key is at work, whose end wakes this up.
            wait = min(wait, left) if left > 0 else wait
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._something.wait()

    async def _work(self, entry: QueuedEvent) -> None:
        try:
            await self._attempt(entry)
        except asyncio.CancelledError:
            raise
        except Exception:  # the queue itself failed; its entry is still there, and is taken up at the next start
            _logger.exception("event %s/%s could not be settled", entry.source, entry.id)
        finally:
            self._running.pop(entry.seq, None)
            self._told_to_stop.discard(entry.seq)
            self._something.set()

    async def _attempt(self, entry: QueuedEvent) -> None:
        source = self._config.sources.get(entry.source)
        if source is None:
            await self._settle(entry, "dead", error=f"the configuration has no source '{entry.source}' any more")
            return
        if entry.seq in self._told_to_stop:  # before it began
            await self._displaced(entry, source.strategy)
            return
        try:
            outcome = await run_event(entry, source, self._saver)
        except asyncio.CancelledError:
            if entry.seq not in self._told_to_stop:
                raise
            await asyncio.shield(self._displaced(entry, source.strategy))
        except (InputError, ThreadError) as error:
            await self._settle(entry, "dead", error=str(error))
        except ThreadBusy as error:
            await self._again(entry, self._config.retry_delay, str(error), counted=False)
        except Exception as error:  # whatever it is, the event is not lost by it
            await self._failed(entry, None, f"{type(error).__name__}: {error}")
        else:
            if outcome.waiting:
                await self._settle(entry, "parked", outcome)
            elif outcome.stop_reason == "failed":
                await self._failed(entry, outcome, outcome.answer)
            else:
                await self._settle(entry, "done", outcome)

    async def _failed(self, entry: QueuedEvent, outcome: Outcome | None, why: str) -> None:
        if entry.attempts >= self._config.attempts:
            await self._settle(entry, "dead", outcome, why)
            return
        delay = min(self._config.retry_delay * 2 ** (entry.attempts - 1), LONGEST_DELAY)
        await self._again(entry, delay, why)

    async def _again(self, entry: QueuedEvent, delay: float, why: str, *, counted: bool = True) -> None:
        if not await self._queue.put_back(entry.seq, delay=delay, error=why, counted=counted):
            present = await self._queue.find(entry.source, entry.id)
            if present is not None and present.stop:
                await self._displaced(entry, present.stop)
            return
        self._settled(entry, "queued", None, f"tried again in {delay:g} s: {why}")

    async def _displaced(self, entry: QueuedEvent, strategy: str) -> None:
        """Settle an event that was stopped for a later one."""
        if strategy == "rollback":
            with suppress(ThreadNotFound):
                await delete(self._saver, entry.thread_id)
        await self._settle(entry, "rolled_back" if strategy == "rollback" else "interrupted")

    async def _settle(
        self, entry: QueuedEvent, status: EventStatus, outcome: Outcome | None = None, error: str = ""
    ) -> None:
        await self._queue.settle(entry.seq, status, error)
        self._settled(entry, status, outcome, error)

    async def _wind_up(self) -> None:
        """Stop what is at work and put it back, so that it is gone on with, and not counted as an attempt."""
        stopped = dict(self._running)
        for seq in stopped:  # first, since the process may be ended underway; what ends all the same is settled then
            await self._queue.put_back(seq, counted=False)
        for task in stopped.values():
            task.cancel()
        if stopped:
            await asyncio.wait(stopped.values(), timeout=GRACE)

    async def _look_after(self) -> None:
        """What is done now and then, as long as this runs: what fails is told, and tried again."""
        told: dict[str, str] = {}
        while True:
            for task, work in (("look at parked events", self._look_at_parked), ("forget old events", self._prune)):
                problem = ""
                try:
                    await work()
                except Exception as error:  # whatever it is, it may be over the next time
                    problem = f"{type(error).__name__}: {error}"
                if problem and problem != told.get(task):  # not every few seconds
                    _logger.warning("can't %s, and will try again: %s", task, problem)
                told[task] = problem
            await asyncio.sleep(LOOK_AT_PARKED)

    async def _look_at_parked(self) -> None:
        await settle_parked(self._queue, self._saver)

    async def _prune(self) -> None:
        now = self._now()
        if now - self._pruned >= PRUNE_EVERY:
            await self._queue.prune(now - self._config.keep_days * 86_400)
            self._pruned = now


async def settle_parked(queue: EventQueue, saver: Any) -> None:
    """Note which parked events a person has answered meanwhile, whose runs have then ended.

    Raises what a thread can't be read by, after a look at all the others.
    """
    unread: Exception | None = None
    for entry in await queue.entries("parked"):
        try:
            status = (await show(saver, entry.thread_id)).summary.status
        except ThreadNotFound:
            await queue.settle(entry.seq, "dead", "its thread was deleted before it was answered")
            continue
        except Exception as error:
            unread = error
            continue
        if status == "done":
            await queue.settle(entry.seq, "done")
    if unread is not None:
        raise unread
