"""Files that really change: what is an event, with which lines, and that nothing is missed or told twice."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from graph.events.config import ConfigError, EventsConfig
from graph.events.files import FilesWatch
from graph.events.intake import Intake
from memory.queue import EventQueue
from tests.events.harness import service, write_config

CONFIG = """
    [sources.logs]
    type = "files"
    paths = ["logs"]
    pattern = "*.log"
    goal = "Look."
    {more}

    [[sources.logs.tasks]]
    id = "note"
    tool = "note"
    args = {{ text = "seen" }}
"""
MATCH = "match = 'ERROR'"


@pytest.fixture
def logs(place: Path) -> Path:
    (place / "logs").mkdir()
    (place / "logs/old.log").write_text("ERROR before anything was watched\n")
    return place / "logs"


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[EventQueue]:
    opened = EventQueue(tmp_path / "q.sqlite")
    yield opened
    await opened.aclose()


class Watch:
    """One life of a watch over a queue that outlives it."""

    def __init__(self, config: EventsConfig, queue: EventQueue) -> None:
        self.queue = queue
        self.arrived = asyncio.Event()
        intake = Intake(config, queue, arrived=self.arrived.set, stop=lambda _: None)
        self.files = FilesWatch(config.sources["logs"], intake)  # type: ignore[arg-type]

    async def events(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(60):
            while len(found := await self.queue.entries()) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return [entry.event["data"] for entry in reversed(found)]


@asynccontextmanager
async def watching(place: Path, queue: EventQueue, more: str = "") -> AsyncIterator[Watch]:
    watch = Watch(write_config(place, CONFIG.format(more=more)), queue)
    ready = asyncio.Event()
    task = asyncio.create_task(watch.files.run(ready.set))
    await asyncio.wait_for(ready.wait(), 30)
    yield watch
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_added_and_changed_files_are_events(place: Path, logs: Path, queue: EventQueue) -> None:
    async with watching(place, queue) as watch:
        (logs / "new.log").write_text("one\n")
        (logs / "other.txt").write_text("not a log\n")
        assert await watch.events(1) == [{"path": "logs/new.log", "name": "new.log", "change": "added"}]
        with (logs / "old.log").open("a") as file:
            file.write("two\n")
        assert (await watch.events(2))[1] == {"path": "logs/old.log", "name": "old.log", "change": "modified"}


async def test_a_removed_file_is_an_event_if_that_is_wanted(place: Path, logs: Path, queue: EventQueue) -> None:
    async with watching(place, queue, 'changes = ["deleted"]') as watch:
        (logs / "new.log").write_text("one\n")
        (logs / "old.log").unlink()
        assert [data["change"] for data in await watch.events(1)] == ["deleted"]


async def test_lines_that_match_come_with_their_numbers(place: Path, logs: Path, queue: EventQueue) -> None:
    async with watching(place, queue, MATCH) as watch:
        with (logs / "old.log").open("a") as file:
            file.write("INFO fine\nERROR the disk is full\nERROR half a li")
        (data,) = await watch.events(1)
        assert data["lines"] == [{"number": 3, "text": "ERROR the disk is full"}]
        assert data["text"] == "3: ERROR the disk is full"
        with (logs / "old.log").open("a") as file:
            file.write("ne\n")
        assert (await watch.events(2))[1]["lines"] == [{"number": 4, "text": "ERROR half a line"}]


async def test_what_was_written_while_nothing_watched_is_seen_once(place: Path, logs: Path, queue: EventQueue) -> None:
    async with watching(place, queue, MATCH):
        pass
    with (logs / "old.log").open("a") as file:
        file.write("ERROR at night\n")
    for _ in range(2):
        async with watching(place, queue, MATCH) as watch:
            assert [data["text"] for data in await watch.events(1)] == ["2: ERROR at night"]
    assert len(await queue.entries()) == 1


async def test_stopped_between_two_changes_each_is_seen_once(
    place: Path, logs: Path, queue: EventQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(place, queue):
        pass
    for name in ("a.log", "b.log", "c.log"):
        (logs / name).write_text("new\n")
    watch = Watch(write_config(place, CONFIG.format(more="")), queue)
    put = EventQueue.put

    async def stopped(queue: EventQueue, event: dict[str, Any], **options: Any) -> Any:
        if event["data"]["name"] == "b.log":
            raise asyncio.CancelledError
        return await put(queue, event, **options)

    with monkeypatch.context() as patched:
        patched.setattr(EventQueue, "put", stopped)
        with pytest.raises(asyncio.CancelledError):
            await watch.files.look()
    assert [data["name"] for data in await watch.events(1)] == ["a.log"]
    while await watch.files.look():
        pass
    assert [data["name"] for data in await watch.events(3)] == ["a.log", "b.log", "c.log"]


async def test_with_an_event_only_what_is_known_of_its_file_is_noted_down(
    place: Path, logs: Path, tmp_path: Path
) -> None:
    noted = []

    class Noting(EventQueue):
        async def put(self, event: dict[str, Any], **options: Any) -> Any:
            noted.append(options["mark"])
            return await super().put(event, **options)

    for number in range(100):
        (logs / f"{number}.log").write_text("old\n")
    queue = Noting(tmp_path / "noting.sqlite")
    watch = Watch(write_config(place, CONFIG.format(more='changes = ["modified", "deleted"]')), queue)
    await watch.files.look()
    (logs / "7.log").write_text("changed\n")
    (logs / "8.log").unlink()
    await watch.files.look()
    (changed, deleted) = noted
    assert "7.log" in changed[0]
    assert len(changed[1]) < 100
    assert ("8.log" in deleted[0], deleted[1]) == (True, None)
    assert not await watch.files.look()
    await queue.aclose()


async def test_what_earlier_versions_noted_down_is_taken_over(place: Path, logs: Path, queue: EventQueue) -> None:
    status = (logs / "old.log").stat()
    seen = [status.st_mtime_ns, status.st_size, status.st_ino, status.st_size, 1]
    await queue.set_mark("files:logs", json.dumps({str(logs / "old.log"): seen}))
    with (logs / "old.log").open("a") as file:
        file.write("ERROR since then\n")
    for _ in range(2):
        async with watching(place, queue, MATCH) as watch:
            assert [data["text"] for data in await watch.events(1)] == ["2: ERROR since then"]
    assert len(await queue.entries()) == 1


async def test_a_name_that_is_no_unicode_is_seen_once_too(place: Path, logs: Path, queue: EventQueue) -> None:
    watch = Watch(write_config(place, CONFIG.format(more="")), queue)
    await watch.files.look()
    Path(os.fsdecode(os.fsencode(logs) + b"/caf\xe9.log")).write_text("one\n")
    assert await watch.files.look()
    assert not await watch.files.look()
    assert [data["change"] for data in await watch.events(1)] == ["added"]


async def test_a_name_that_is_no_unicode_ends_no_watching(
    place: Path, logs: Path, queue: EventQueue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("graph.events.files.AGAIN_PAUSE", 0.01)
    async with watching(place, queue) as watch:
        Path(os.fsdecode(os.fsencode(logs) + b"/caf\xe9.log")).write_text("one\n")
        await watch.events(1)
        (logs / "new.log").write_text("one\n")
        assert (await watch.events(2))[1]["name"] == "new.log"
    assert [record.getMessage() for record in caplog.records if record.name == "graph.events.files"] == [
        f'files logs: watching ended, and is begun again: Unable to decode path "{logs}/caf\\xE9.log" to string'
    ]


async def test_a_log_that_is_rotated_is_read_from_its_beginning(place: Path, logs: Path, queue: EventQueue) -> None:
    async with watching(place, queue, MATCH) as watch:
        (logs / "old.log").rename(logs / "old.log.1")
        (logs / "old.log").write_text("INFO a longer line than all there was before\nERROR after the rotation\n")
        assert [data["text"] for data in await watch.events(1)] == ["2: ERROR after the rotation"]


async def test_much_that_is_added_at_once_comes_in_pieces_and_whole(
    place: Path, logs: Path, queue: EventQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.events.files.LONGEST_READ", 1_000)
    async with watching(place, queue, MATCH) as watch:
        with (logs / "old.log").open("a") as file:
            file.writelines(f"ERROR {number}\n" for number in range(300))
        async with asyncio.timeout(60):
            lines: list[Any] = []
            while len(lines) < 300:
                lines = [line for data in await watch.events(1) for line in data["lines"]]
    assert [line["text"] for line in lines] == [f"ERROR {number}" for number in range(300)]
    assert [line["number"] for line in lines] == list(range(2, 302))


async def test_a_changed_file_starts_a_run(place: Path, logs: Path) -> None:
    async with service(write_config(place, CONFIG.format(more=""))) as running:
        (logs / "new.log").write_text("one\n")
        assert [status for _, status in await running.until(lambda settled: bool(settled))] == ["done"]
    assert (place / "ledger.txt").read_text() == "begun seen\ndone seen\n"


async def test_a_folder_that_isn_t_there_is_said(place: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file or folder .*logs"):
        async with service(write_config(place, CONFIG.format(more=""))):
            pass
