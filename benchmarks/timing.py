"""Repeated measurements beside a baseline: taken in turns, so that whatever else the machine does weighs on both."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

Work = Callable[[], Awaitable[object]]


async def in_turns(works: Mapping[str, Work], *, runs: int, warmup: int = 2) -> dict[str, list[float]]:
    """Seconds of each of `runs` calls of every work, round robin; the first `warmup` rounds aren't counted."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(warmup + runs):
        for name, work in works.items():
            start = time.perf_counter()
            await work()
            if number >= warmup:
                taken[name].append(time.perf_counter() - start)
    return taken


def processes_in_turns(
    commands: Mapping[str, Sequence[str]], *, environment: Mapping[str, str], runs: int, warmup: int = 1
) -> dict[str, list[float]]:
    """As `in_turns`, of whole processes. Raises CalledProcessError if one fails."""

    def start_one(command: Sequence[str]) -> Work:
        async def work() -> None:
            subprocess.run(command, env=dict(environment), check=True, capture_output=True)  # noqa: ASYNC221 - alone

        return work

    works = {name: start_one(command) for name, command in commands.items()}
    return asyncio.run(in_turns(works, runs=runs, warmup=warmup))


def row(name: str, seconds: Sequence[float], *, unit: str = "ms") -> str:
    """One line of a table: the median, and the fastest and slowest."""
    factor = {"ms": 1000.0, "s": 1.0}[unit]
    shown = [f"{value * factor:9.1f}" for value in (statistics.median(seconds), min(seconds), max(seconds))]
    return f"{name:<44}{''.join(shown)} {unit}"


def heading() -> str:
    """The line above rows."""
    return f"{'':<44}{'median':>9}{'min':>9}{'max':>9}"


def ratio(seconds: Sequence[float], baseline: Sequence[float]) -> float:
    """The ratio of the medians."""
    return statistics.median(seconds) / statistics.median(baseline)
