"""The threads that are remembered: list them, look into them, fork, delete and prune them."""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memory.database import Backing, PersistenceError, SqliteFile, backing_of_saver, explained
from memory.journal import Journal, journal_for
from memory.lock import ThreadBusy, forget_lock, thread_lock
from memory.retention import BASE_SOURCE, copy_branch, prune_thread
from memory.strictness import fit
from memory.thread_index import extents, is_sqlite
from memory.thread_state import (
    HistoryEntry,
    ThreadState,
    ThreadSummary,
    messages_of,
    next_of,
    summary_of,
    time_of,
    waiting_of,
    with_ended,
)

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

    Saver = BaseCheckpointSaver[Any]


class ThreadNotFound(LookupError):
    """There is no such thread, or no such checkpoint in it."""

    def __init__(self, thread_id: str, checkpoint_id: str | None = None) -> None:
        what = f"checkpoint '{checkpoint_id}' in thread '{thread_id}'" if checkpoint_id else f"thread '{thread_id}'"
        super().__init__(f"there is no {what}; 'orchestrate threads list' shows what there is")


@dataclass(frozen=True)
class Pruned:
    """What a pruning did: checkpoints dropped, bytes the file shrank by, threads passed over because they run."""

    checkpoints: int
    freed: int
    busy: list[str]


async def list_threads(saver: Saver, *, limit: int | None = None) -> list[ThreadSummary]:
    """All threads, or the `limit` that changed last, latest first. Reads one checkpoint of each."""
    saver, summaries = fit(saver), list[ThreadSummary]()
    for thread_id, extent in (await extents(saver)).items():
        if limit is not None and len(summaries) >= limit:
            break
        if (latest := await saver.aget_tuple(_config(thread_id))) is not None:
            summaries.append(summary_of(thread_id, latest, extent))
    return sorted(summaries, key=lambda summary: summary.updated, reverse=True)


async def show(saver: Saver, thread_id: str) -> ThreadState:
    """A thread as it stands. Raises ThreadNotFound."""
    saver = fit(saver)
    latest = await _tuple(saver, thread_id)
    extent = (await extents(saver, thread_id))[thread_id]
    values = {
        name: value
        for name, value in latest.checkpoint["channel_values"].items()
        if ":" not in name and not name.startswith("__")
    }
    messages = await messages_of(saver, latest)
    return ThreadState(
        summary_of(thread_id, latest, extent),
        {**with_ended(values, latest), "messages": messages},
        messages,
        next_of(latest),
        waiting_of(latest),
    )


async def history(saver: Saver, thread_id: str, *, limit: int | None = None) -> list[HistoryEntry]:
    """A thread's checkpoints, latest first. Raises ThreadNotFound."""
    # One more: what a pruning leaves of the dropped ones isn't shown.
    found = [
        entry
        async for entry in fit(saver).alist(_config(thread_id), limit=None if limit is None else limit + 1)
        if entry.metadata.get("source") != BASE_SOURCE
    ]
    if not found:
        raise ThreadNotFound(thread_id)
    return [
        HistoryEntry(
            entry.checkpoint["id"], time_of(entry), entry.metadata.get("step", -1), next_of(entry), dict(entry.metadata)
        )
        for entry in found[:limit]
    ]


async def fork(
    saver: Saver,
    thread_id: str,
    checkpoint_id: str | None = None,
    new_thread_id: str | None = None,
    *,
    journal: Journal | None = None,
) -> str:
    """Make a thread that goes on from a checkpoint of another, by default from its latest. Returns the new id.

    The checkpoint and its ancestors are copied. From the latest one the fork has its pending work too (finished tasks,
    open questions); from an earlier one it takes the next step anew. Either way it shares the journal of effects up to
    there, so that none is repeated. Raises ThreadNotFound, or ValueError if there is a thread of the new id.
    """
    target = new_thread_id or str(uuid.uuid4())
    chosen = await _tuple(saver, thread_id, checkpoint_id)
    latest = await _tuple(saver, thread_id)
    if await fit(saver).aget_tuple(_config(target)) is not None:
        raise ValueError(f"there is a thread '{target}' already; choose another id for the fork")
    chosen_id, is_head = chosen.checkpoint["id"], chosen.checkpoint["id"] == latest.checkpoint["id"]
    # First the claim on the effects: a fork without it could repeat them, a claim without a fork does nothing.
    async with _journal(saver, journal) as entries:
        await entries.forked(thread_id, target)
    if is_sqlite(saver):
        from memory.checkpointers import in_transaction

        await in_transaction(
            saver,  # type: ignore[arg-type]
            lambda connection: copy_branch(connection, thread_id, target, chosen_id, is_head=is_head),
        )
    else:
        await _copy_branch(fit(saver), chosen, target, is_head=is_head)
    return target


