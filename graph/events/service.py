"""Everything at work together: the sources, the HTTP server, and the runner, over one queue."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from graph.events.config import ChatSource, ConfigError, EventsConfig, FilesSource, ScheduleSource, WebhookSource
from graph.events.files import FilesWatch
from graph.events.intake import Intake
from graph.events.runner import Runner
from graph.events.schedule import watch_schedule
from graph.outcome import Outcome
from memory.persistence import open_checkpointer
from memory.queue import open_queue
from memory.queue_file import working_on
from memory.queued import EventStatus, QueuedEvent

Watcher = Callable[[QueuedEvent, EventStatus, Outcome | None, str], None]


@dataclass(frozen=True)
class Serving:
    """A service that is at work. `url`: where webhooks and chats are, None if there are none."""

    url: str | None
    intake: Intake


async def serve(config: EventsConfig, *, ready: Callable[[Serving], None], settled: Watcher | None = None) -> None:
    """Take in events and run them until cancelled, which takes no longer than a second.

    `ready` is called once everything listens. Raises ConfigError, and PersistenceError if another process does this.
    """
    async with AsyncExitStack() as stack:
        queue = await asyncio.to_thread(open_queue)
        stack.push_async_callback(queue.aclose)
        stack.enter_context(working_on(queue.path))
        saver = await stack.enter_async_context(open_checkpointer())
        watchers: list[Watcher] = [settled] if settled else []

        def tell(*what: Any) -> None:
            for watcher in watchers:
                watcher(*what)

        runner = Runner(config, queue, saver, settled=tell)
        intake = Intake(config, queue, arrived=runner.arrived, stop=runner.make_room)
        work = await stack.enter_async_context(_group())
        url = None
        if any(isinstance(source, WebhookSource | ChatSource) for source in config.sources.values()):
            from graph.events.server import Reception

            reception = Reception(config, intake)
            watchers.append(reception.told)
            url = await stack.enter_async_context(_http(config, reception.app(), work))
        for source in config.sources.values():
            if isinstance(source, ScheduleSource):
                work.append(asyncio.create_task(watch_schedule(source, intake)))
            if isinstance(source, FilesSource):
                await _watching(source, intake, work)
        work.append(asyncio.create_task(runner.run()))
        ready(Serving(url, intake))
        done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for task in done:  # none ends by itself: one that has ended has failed
            task.result()


@asynccontextmanager
async def _group() -> AsyncIterator[list[asyncio.Task[None]]]:
    """Tasks that are cancelled together at the end."""
    tasks: list[asyncio.Task[None]] = []
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watching(source: FilesSource, intake: Intake, work: list[asyncio.Task[None]]) -> None:
    missing = [str(path) for path in source.paths if not await asyncio.to_thread(path.exists)]
    if missing:
        raise ConfigError(f"source '{source.name}': there is no file or folder {', '.join(missing)}")
    watched = asyncio.Event()
    watching = asyncio.create_task(FilesWatch(source, intake).run(watched.set))
    work.append(watching)
    begun = asyncio.create_task(watched.wait())
    await asyncio.wait({watching, begun}, return_when=asyncio.FIRST_COMPLETED)
    begun.cancel()


@asynccontextmanager
async def _http(config: EventsConfig, app: Any, work: list[asyncio.Task[None]]) -> AsyncIterator[str]:
    """The server, listening; its URL."""
    import uvicorn

    class Server(uvicorn.Server):
        def capture_signals(self) -> Any:
            return nullcontext()  # the signals are the command's to handle

    listening = socket.socket(socket.AF_INET6 if ":" in config.host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
    except OSError as error:
        listening.close()
        raise ConfigError(f"{config.host}:{config.port} can't be listened on: {error.strerror}") from None
    options = uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=0, ws_max_size=1_000_000
    )
    server = Server(options)
    serving = asyncio.create_task(server.serve([listening]))
    work.append(serving)
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  it has no event to wait for
            await asyncio.sleep(0.01)
        port = listening.getsockname()[1]
        host = f"[{config.host}]" if ":" in config.host else config.host
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait({serving}, timeout=0.5)
        listening.close()
