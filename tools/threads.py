"""Blocking work in threads that don't outlive their use."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """`work()` in a thread of its own, in the current context.

    Cancelled, it is left behind, and the process can end without waiting for it: the threads of asyncio's own
    executor would hold up Ctrl-C until the last one has come back.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def deliver(value: T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: T | None = None
        error: BaseException | None = None
        try:
            value = context.run(work)
        except StopIteration as stop:  # a future can't carry it
            error = RuntimeError(f"it raised StopIteration({stop})")
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed, nobody waits any more
            loop.call_soon_threadsafe(deliver, value, error)

    threading.Thread(target=run, name="tool", daemon=True).start()
    return await outcome
