"""Blocking work in threads that nobody ever has to wait for."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
_Job = Callable[[], Callable[[], None]]
"""Work, and what is to be done with its outcome once the thread is free for other work."""
_Inbox = SimpleQueue[_Job]

_MOST_IDLE = 16
_idle: deque[_Inbox] = deque()
"""The inboxes of threads that wait for work, the one that waits longest first."""


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """`work()` in a thread that does nothing else meanwhile, in the current context.

    Cancelled, it is left behind, and the process can end without waiting for it: the threads of asyncio's own
    executor would hold up Ctrl-C until the last one has come back. Nor does it ever wait for a thread to be free.
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

    def run() -> Callable[[], None]:
        value: T | None = None
        error: BaseException | None = None
        try:
            value = context.run(work)
        except (StopIteration, GeneratorExit) as stop:  # they mean something else to what awaits a future
            error = RuntimeError(f"it raised {type(stop).__name__}({stop})")
        except BaseException as raised:
            error = raised

        def tell() -> None:
            with suppress(RuntimeError):  # the loop is closed, nobody waits any more
                loop.call_soon_threadsafe(deliver, value, error)

        return tell

    _hand_over(run)
    return await outcome


def _hand_over(job: _Job) -> None:
    """Give work to the thread that was free last, whose caches are the warmest; to a new one if none is."""
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = SimpleQueue()
        threading.Thread(target=_serve, args=(inbox,), name="tool", daemon=True).start()
    inbox.put(job)


def _serve(inbox: _Inbox) -> None:
    is_kept = True
    while is_kept:
        tell = inbox.get()()
        if is_kept := len(_idle) < _MOST_IDLE:
            _idle.append(inbox)
        tell()
        del tell  # what came of the work isn't kept while the thread waits


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # threads stay with the parent
