"""Threads for blocking work: one each, used again, never waited for."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

from tools.worker_threads import in_daemon_thread


async def test_a_thread_is_used_again() -> None:
    first = await in_daemon_thread(threading.get_ident)
    assert await in_daemon_thread(threading.get_ident) == first


async def test_no_work_waits_for_another() -> None:
    together = threading.Barrier(40, timeout=120)
    await asyncio.gather(*(in_daemon_thread(together.wait) for _ in range(40)))


async def test_work_that_nobody_waits_for_holds_up_nothing() -> None:
    release, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(300)

    hanging = asyncio.ensure_future(in_daemon_thread(hang))
    await asyncio.to_thread(begun.wait, 120)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await in_daemon_thread(lambda: "done") == "done"
    release.set()


async def test_what_is_raised_reaches_who_waits_and_leaves_the_thread_usable() -> None:
    def fail() -> None:
        raise ValueError("no")

    def stop() -> None:
        raise StopIteration(3)

    with pytest.raises(ValueError, match="no"):
        await in_daemon_thread(fail)
    with pytest.raises(RuntimeError, match=r"StopIteration\(3\)"):
        await in_daemon_thread(stop)
    assert await in_daemon_thread(lambda: 1) == 1


async def test_the_context_is_the_callers() -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="none")
    name.set("one")
    assert await in_daemon_thread(name.get) == "one"
    name.set("two")
    assert await in_daemon_thread(name.get) == "two"


def _in_child() -> int:
    return asyncio.run(in_daemon_thread(lambda: 7))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
def test_a_forked_process_has_threads_of_its_own() -> None:
    assert _in_child() == 7
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as child:
        assert child.submit(_in_child).result(timeout=120) == 7
