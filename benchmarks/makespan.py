"""How long a plan takes against its critical path, what a task costs, and how many runs fit in a second.

`python -m benchmarks.makespan [--plans 40] [--largest 2000]`: everything with SQLite checkpoints under
durability="sync", but for the executors that keep nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from benchmarks.engine import begin, execution_graph
from benchmarks.executors import Executor, bare, ours, serial, supersteps, work_tool
from benchmarks.workflows import Shape, complex_func_bench, generated, nestful, shape_of, timed
from memory.persistence import open_checkpointer
from state.plan import Plan
from state.policy import Risk

P50_TARGET, P95_TARGET = 1.05, 1.15


def shapes(count: int, rng: random.Random) -> list[Shape]:
    """`count` recorded workflows, of both collections, and half as many generated graphs."""
    recorded = [shape_of("recorded", workflow, rng) for workflow in (*nestful(), *complex_func_bench())]
    chosen = rng.sample([shape for shape in recorded if len(shape.needs) > 1], count)
    kinds = ["wide", "deep", "diamond", "random"]
    made = [
        timed(kinds[number % 4], generated(kinds[number % 4], rng.randint(5, 30), rng), rng)
        for number in range(count // 2)
    ]
    return chosen + made


async def ratios(executors: dict[str, Executor], chosen: Sequence[Shape]) -> dict[str, list[float]]:
    """Makespan over critical path of every shape under every executor, in turns, so that noise is shared."""
    found: dict[str, list[float]] = {name: [] for name in executors}
    for number, shape in enumerate(chosen):
        for name, execute in executors.items():
            began = time.perf_counter()
            await execute(shape, f"{name} {shape.name} {number}")
            found[name].append((time.perf_counter() - began) / shape.critical_path())
    return found


async def compare(count: int, seed: int) -> dict[str, list[float]]:
    rng = random.Random(seed)
    chosen = shapes(count, rng)
    with tempfile.TemporaryDirectory() as directory:
        async with open_checkpointer(f"{directory}/checkpoints.sqlite") as saver:
            executors: dict[str, Executor] = {
                "execute": ours(saver),
                "Send supersteps": supersteps(saver),
                "bare asyncio": bare,
                "serial": serial,
            }
            await ratios(executors, [timed("warm-up", generated("random", 4, rng), rng)])
            return await ratios(executors, chosen)


async def cost(kind: str, size: int, risk: Risk = "read") -> dict[str, float]:
    """Seconds of wall clock and of CPU per task of a plan whose tasks take no time, and megabytes of memory added."""
    shape = Shape(kind, generated(kind, size, random.Random(1)), {f"t{number}": 0.0 for number in range(size)})
    small = Shape("warm-up", generated("wide", 5, random.Random(1)), {f"t{number}": 0.0 for number in range(5)})
    with tempfile.TemporaryDirectory() as directory:
        async with open_checkpointer(f"{directory}/checkpoints.sqlite") as saver:
            run = ours(saver, risk)
            await run(small, "warm-up")
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            wall, cpu = time.perf_counter(), time.process_time()
            await run(shape, "measured")
            return {
                "wall": (time.perf_counter() - wall) / size,
                "cpu": (time.process_time() - cpu) / size,
                "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024,
            }


async def throughput(database: Path, runs: int, who: int) -> float:
    """Seconds that `runs` complete runs of five tasks take, sixteen at a time."""
    shape = Shape("random", generated("diamond", 5, random.Random(2)), {f"t{number}": 0.0 for number in range(5)})
    gate = asyncio.Semaphore(16)
    async with open_checkpointer(str(database)) as saver:
        graph = execution_graph([work_tool()], checkpointer=saver)

        async def one(number: int) -> None:
            async with gate:
                thread = f"{who} {number}"
                given = begin(Plan(tasks=shape.tasks()), run_key=thread)
                await graph.ainvoke(given, {"configurable": {"thread_id": thread}}, durability="sync")

        await one(-1)
        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(runs)))
        return time.perf_counter() - began


def _told(measure: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> str:
    return json.dumps(asyncio.run(measure(*arguments)))


def in_process(work: Callable[[], str]) -> str:
    """The text that `work` returns in a process of its own, whose memory is new."""
    return in_processes([work])[0]


def in_processes(works: Sequence[Callable[[], str]]) -> list[str]:
    pipes = []
    for work in works:
        reader, writer = os.pipe()
        if os.fork() == 0:
            code = 1
            try:
                os.write(writer, work().encode())
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(writer)
        pipes.append(reader)
    said = [os.fdopen(reader).read() for reader in pipes]
    for _ in works:
        os.wait()
    return said


def percentile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=40, help="recorded workflows; half as many generated ones")
    parser.add_argument("--largest", type=int, default=2000, help="tasks of the largest plan")
    parser.add_argument("--runs", type=int, default=200, help="runs for the throughput")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()

    found = asyncio.run(compare(options.plans, options.seed)) if options.plans else {}
    if found:
        print(f"Makespan over critical path, {len(found['execute'])} plans, tasks of 20 to 500 ms\n")
        print("| executor | p50 | p95 | worst |\n| --- | ---: | ---: | ---: |")
        for name, values in found.items():
            print(f"| {name} | {percentile(values, 0.5):.3f} | {percentile(values, 0.95):.3f} | {max(values):.3f} |")

    print("\nOverhead of a task that takes no time\n")
    print("| plan | tasks | wall ms/task | CPU ms/task | memory MB |\n| --- | ---: | ---: | ---: | ---: |")
    kinds: list[tuple[str, Risk]] = [("wide", "read"), ("deep", "read"), ("wide", "write")]
    for kind, risk in kinds:
        for size in (10, 100, 500, 1000, 2000):
            if size <= options.largest:
                spent = json.loads(in_process(functools.partial(_told, cost, kind, size, risk)))
                name = kind if risk == "read" else f"{kind}, each an effect"
                print(f"| {name} | {size} | {spent['wall'] * 1000:.2f} | {spent['cpu'] * 1000:.2f} | "
                      f"{spent['memory']:.0f} |", flush=True)  # fmt: skip

    print("\nComplete runs of a plan of five tasks that take no time, on one SQLite file\n")
    print("| processes | runs per second |\n| ---: | ---: |")
    for processes in (1, 4) if options.runs else ():
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "checkpoints.sqlite"
            works = [functools.partial(_told, throughput, file, options.runs, who) for who in range(processes)]
            seconds = [float(told) for told in in_processes(works)]
            print(f"| {processes} | {processes * options.runs / max(seconds):.1f} |")
    if not found:
        return 0
    return int(percentile(found["execute"], 0.5) > P50_TARGET or percentile(found["execute"], 0.95) > P95_TARGET)


if __name__ == "__main__":
    sys.exit(main())
