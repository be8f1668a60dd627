"""How a thread's file grows: `python -m benchmarks.growth [--turns 200]`.

A conversation of that many turns in one thread, each a goal over a document; the size of the checkpoint database
(with its log folded in) after each turn. Growth per turn is to be the same at its end as at its beginning.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.reflex import DOCUMENT
from graph.orchestrator import build
from memory.persistence import open_checkpointer
from memory.settings import settings

GOALS = (
    "How old must a senator be?",
    "How long is the term of the president?",
    "What is 15% of 340?",
    "How many senators does each state have?",
    "Who presides over the trial of the president?",
)
"""As many as make the means of windows of ten or twenty turns comparable: each goal is in them equally often."""
LIMIT = 1.1


def size(path: Path) -> int:
    """Bytes of the database once everything in its log is in it."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


async def converse(turns: int) -> tuple[list[int], list[float]]:
    """Bytes of the file, and seconds taken, by turn."""
    path = settings().directory / "orchestrate.sqlite"
    sizes, seconds = [], []
    async with open_checkpointer() as saver:
        graph = build(brain="reflex", checkpointer=saver)
        for goal in itertools.islice(itertools.cycle(GOALS), turns):
            start = time.perf_counter()
            await graph.ainvoke({"goal": goal}, {"configurable": {"thread_id": "growing"}})
            seconds.append(time.perf_counter() - start)
            sizes.append(await asyncio.to_thread(size, path))
    return sizes, seconds


def main() -> int:
    """Print the figures; 1 if growth isn't flat."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=200)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"ORCHESTRATE_HOME": home, "ORCHESTRATE_DOCS": f'["{DOCUMENT}"]'}
        settings.cache_clear()
        sizes, seconds = asyncio.run(converse(turns))
    window = 20
    print(f"{'turns':>9}{'KB per turn':>14}{'ms per turn':>14}")
    grown = {}
    for end in range(window, turns + 1, window):
        start = end - window
        begun = sizes[start - 1] if start else 0
        grown[end] = (sizes[end - 1] - begun) / window
        print(f"{start + 1:>4}-{end:<4}{grown[end] / 1024:>14.1f}{statistics.median(seconds[start:end]) * 1000:>14.1f}")
    print(f"\nthe file after {turns} turns: {sizes[-1] / 2**20:.2f} MB")
    if len(grown) < 3:
        return 0
    early, late = grown[2 * window], grown[max(grown)]
    print(f"growth per turn at the end / from turn {window}: {late / early:.2f} of {LIMIT}")
    return int(late / early > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
