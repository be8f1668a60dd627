"""A service of events in the test's own process, and what a test needs to watch it."""

from __future__ import annotations

import asyncio
import textwrap
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.events.config import EventsConfig, load_config
from graph.events.service import Serving, serve
from memory.queue import EventQueue, open_queue

TOOLS = '''
"""Tools whose effects a test can count, hold up, and let fail."""

import asyncio
import os
import pathlib

from tools.registry import ToolFailure, tool

here = pathlib.Path(__file__).parent


def ledger(line):
    with (here / "ledger.txt").open("a") as file:
        file.write(line + "\\n")


@tool(risk="write", idempotent=False, trusted=True)
async def note(text: str) -> str:
    """Write a line into the ledger, once `hold` is gone."""
    ledger("begun " + text)
    while (here / "hold").exists():
        await asyncio.sleep(0.01)
    ledger("done " + text)
    return text


@tool(risk="read", trusted=True)
async def weather(text: str = "") -> str:
    """Fails as long as the file `broken` is there."""
    if (here / "broken").exists():
        raise ToolFailure("the station is down")
    ledger("read " + text)
    return "It is sunny."


@tool(risk="write", idempotent=False, trusted=True)
async def die_once(text: str) -> str:
    """Kills the process before anything is done, the first time."""
    if not (here / "died").exists():
        (here / "died").touch()
        os.kill(os.getpid(), 9)
    ledger("done " + text)
    return text
'''


@dataclass
class Watched:
    """A running service: where it is, its queue, and what has become of the events so far."""

    serving: Serving
    settled: list[tuple[str, str, Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        assert self.serving.url is not None
        return self.serving.url

    @property
    def queue(self) -> EventQueue:
        return self.serving.intake.queue

    def told(self, entry: Any, status: str, outcome: Any, error: str) -> None:
        self.settled.append((entry.id, status, outcome))
        self.changed.set()

    async def until(self, holds: Callable[[list[tuple[str, str]]], bool]) -> list[tuple[str, str]]:
        """Wait until it holds of the events settled so far, as (id, status)."""
        async with asyncio.timeout(60):
            while not holds(found := [(name, status) for name, status, _ in self.settled]):
                self.changed.clear()
                await self.changed.wait()
        return found


@asynccontextmanager
async def service(config: EventsConfig) -> AsyncIterator[Watched]:
    """`orchestrate events run` without the command."""
    begun: asyncio.Future[Watched] = asyncio.get_running_loop().create_future()

    def told(*what: Any) -> None:
        begun.result().told(*what)

    work = asyncio.create_task(serve(config, ready=lambda serving: begun.set_result(Watched(serving)), settled=told))
    await asyncio.wait({work, begun}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if work.done():
            work.result()
        yield begun.result()
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


def write_config(folder: Path, text: str) -> EventsConfig:
    """A configuration from TOML text."""
    text = textwrap.dedent(text)
    tomllib.loads(text)
    path = folder / "events.toml"
    path.write_text(text)
    return load_config(path)


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what happens outside of this process's event loop."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def queue() -> AsyncIterator[EventQueue]:
    """The queue that the service works on, opened beside it."""
    opened = open_queue()
    try:
        yield opened
    finally:
        await opened.aclose()