async def delete(saver: Saver, thread_id: str, *, journal: Journal | None = None) -> None:
    """Delete a thread: checkpoints, writes, effects and decisions. Raises ThreadNotFound, or ThreadBusy if it runs.

    The effects that a fork of it relies on become that fork's.
    """
    await _tuple(saver, thread_id)
    backing = await backing_of_saver(saver)
    async with thread_lock(saver, thread_id):
        with explained(backing):
            await fit(saver).adelete_thread(thread_id)
        async with _journal(saver, journal) as entries:
            await entries.forget(thread_id)
        if isinstance(backing, SqliteFile):
            await asyncio.to_thread(forget_lock, backing.path, thread_id)


async def prune(
    saver: Saver,
    *,
    older_than: float | None = None,
    keep_last: int | None = None,
    thread_ids: list[str] | None = None,
) -> Pruned:
    """Drop old checkpoints of threads (of all, if none is named) and give the space back to the disk.

    `older_than` (seconds): what is younger stays. `keep_last`: that many of each thread stay. Given both, only what is
    too old and too many goes. The latest checkpoint of a thread always stays, whole and resumable; a thread at work is
    passed over. Raises ValueError if neither is given, PersistenceError where the saver isn't on SQLite.
    """
    if older_than is None and keep_last is None:
        raise ValueError("say what to keep: older_than (seconds), keep_last (a number of checkpoints), or both")
    if keep_last is not None and keep_last < 1:
        raise ValueError("keep_last must be at least 1: the latest checkpoint always stays")
    if not is_sqlite(saver):
        raise PersistenceError(
            "only checkpoints on SQLite can be pruned: Postgres keeps a thread's messages spread over all its "
            "checkpoints; delete whole threads instead"
        )
    from memory.checkpointers import in_transaction

    backing = await backing_of_saver(saver)
    before = None if older_than is None else datetime.now().astimezone().timestamp() - older_than
    size, dropped, busy = await _file_size(backing), 0, []
    for thread_id in thread_ids if thread_ids is not None else await extents(saver):
        try:
            async with thread_lock(saver, thread_id):
                dropped += await in_transaction(
                    saver,  # type: ignore[arg-type]
                    functools.partial(
                        prune_thread, serde=saver.serde, thread_id=thread_id, keep_last=keep_last or 1, before=before
                    ),
                )
        except ThreadBusy:
            busy.append(thread_id)
    await _shrink(saver, backing)
    return Pruned(dropped, max(size - await _file_size(backing), 0), busy)


async def _shrink(saver: Any, backing: Backing) -> None:
    with explained(backing):
        async with saver.lock:
            await saver.conn.execute("VACUUM")
            await saver.conn.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")


async def _file_size(backing: Backing) -> int:
    if not isinstance(backing, SqliteFile):
        return 0
    files = [backing.path, backing.path.with_name(f"{backing.path.name}-wal")]
    return await asyncio.to_thread(lambda: sum(file.stat().st_size for file in files if file.exists()))


def _config(thread_id: str, checkpoint_id: str | None = None) -> RunnableConfig:
    place = {"thread_id": thread_id, "checkpoint_ns": ""}
    return {"configurable": place | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


async def _tuple(saver: Saver, thread_id: str, checkpoint_id: str | None = None) -> CheckpointTuple:
    found = await fit(saver).aget_tuple(_config(thread_id, checkpoint_id))
    if found is None or found.metadata.get("source") == BASE_SOURCE:
        raise ThreadNotFound(thread_id, checkpoint_id)
    return found


@asynccontextmanager
async def _journal(saver: Saver, journal: Journal | None) -> AsyncIterator[Journal]:
    """The caller's journal, or the saver's, closed afterwards."""
    entries = journal or journal_for(saver)
    try:
        yield entries
    finally:
        if journal is None:
            await entries.aclose()


async def _copy_branch(saver: Saver, chosen: CheckpointTuple, target: str, *, is_head: bool) -> None:
    """`copy_branch` through what every saver can do; the work of subgraphs that are under way isn't copied."""
    branch = [chosen]
    while (parent := branch[-1].parent_config) is not None:
        if (found := await saver.aget_tuple(parent)) is None:
            break
        branch.append(found)
    for entry in reversed(branch):
        parent_id = (entry.parent_config or {}).get("configurable", {}).get("checkpoint_id")
        versions = entry.checkpoint["channel_versions"]
        stored = await saver.aput(_config(target, parent_id), entry.checkpoint, entry.metadata, versions)
        if is_head or entry is not chosen:
            by_task: dict[str, list[tuple[str, Any]]] = {}
            for task, channel, value in entry.pending_writes or []:
                by_task.setdefault(task, []).append((channel, value))
            for index, (task, writes) in enumerate(by_task.items()):
                # Replayed in the order of the paths, which savers don't tell: so in the order they were returned in.
                await saver.aput_writes(stored, writes, task, f"{index:06}")
