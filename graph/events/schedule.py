"""Events at times, as cron says them, in a time zone of the user's."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from graph.events.config import ScheduleSource
from graph.events.intake import Intake
from memory.queued import QueueFull

LONGEST_SLEEP = 30.0
"""Seconds: a clock that was set, or a machine that slept, is noticed after at most this."""
MOST_MISSED = 100
"""Missed times that are made up for, if all are to be: the latest."""
_logger = logging.getLogger(__name__)


def times(source: ScheduleSource, after: datetime) -> Iterator[datetime]:
    """The times of a schedule after a moment, in its zone.

    On the days that clocks change a job of a fixed hour runs once, as with Debian's cron: right after a gap that
    swallows its time, and the first time of an hour that comes twice.
    """
    yield from CronSim(source.cron, after.astimezone(ZoneInfo(source.timezone)))


def due(source: ScheduleSource, last: datetime, now: datetime) -> list[datetime]:
    """The times after `last` up to `now` that are to be made up for; the last of several is the present one."""
    backwards = CronSim(source.cron, now.astimezone(ZoneInfo(source.timezone)) + timedelta(seconds=1), reverse=True)
    latest_first = itertools.takewhile(lambda at: at > last, (at for at in backwards if at <= now))
    most = MOST_MISSED if source.missed == "all" else 1
    found = list(itertools.islice(latest_first, most))[::-1]
    if source.missed == "skip":
        return [at for at in found if (now - at).total_seconds() <= 2 * LONGEST_SLEEP]
    return found


async def watch_schedule(source: ScheduleSource, intake: Intake, *, now: Callable[[], float] = time.time) -> None:
    """Hand in the times of a schedule as they come, until cancelled."""
    while True:
        pause = await tick(source, intake, now())
        await asyncio.sleep(pause)


async def tick(source: ScheduleSource, intake: Intake, now: float) -> float:
    """Hand in what is due at `now`, epoch seconds; returns the seconds until it is to be looked again.

    The first time ever, nothing has been missed.
    """
    name, moment = f"schedule:{source.name}", datetime.fromtimestamp(now, UTC)
    seen = await intake.queue.mark(name)
    if seen is None:
        await intake.queue.set_mark(name, moment.isoformat())
        last = moment
    else:
        last = datetime.fromisoformat(seen)
    for at in due(source, last, moment):
        data = {"time": at.isoformat(), "late": round(now - at.timestamp(), 3)}
        event_id = at.astimezone(UTC).isoformat()
        try:
            await intake.take(source, event_id, data, at=at.timestamp())
        except QueueFull as error:
            _logger.warning("schedule %s waits: %s", source.name, error)
            return LONGEST_SLEEP
        await intake.queue.set_mark(name, event_id)
    following = next(times(source, moment), None)
    return LONGEST_SLEEP if following is None else min(LONGEST_SLEEP, max(0.0, following.timestamp() - now))
