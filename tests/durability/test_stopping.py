"""Stopping a run: by cancelling it, by a drain, by Ctrl-C; the thread goes on where it was."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from benchmarks.engine import begin
from nodes.execution import drain
from state.plan import Plan
from state.task import Task
from tests.nodes.harness import Bench
from tools.registry import ToolSpec, tool


class Calls:
    """Tools that hang until they are let go, and count."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.at_work = threading.Event()
        self.free = threading.Event()

    def tools(self) -> list[ToolSpec]:
        def made(name: str) -> str:
            self.made.append(name)
            return name

        @tool(trusted=True)
        async def quick(name: str) -> str:
            """Come back at once."""
            return made(name)

        @tool(trusted=True)
        def hang(name: str) -> str:
            """Block a thread."""
            made(name)
            self.at_work.set()
            self.free.wait(300)
            return name

        @tool(risk="write", trusted=True)
        async def write(name: str) -> str:
            """An effect that takes a moment."""
            made(name)
            self.at_work.set()
            while not self.free.is_set():
                await asyncio.sleep(0.01)
            return name

        return [quick, hang, write]


PLAN = [
    Task(id="a", tool="quick", args={"name": "a"}),
    Task(id="b", tool="hang", args={"name": "b"}, after=["a"]),
    Task(id="c", tool="quick", args={"name": "c"}, after=["b"]),
]


async def at_work(calls: Calls) -> None:
    assert await asyncio.to_thread(calls.at_work.wait, 120)


async def test_a_cancelled_run_ends_at_once_and_goes_on_where_it_was() -> None:
    calls = Calls()
    bench = Bench(calls.tools())
    run = asyncio.create_task(bench.run(PLAN))
    await at_work(calls)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run  # though the tool still hangs
    calls.free.set()
    out = await bench.resume()
    assert {result.status for result in out["results"].values()} == {"done"}
    assert calls.made == ["a", "b", "b", "c"]


async def test_a_drain_gives_up_what_only_reads_and_goes_on_where_it_was() -> None:
    calls, control = Calls(), RunControl()
    bench = Bench(calls.tools())
    run = asyncio.create_task(bench.graph.ainvoke(begin(Plan(tasks=PLAN)), bench.config(), control=control))
    await at_work(calls)
    control.request_drain("the server is to be restarted")
    with pytest.raises(GraphDrained, match="restarted"):
        await run  # though the tool still hangs
    calls.free.set()
    out = await bench.resume()
    assert {result.status for result in out["results"].values()} == {"done"}
    assert calls.made == ["a", "b", "b", "c"]


async def test_a_drain_waits_for_an_effect_and_starts_nothing_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "GRACE", 0.0)
    calls, control = Calls(), RunControl()
    bench = Bench(calls.tools())
    plan = [
        Task(id="m", tool="write", args={"name": "{{item}}"}, each=["x", "y"], width=1),
        Task(id="z", tool="quick", args={"name": "z"}, after=["m"]),
    ]
    run = asyncio.create_task(bench.graph.ainvoke(begin(Plan(tasks=plan)), bench.config(), control=control))
    await at_work(calls)
    control.request_drain()
    await asyncio.sleep(0.2)
    assert not run.done()
    calls.free.set()
    with pytest.raises(GraphDrained):
        await run
    assert calls.made == ["x"]
    out = await bench.resume()
    assert (out["results"]["m"].value, calls.made) == (["x", "y"], ["x", "y", "z"])


PROGRAM = """
    import asyncio, signal, sys, time
    from benchmarks.engine import begin, execution_graph
    from memory.persistence import open_checkpointer
    from state.plan import Plan
    from tools.registry import tool

    @tool(trusted=True)
    def wait(seconds: float) -> str:
        '''Block a thread.'''
        print("at work", flush=True)
        time.sleep(0 if sys.argv[2:] else seconds)
        return "waited"

    async def main(given):
        async with open_checkpointer(sys.argv[1]) as saver:
            graph = execution_graph([wait], checkpointer=saver)
            out = await graph.ainvoke(given, {"configurable": {"thread_id": "t"}}, durability="sync")
            print([result.status for result in out["results"].values()], flush=True)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    tasks = [{"id": "a", "tool": "wait", "args": {"seconds": 0}},
             {"id": "b", "tool": "wait", "args": {"seconds": 600}, "after": ["a"]}]
    asyncio.run(main(None if sys.argv[2:] else begin(Plan(tasks=tasks))))
"""


def recorded(checkpoints: Path) -> int:
    """How many tasks' results are on the disk."""
    with contextlib.closing(sqlite3.connect(checkpoints)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM writes WHERE channel = '__return__'").fetchone()
    return int(count)


@pytest.mark.slow
def test_ctrl_c_ends_the_process_though_a_thread_is_blocked(tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints.sqlite"
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(checkpoints)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert process.stdout.readline() == "at work\n"
        while recorded(checkpoints) < 1:  # what has just ended is on its way to the disk
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=120)  # long before the thread would end
        finally:
            process.kill()
    assert process.returncode != 0
    done = subprocess.run([*command, "again"], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["at work", "['done', 'done']"], done.stderr
