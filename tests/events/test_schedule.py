"""Schedules: the times that cron means in a time zone, across changes of clocks, and what was missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from graph.events.config import EventsConfig, ScheduleSource
from graph.events.intake import Intake
from graph.events.schedule import LONGEST_SLEEP, MOST_MISSED, tick, times
from memory.queue import EventQueue

BERLIN = ZoneInfo("Europe/Berlin")


def schedule(cron: str, zone: str = "Europe/Berlin", missed: str = "latest") -> ScheduleSource:
    return ScheduleSource.model_validate(
        {"type": "schedule", "name": "s", "goal": "Look.", "cron": cron, "timezone": zone, "missed": missed}
    )


def following(cron: str, after: datetime, count: int) -> list[str]:
    return [at.isoformat() for at in islice(times(schedule(cron), after), count)]


def test_a_time_that_the_clocks_skip_runs_right_after_the_gap() -> None:
    assert following("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=BERLIN), 2) == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_a_time_that_comes_twice_runs_once() -> None:
    assert following("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=BERLIN), 2) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_every_half_hour_is_every_half_hour_when_clocks_change() -> None:
    found = list(islice(times(schedule("*/30 * * * *"), datetime(2026, 10, 25, 0, tzinfo=BERLIN)), 12))
    assert {(b.timestamp() - a.timestamp()) for a, b in pairwise(found)} == {1800.0}


def test_weekdays_are_cron_s() -> None:
    assert following("0 7 * * 1", datetime(2026, 11, 20, tzinfo=BERLIN), 1) == ["2026-11-23T07:00:00+01:00"]
    assert following("0 7 * * mon-fri", datetime(2026, 11, 20, 8, tzinfo=BERLIN), 1) == ["2026-11-23T07:00:00+01:00"]


class Desk:
    """A schedule's intake with a clock that a test turns."""

    def __init__(self, queue: EventQueue, source: ScheduleSource, capacity: int = 1000) -> None:
        config = EventsConfig(sources={"s": source}, capacity=capacity)
        self.source, self.queue = source, queue
        self.intake = Intake(config, queue, arrived=lambda: None, stop=lambda _: None)

    async def at(self, moment: datetime) -> float:
        return await tick(self.source, self.intake, moment.timestamp())

    async def taken(self) -> list[str]:
        return [entry.id for entry in reversed(await self.queue.entries())]


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[EventQueue]:
    opened = EventQueue(tmp_path / "q.sqlite")
    yield opened
    await opened.aclose()


START = datetime(2026, 11, 23, 6, 59, 50, tzinfo=UTC)


async def test_each_time_is_one_event_however_often_it_is_looked(queue: EventQueue) -> None:
    desk = Desk(queue, schedule("0 7 * * *", "UTC"))
    assert await desk.at(START) == 10.0
    assert await desk.taken() == []
    assert await desk.at(START + timedelta(seconds=10)) == LONGEST_SLEEP
    await desk.at(START + timedelta(seconds=11))
    again = Desk(queue, schedule("0 7 * * *", "UTC"))
    await again.at(START + timedelta(seconds=12))
    assert await desk.taken() == ["2026-11-23T07:00:00+00:00"]


@pytest.mark.parametrize(
    ("missed", "taken"),
    [
        ("latest", ["2026-11-26T07:00:00+00:00"]),
        ("all", [f"2026-11-{day}T07:00:00+00:00" for day in (23, 24, 25, 26)]),
        ("skip", []),
    ],
)
async def test_what_was_missed_is_made_up_for_as_it_is_wanted(queue: EventQueue, missed: str, taken: list[str]) -> None:
    await Desk(queue, schedule("0 7 * * *", "UTC", missed)).at(START)
    desk = Desk(queue, schedule("0 7 * * *", "UTC", missed))
    await desk.at(datetime(2026, 11, 26, 12, tzinfo=UTC))
    assert await desk.taken() == taken
    await desk.at(datetime(2026, 11, 27, 7, 0, 5, tzinfo=UTC))
    assert await desk.taken() == [*taken, "2026-11-27T07:00:00+00:00"]


async def test_years_of_missed_minutes_are_made_up_for_in_bounds(queue: EventQueue) -> None:
    await Desk(queue, schedule("* * * * *", "UTC", "all")).at(START)
    desk = Desk(queue, schedule("* * * * *", "UTC", "all"))
    await desk.at(START + timedelta(days=1000))
    taken = await desk.taken()
    assert len(taken) == MOST_MISSED
    assert taken[-1] == "2029-08-19T06:59:00+00:00"


async def test_a_full_queue_puts_a_time_off_and_loses_none(queue: EventQueue) -> None:
    desk = Desk(queue, schedule("0 * * * *", "UTC"), capacity=1)
    await desk.at(START)
    await desk.at(datetime(2026, 11, 23, 7, 0, 1, tzinfo=UTC))
    await desk.at(datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC))
    assert await desk.taken() == ["2026-11-23T07:00:00+00:00"]
    await queue.settle((await queue.claim(1))[0].seq, "done")
    await desk.at(datetime(2026, 11, 23, 8, 0, 31, tzinfo=UTC))
    assert await desk.taken() == ["2026-11-23T07:00:00+00:00", "2026-11-23T08:00:00+00:00"]


async def test_a_clock_that_is_set_back_repeats_nothing(queue: EventQueue) -> None:
    desk = Desk(queue, schedule("0 7 * * *", "UTC"))
    await desk.at(START)
    await desk.at(datetime(2026, 11, 23, 7, 0, 1, tzinfo=UTC))
    await desk.at(START)
    await desk.at(datetime(2026, 11, 23, 7, 0, 2, tzinfo=UTC))
    assert len(await desk.taken()) == 1
