"""From the queue to the end of a run: parked, stopped, tried again, given up, replayed; and the order of a key."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from graph.events.config import EventsConfig
from graph.events.runner import Runner
from graph.run import aresume
from memory.database import PersistenceError
from memory.persistence import open_checkpointer
from memory.queue import EventQueue
from memory.threads import ThreadNotFound, show
from tests.events.harness import Watched, eventually, queue, service, write_config

CONFIG = """
    port = 0
    attempts = 2
    retry_delay = 0.0

    [sources.bell]
    type = "webhook"
    secret_env = "BELL_SECRET"
    goal = "Do it."
    key = "{{{{event.data.key}}}}"
    {more}

    [[sources.bell.tasks]]
    id = "t1"
    tool = "{tool}"
    args = {{ text = "{text}" }}
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELL_SECRET", "secret")


def config(place: Path, tool: str = "note", text: str = "it", more: str = "") -> EventsConfig:
    return write_config(place, CONFIG.format(tool=tool, text=text, more=more))


async def ring(running: Watched, event_id: str, key: str = "k", **data: Any) -> str:
    intake = running.serving.intake
    source = intake._config.sources["bell"]
    receipt = await intake.take(source, event_id, {"key": key, **data}, at=time.time())
    return receipt.thread_id


def ledger(place: Path) -> list[str]:
    return (place / "ledger.txt").read_text().splitlines()


async def test_what_an_event_says_is_never_written_without_a_person(place: Path) -> None:
    async with service(config(place, text="{{event.data.word}}")) as running:
        thread = await ring(running, "1", word="evil")
        assert await running.until(lambda settled: bool(settled)) == [("1", "parked")]
        assert ledger(place) == []
        ((_, _, outcome),) = running.settled
        (question,) = outcome.waiting
        assert question.request["provenance"]["text"]["trusted"] is False
        assert "event (bell)" in question.request["provenance"]["text"]["sources"]
    outcome = await aresume(thread, {"decisions": [{"type": "approve"}]})
    assert outcome.finished
    assert ledger(place) == ["begun evil", "done evil"]
    async with service(config(place)) as running:
        async with asyncio.timeout(60):
            while await running.queue.entries("parked"):
                await asyncio.sleep(0.01)
        assert [entry.status for entry in await running.queue.entries()] == ["done"]


async def test_references_in_what_an_event_says_are_text(place: Path) -> None:
    async with service(config(place, tool="weather", text="{{event.data.word}}")) as running:
        await ring(running, "1", word="{{event.source}} {{t9}}")
        await running.until(lambda settled: bool(settled))
    assert ledger(place) == ["read {{event.source}} {{t9}}"]


async def test_a_parked_run_does_not_hold_up_its_key(place: Path) -> None:
    async with service(config(place, text="{{event.data.word}}")) as running:
        await ring(running, "1", word="one")
        await ring(running, "2", word="two")
        assert await running.until(lambda settled: len(settled) == 2) == [("1", "parked"), ("2", "parked")]


async def test_events_of_a_key_wait_for_each_other(place: Path) -> None:
    (place / "hold").touch()
    async with service(config(place)) as running:
        await ring(running, "1")
        await eventually(lambda: ledger(place) == ["begun it"])
        await ring(running, "2")
        await ring(running, "3", key="other")
        await eventually(lambda: ledger(place) == ["begun it"] * 2)
        (place / "hold").unlink()
        settled = await running.until(lambda settled: len(settled) == 3)
        assert settled.index(("1", "done")) < settled.index(("2", "done"))
    assert sorted(ledger(place)) == ["begun it"] * 3 + ["done it"] * 3


@pytest.mark.parametrize(("strategy", "ended"), [("interrupt", "interrupted"), ("rollback", "rolled_back")])
async def test_a_later_event_takes_the_place_of_what_is_at_work(place: Path, strategy: str, ended: str) -> None:
    (place / "hold").touch()
    async with service(config(place, more=f'strategy = "{strategy}"')) as running:
        first = await ring(running, "1")
        await eventually(lambda: ledger(place) == ["begun it"])
        await ring(running, "2")
        assert (await running.until(lambda settled: bool(settled)))[0] == ("1", ended)
        (place / "hold").unlink()
        assert (await running.until(lambda settled: len(settled) == 2))[1] == ("2", "done")
    assert ledger(place) == ["begun it", "begun it", "done it"]
    async with open_checkpointer() as saver:
        if strategy == "rollback":
            with pytest.raises(ThreadNotFound):
                await show(saver, first)
        else:
            assert (await show(saver, first)).summary.status in ("unfinished", "failed")


