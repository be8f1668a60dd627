"""The lock of a thread: one holder among coroutines and processes, and none when its holder is dead."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from memory.lock import ThreadBusy, thread_lock
from memory.persistence import open_checkpointer

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "sqlite in memory", "in memory"])
async def saver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:
        if request.param.startswith("sqlite"):
            url = ":memory:" if "memory" in request.param else str(tmp_path / "c.sqlite")
            yield await stack.enter_async_context(open_checkpointer(url))
        else:
            yield InMemorySaver()


async def test_a_second_run_of_a_thread_is_turned_away(saver: Any) -> None:
    async with thread_lock(saver, "one"):
        with pytest.raises(ThreadBusy, match=f"thread 'one' is at work in this process .pid {os.getpid()}"):
            async with thread_lock(saver, "one"):
                pass
        async with thread_lock(saver, "two"):
            pass
    async with thread_lock(saver, "one"):
        pass


async def test_a_lock_is_let_go_by_an_error_and_by_cancelling(saver: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        async with thread_lock(saver, "one"):
            raise ZeroDivisionError

    async def hold() -> None:
        async with thread_lock(saver, "one"):
            await asyncio.Event().wait()

    for steps in range(6):
        holding = asyncio.ensure_future(hold())
        for _ in range(steps):
            await asyncio.sleep(0.002)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        async with thread_lock(saver, "one"):
            pass


async def test_who_waits_gets_it_when_it_is_let_go(saver: Any) -> None:
    order: list[str] = []

    async def second() -> None:
        async with thread_lock(saver, "one", wait=120):
            order.append("second")

    async with thread_lock(saver, "one"):
        waiting = asyncio.ensure_future(second())
        await asyncio.sleep(0.12)
        order.append("first")
    await waiting
    assert order == ["first", "second"]


async def test_one_saver_does_not_lock_another() -> None:
    async with thread_lock(InMemorySaver(), "one"), thread_lock(InMemorySaver(), "one"):
        pass
    one = InMemorySaver()
    async with thread_lock(one, "one"):
        with pytest.raises(ThreadBusy):
            async with thread_lock(one.with_allowlist([("a", "b")]), "one"):
                pass


@pytest.mark.parametrize(("saver", "thread"), [(None, "one"), (InMemorySaver(), "")])
async def test_where_nothing_is_kept_nothing_is_locked(saver: Any, thread: str) -> None:
    async with thread_lock(saver, thread), thread_lock(saver, thread):
        pass


_HOLD = """
import asyncio, sys
from memory.lock import thread_lock
from memory.persistence import open_checkpointer
async def main():
    async with open_checkpointer(sys.argv[1]) as saver, thread_lock(saver, "one"):
        print("held", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_another_process_is_turned_away_until_the_holder_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "c.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        async with open_checkpointer(str(file)) as saver:
            with pytest.raises(ThreadBusy, match=f"at work in process {holder.pid};"):
                async with thread_lock(saver, "one"):
                    pass
            with pytest.raises(ThreadBusy, match=f"at work in process {holder.pid};"):  # asked again, it is known still
                async with thread_lock(saver, "one", wait=0.1):
                    pass
            holder.kill()
            holder.wait()
            async with thread_lock(saver, "one"):
                files = list(Path(f"{file}.locks").iterdir())
                assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_nothing_here_blocks_the_event_loop(tmp_path: Path, chat: Any) -> None:
    blockbuster = pytest.importorskip("blockbuster")
    from memory.journal import Effect, journal_for
    from memory.persistence import open_store
    from memory.threads import delete, fork, history, list_threads, prune, show

    with blockbuster.blockbuster_ctx("memory"):
        async with open_checkpointer(str(tmp_path / "c.sqlite")) as saver, open_store(str(tmp_path / "c.sqlite")):
            journal = journal_for(saver)
            async with thread_lock(saver, "t"):
                await chat(saver).say("t", "hello")
                with pytest.raises(ThreadBusy):
                    async with thread_lock(saver, "t"):
                        pass
            await journal.intend(Effect("k", "t", "t1", "x", {}))
            await journal.settle("k", "done")
            await list_threads(saver)
            await show(saver, "t")
            await history(saver, "t")
            await fork(saver, "t")
            await prune(saver, keep_last=1)
            await delete(saver, "t")
            await journal.aclose()
