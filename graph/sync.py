"""Async work for callers that have no event loop, or are inside one and can't await."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from typing import Any, TypeVar

T = TypeVar("T")


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end and return its result.

    Inside a running loop (a notebook's cell, say) it gets a thread and a loop of its own.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


def stream_sync(parts: AsyncIterator[T]) -> Iterator[T]:
    """The items of `parts` as they come, made on a loop and in a thread of its own. Raises what `parts` raises.

    Left early, as by `break`, the work behind it is cancelled and has ended when this returns.
    """
    came: queue.SimpleQueue[tuple[T] | BaseException | None] = queue.SimpleQueue()

    async def pass_on() -> None:
        async with aclosing(parts):  # type: ignore[type-var]
            async for part in parts:
                came.put((part,))

    async def work() -> None:
        running.append((asyncio.get_running_loop(), asyncio.create_task(pass_on())))
        try:
            await running[0][1]
        except BaseException as error:
            came.put(error)
        else:
            came.put(None)

    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []
    context = contextvars.copy_context()
    worker = threading.Thread(target=context.run, args=(asyncio.run, work()), daemon=True, name="stream")
    worker.start()
    ended = False
    try:
        while not ended:
            match came.get():
                case (part,):
                    yield part
                case error:
                    ended = True
                    if error is not None:
                        raise error
    finally:
        if not ended and running:
            loop, task = running[0]
            with suppress(RuntimeError):  # it has ended by itself meanwhile
                loop.call_soon_threadsafe(task.cancel)
        worker.join()