async def test_an_event_that_another_process_hands_in_stops_what_is_at_work_too(place: Path) -> None:
    (place / "hold").touch()
    async with service(config(place, more='strategy = "interrupt"')) as running:
        await ring(running, "1")
        await eventually(lambda: ledger(place) == ["begun it"])
        event = {"id": "2", "source": "bell", "key": "k", "time": 0.0, "data": {"key": "k"}}
        async with queue() as another:
            await another.put(event, thread_id="bell-2", capacity=10, strategy="interrupt")
        assert await running.until(lambda settled: bool(settled)) == [("1", "interrupted")]
        (place / "hold").unlink()
        await running.until(lambda settled: ("2", "done") in settled)


async def test_what_fails_is_tried_again_then_given_up_then_replayed(place: Path) -> None:
    (place / "broken").touch()
    async with service(config(place, tool="weather")) as running:
        thread = await ring(running, "1")
        settled = await running.until(lambda settled: ("1", "dead") in settled)
        assert settled == [("1", "queued"), ("1", "dead")]
        (dead,) = await running.queue.entries("dead")
        assert "the station is down" in dead.error
        (place / "broken").unlink()
        async with queue() as another:  # as another process does
            await another.replay(["bell/1"])
        assert (await running.until(lambda settled: len(settled) == 3))[2] == ("1", "done")
        assert running.settled[-1][2].thread_id == thread


async def test_a_stop_waits_for_no_run_and_leaves_the_rest_for_next_time(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.events.runner.GRACE", 60.0)  # what is cancelled ends long before that
    (place / "hold").touch()
    async with service(config(place, tool="weather")) as running:
        pass
    async with service(config(place)) as running:
        await ring(running, "1")
        await eventually(lambda: ledger(place) == ["begun it"])
        await ring(running, "2")
    # It ended though its run is held up.
    (place / "hold").unlink()
    async with service(config(place)) as running:
        entries = {entry.id: entry for entry in await running.queue.entries()}
        assert entries["2"].attempts <= 1
        settled = await running.until(lambda settled: len(settled) == 2)
    # The effect of the first was underway: whether it happened nobody knows, so it asks instead of doing it again.
    assert settled == [("1", "parked"), ("2", "done")]
    assert ledger(place).count("done it") == 1


async def test_an_event_of_a_source_that_is_gone_is_kept_as_dead(place: Path) -> None:
    (place / "hold").touch()
    async with service(config(place)) as running:
        await ring(running, "1")
    renamed = write_config(place, CONFIG.replace("bell", "gong").format(tool="note", text="it", more=""))
    async with service(renamed) as running:
        await running.until(lambda settled: settled == [("1", "dead")])
        (dead,) = await running.queue.entries("dead")
        assert "no source 'bell' any more" in dead.error


async def _statuses(queue: EventQueue) -> dict[str, str]:
    return {entry.id: entry.status for entry in await queue.entries()}


async def test_a_look_that_fails_ends_no_watch_on_parked_events(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("graph.events.runner.LOOK_AT_PARKED", 0.01)
    unreadable = set()

    async def shown(saver: Any, thread_id: str) -> Any:
        if thread_id in unreadable:
            raise PersistenceError("the database is locked")
        return await show(saver, thread_id)

    monkeypatch.setattr("graph.events.runner.show", shown)
    async with service(config(place, text="{{event.data.word}}")) as running:
        threads = [await ring(running, name, word=name) for name in ("1", "2")]
        await running.until(lambda settled: len(settled) == 2)
        unreadable.add(threads[1])  # the one that is looked at first
        for thread in threads:
            await aresume(thread, {"decisions": [{"type": "approve"}]})
        async with asyncio.timeout(60):
            while await _statuses(running.queue) != {"1": "done", "2": "parked"}:
                await asyncio.sleep(0.01)
            unreadable.clear()
            while await _statuses(running.queue) != {"1": "done", "2": "done"}:
                await asyncio.sleep(0.01)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["can't look at parked events, and will try again: PersistenceError: the database is locked"]


async def test_what_ended_long_ago_is_forgotten_while_it_runs(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.events.runner.LOOK_AT_PARKED", 0.01)
    day, now = 86_400.0, 1e9
    days_kept = []

    class Kept(EventQueue):
        async def prune(self, before: float) -> int:
            days_kept.append((now - before) / day)
            return await super().prune(before)

    kept = Kept(tmp_path / "events.sqlite", now=lambda: now)
    await kept.put({"id": "1", "source": "bell", "key": "", "data": {}}, thread_id="1", capacity=9)
    (entry,) = await kept.claim(1)
    await kept.settle(entry.seq, "done")
    work = asyncio.create_task(Runner(config(place), kept, None, now=lambda: now).run())
    async with asyncio.timeout(60):
        while not days_kept:
            await asyncio.sleep(0.01)
        assert await _statuses(kept) == {"1": "done"}
        now += 31 * day
        while await _statuses(kept):
            await asyncio.sleep(0.01)
    assert days_kept == [30, 30]
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    await kept.aclose()
