"""Writes to the checkpoint file that are cut off at any point: nobody else is kept from writing by what they leave."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from memory.persistence import open_checkpointer

PLACE: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "c"}}


def is_free(file: Path) -> bool:
    """Whether another connection can write."""
    connection = sqlite3.connect(file, timeout=5, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def rows_by_task(file: Path) -> set[int]:
    """How many writes each task has that has any."""
    connection = sqlite3.connect(file)
    found = connection.execute("SELECT COUNT(*) FROM writes GROUP BY thread_id, task_id").fetchall()
    connection.close()
    return {count for (count,) in found}


async def write(saver: Any, kind: str, name: str) -> None:
    match kind:
        case "checkpoint":
            await saver.aput(PLACE, empty_checkpoint(), {"step": 1}, {})
        case "writes":
            await saver.aput_writes(PLACE, [("a", 1), ("b", 2)], name)
        case "copy":
            await saver.acopy_thread("t", name)


@pytest.mark.parametrize("kind", ["checkpoint", "writes", "copy"])
async def test_a_write_that_is_cut_off_leaves_no_transaction_open(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "c.sqlite"
    held: list[tuple[int, bool]] = []
    kept: list[BaseException | None] = []  # tracebacks, which keep alive what their frames hold: cursors, say
    for turns, is_cancelled in itertools.product(range(10), (False, True)):
        async with open_checkpointer(str(file)) as opened:
            saver: Any = opened
            writing = asyncio.ensure_future(write(saver, kind, f"{turns} {is_cancelled}"))
            for _ in range(turns):  # as far as it gets while the connection's thread does one thing after the other
                await saver.conn.execute_fetchall("SELECT 1")
            if is_cancelled:
                writing.cancel()
        # The connection is closed, as when a run is stopped that doesn't wait for its last writes.
        await asyncio.wait([writing])
        kept.append(None if writing.cancelled() else writing.exception())
        if not await asyncio.to_thread(is_free, file):
            held.append((turns, is_cancelled))
            kept.clear()
    assert not held
    assert rows_by_task(file) <= {2}  # both writes of a task, or neither
