"""The savers of checkpoints as this application opens them: LangGraph's own, hardened."""

from __future__ import annotations

import functools
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from memory import retention
from memory.database import Backing, backing_of_saver, explained
from memory.loops import shared

T = TypeVar("T")

_CHECKPOINT = (
    "INSERT OR REPLACE INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, "
    "checkpoint, metadata) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_WRITES = (
    "INSERT OR {conflict} INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, "
    "type, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


async def in_transaction(saver: AsyncSqliteSaver, work: Callable[[sqlite3.Connection], T]) -> T:
    """What `work` returns. All it does with the saver's connection is committed, or nothing.

    It is one call in the connection's own thread, so cancelling whoever waits for it can't divide it. Begun in one call
    and ended in another, a transaction could stay open, even when the connection is closed: SQLite keeps a closed one
    alive, and its write lock from everybody else, as long as a cursor of it is, in a traceback say.
    """
    with explained(await backing_of_saver(saver)):
        if not saver.is_setup:
            await saver.setup()
        async with saver.lock:
            run: Any = saver.conn._execute  # aiosqlite's way into its thread, for which it has no public name
            found: T = await run(_transaction, saver.conn._conn, work)
            return found


def _transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = work(connection)
        connection.commit()
        return found
    except BaseException:
        with suppress(sqlite3.Error):  # the first error says what is wrong
            connection.rollback()
        raise


class SqliteCheckpointer(AsyncSqliteSaver):
    """AsyncSqliteSaver with clear errors, every write one transaction that no cancellation leaves open, and the
    optional operations of a saver: copy a thread, prune threads, delete the checkpoints of runs.
    """

    def __init__(self, conn: aiosqlite.Connection, backing: Backing, *, serde: SerializerProtocol) -> None:
        super().__init__(conn, serde=serde)
        self.backing = backing
        shared(self)

    def get_next_version(self, current: Any, channel: None) -> str:
        """As LangGraph's, in fewer bytes: every checkpoint holds several dozen of them."""
        number = int(str(current).partition(".")[0]) if current is not None else 0
        return f"{number + 1:032}.{secrets.token_hex(2)}"

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        with explained(self.backing):
            return await super().aget_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        with explained(self.backing):
            async for found in super().alist(config, filter=filter, before=before, limit=limit):
                yield found

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        with explained(self.backing):
            return await super().aget_delta_channel_history(config=config, channels=channels)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        place = config["configurable"]
        thread_id, namespace, checkpoint_id = place["thread_id"], place["checkpoint_ns"], checkpoint["id"]
        described = json.dumps(get_checkpoint_metadata(config, metadata), ensure_ascii=False)
        row = (
            str(thread_id),
            namespace,
            checkpoint_id,
            place.get("checkpoint_id"),
            *self.serde.dumps_typed(checkpoint),
            described.encode("utf-8", "ignore"),
        )
        await in_transaction(self, lambda connection: connection.execute(_CHECKPOINT, row).rowcount)
        return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}}

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        place = config["configurable"]
        where = tuple(str(place[name]) for name in ("thread_id", "checkpoint_ns", "checkpoint_id"))
        rows = [
            (*where, task_id, task_path, WRITES_IDX_MAP.get(channel, index), channel, *self.serde.dumps_typed(value))
            for index, (channel, value) in enumerate(writes)
        ]
        # What a task says of itself (an error, a question) may change; what it returned stays as first written.
        sql = _WRITES.format(conflict="REPLACE" if all(name in WRITES_IDX_MAP for name, _ in writes) else "IGNORE")
        await in_transaction(self, lambda connection: connection.executemany(sql, rows).rowcount)

    async def adelete_thread(self, thread_id: str) -> None:
        await in_transaction(self, lambda connection: retention.delete_thread(connection, str(thread_id)))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread."""
        await in_transaction(
            self, lambda connection: retention.copy_thread(connection, source_thread_id, target_thread_id)
        )

    async def adelete_for_runs(self, run_ids: Iterable[str]) -> None:
        """Delete the checkpoints that these runs made; what later ones need of them to be whole is kept."""
        ids = list(run_ids)
        await in_transaction(self, lambda connection: retention.delete_runs(connection, self.serde, ids))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """'keep_latest': drop all but the newest checkpoint of each namespace; 'delete': drop the threads."""
        if strategy in ("delete", "delete_all"):
            for thread_id in thread_ids:
                await self.adelete_thread(thread_id)
            return
        if strategy != "keep_latest":
            raise ValueError(f"there is no strategy '{strategy}'; use 'keep_latest' or 'delete'")
        for thread_id in thread_ids:
            await in_transaction(self, functools.partial(retention.prune_thread, serde=self.serde, thread_id=thread_id))
