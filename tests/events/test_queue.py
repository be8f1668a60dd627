"""The queue: each event once, bounded, in order per key, with the strategies and bursts."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from memory.database import PersistenceError
from memory.encryption import JsonCodec, cipher
from memory.queue import LONGEST_BURST, EventQueue
from memory.queue_file import working_on
from memory.queued import QueueFull, Receipt


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def queue(tmp_path: Path, clock: Clock) -> AsyncIterator[EventQueue]:
    opened = EventQueue(tmp_path / "events.sqlite", now=clock)
    yield opened
    await opened.aclose()


async def put(queue: EventQueue, event_id: str, key: str = "", **options: Any) -> Receipt:
    event = {"id": event_id, "source": "s", "key": key, "time": 0.0, "data": {}}
    return await queue.put(event, thread_id=f"t-{event_id}", **{"capacity": 100, **options})


async def claimed(queue: EventQueue, most: int = 10) -> list[str]:
    return [entry.id for entry in await queue.claim(most)]


async def status(queue: EventQueue, event_id: str) -> str:
    found = await queue.find("s", event_id)
    assert found is not None
    return found.status


async def test_the_same_event_is_taken_in_once(queue: EventQueue) -> None:
    assert (await put(queue, "a")).status == "accepted"
    assert (await put(queue, "a")).status == "duplicate"
    (entry,) = await queue.claim(10)
    assert (await put(queue, "a")).status == "duplicate"
    await queue.settle(entry.seq, "done")
    assert (await put(queue, "a")).status == "duplicate"
    assert await claimed(queue) == []


async def test_the_file_is_its_owners_alone(queue: EventQueue) -> None:
    await put(queue, "a")
    files = list(queue.path.parent.glob("events.sqlite*"))
    assert files
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


async def test_with_a_key_nothing_an_event_says_can_be_read_in_the_file(tmp_path: Path) -> None:
    queue = EventQueue(tmp_path / "sealed.sqlite", JsonCodec(cipher(b"0" * 32)))
    await put(queue, "a", "customer-4711")
    (entry,) = await queue.claim(1)
    await queue.put_back(entry.seq, error="customer-4711 can't be reached")
    assert (await queue.claim(1))[0].event["key"] == "customer-4711"
    await queue.aclose()
    assert b"4711" not in b"".join(file.read_bytes() for file in tmp_path.glob("sealed.sqlite*"))


async def test_a_full_queue_refuses_and_knows_what_it_has(queue: EventQueue) -> None:
    await put(queue, "a", capacity=2)
    await put(queue, "b", capacity=2)
    with pytest.raises(QueueFull, match="more than 2 may not"):
        await put(queue, "c", capacity=2)
    assert (await put(queue, "a", capacity=2)).status == "duplicate"
    await queue.claim(1)
    assert (await put(queue, "c", capacity=2)).status == "accepted"


async def test_a_mark_is_written_with_its_event_or_not_at_all(queue: EventQueue) -> None:
    await put(queue, "a", capacity=1, mark=("files", "1"))
    with pytest.raises(QueueFull):
        await put(queue, "b", capacity=1, mark=("files", "2"))
    assert await queue.mark("files") == "1"


async def test_events_of_a_key_run_one_after_another_and_others_beside(queue: EventQueue) -> None:
    for event_id, key in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("c", ""), ("d", "")):
        await put(queue, event_id, key)
    first = await queue.claim(10)
    assert [entry.id for entry in first] == ["a1", "b1", "c", "d"]
    assert await claimed(queue) == []
    await queue.settle(first[0].seq, "parked")
    assert await claimed(queue) == ["a2"]


async def test_a_retry_keeps_its_place_before_later_events_of_its_key(queue: EventQueue, clock: Clock) -> None:
    await put(queue, "a1", "a")
    await put(queue, "a2", "a")
    (entry,) = await queue.claim(1)
    await queue.put_back(entry.seq, delay=60, error="down")
    assert await claimed(queue) == []
    assert await queue.next_due() == clock.now
    clock.now += 60
    assert await claimed(queue) == ["a1"]


async def test_reject_turns_away_while_the_key_is_busy_and_forgets_it(queue: EventQueue) -> None:
    await put(queue, "a1", "a", strategy="reject")
    assert (await put(queue, "a2", "a", strategy="reject")).status == "rejected"
    assert (await put(queue, "b1", "b", strategy="reject")).status == "accepted"
    for entry in await queue.claim(10):
        await queue.settle(entry.seq, "done")
    assert (await put(queue, "a2", "a", strategy="reject")).status == "accepted"


@pytest.mark.parametrize(("strategy", "ended"), [("interrupt", "interrupted"), ("rollback", "rolled_back")])
async def test_a_later_event_stops_what_is_at_work_and_what_waits(queue: EventQueue, strategy: Any, ended: str) -> None:
    await put(queue, "a1", "a", strategy="enqueue")
    (running,) = await queue.claim(1)
    await put(queue, "a2", "a", strategy="enqueue")
    receipt = await put(queue, "a3", "a", strategy=strategy)
    assert receipt.stopping == (running.seq,)
    assert await status(queue, "a2") == ended
    assert await claimed(queue) == []  # a1 has not stopped yet
    assert not await queue.put_back(running.seq)  # nor may it be tried again
    await queue.settle(running.seq, "interrupted")
    assert await claimed(queue) == ["a3"]


async def test_a_burst_starts_once_when_it_has_calmed_down(queue: EventQueue, clock: Clock) -> None:
    for number in range(3):
        await put(queue, f"a{number}", "a", debounce=5.0)
        assert await claimed(queue) == []
        clock.now += 4
    clock.now += 0.9
    assert await claimed(queue) == []
    clock.now += 0.1
    assert await claimed(queue) == ["a2"]
    assert [await status(queue, f"a{number}") for number in range(2)] == ["superseded"] * 2
    assert (await put(queue, "a0", "a", debounce=5.0)).status == "duplicate"


async def test_a_burst_that_never_calms_down_starts_all_the_same(queue: EventQueue, clock: Clock) -> None:
    began = clock.now
    for number in range(1000):
        await put(queue, str(number), debounce=5.0)
        if found := await claimed(queue):
            break
        clock.now += 4
    assert found
    assert clock.now - began <= LONGEST_BURST * 5.0 + 4


async def test_after_a_crash_what_was_running_is_run_again_but_not_for_ever(queue: EventQueue) -> None:
    await put(queue, "a")
    for _ in range(2):
        assert await claimed(queue) == ["a"]
        await queue.recover(attempts=3)
    assert await claimed(queue) == ["a"]
    await queue.recover(attempts=3)
    (dead,) = await queue.entries("dead")
    assert "the process ended during its run, 3 times" in dead.error


async def test_a_stop_is_not_counted_as_an_attempt(queue: EventQueue) -> None:
    await put(queue, "a")
    for _ in range(5):
        (entry,) = await queue.claim(1)
        assert entry.attempts == 1
        assert await queue.put_back(entry.seq, counted=False)


async def test_dead_events_are_replayed_by_name_or_all(queue: EventQueue) -> None:
    for event_id in "abc":
        await put(queue, event_id)
    for entry in await queue.claim(3):
        await queue.settle(entry.seq, "dead", "why")
    assert [entry.id for entry in await queue.replay(["s/b", "nothing"])] == ["b"]
    (entry,) = await queue.claim(3)
    assert (entry.id, entry.attempts) == ("b", 1)
    assert [entry.id for entry in await queue.replay()] == ["a", "c"]


async def test_what_ended_is_forgotten_after_a_while_but_never_what_waits_or_is_dead(
    queue: EventQueue, clock: Clock
) -> None:
    for event_id in "abcd":
        await put(queue, event_id)
    seqs = {entry.id: entry.seq for entry in await queue.claim(3)}
    await queue.settle(seqs["a"], "done")
    await queue.settle(seqs["b"], "dead")
    await queue.settle(seqs["c"], "parked")
    clock.now += 100
    assert await queue.prune(clock.now - 50) == 1
    assert {entry.id for entry in await queue.entries()} == {"b", "c", "d"}


def test_one_process_works_on_a_queue(tmp_path: Path) -> None:
    with (
        working_on(tmp_path / "q.sqlite"),
        pytest.raises(PersistenceError, match="another `orchestrate events run`"),
        working_on(tmp_path / "q.sqlite"),
    ):
        pass
