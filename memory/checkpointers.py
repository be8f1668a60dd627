"""The savers of checkpoints as this application opens them: LangGraph's own, hardened."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from memory import retention
from memory.database import Backing, backing_of_saver, explained


@asynccontextmanager
async def write_transaction(saver: AsyncSqliteSaver) -> AsyncIterator[aiosqlite.Connection]:
    """The saver's connection, in a write transaction of its own that is committed at the end."""
    with explained(await backing_of_saver(saver)):
        await saver.setup()
        async with saver.lock:
            try:
                await saver.conn.execute("BEGIN IMMEDIATE")
                yield saver.conn
                await saver.conn.commit()
            except (Exception, asyncio.CancelledError):
                await asyncio.shield(saver.conn.rollback())
                raise


class SqliteCheckpointer(AsyncSqliteSaver):
    """AsyncSqliteSaver with clear errors, no transaction left open by one that failed or was cancelled, and the
    optional operations of a saver: copy a thread, prune threads, delete the checkpoints of runs.
    """

    def __init__(self, conn: aiosqlite.Connection, backing: Backing, *, serde: SerializerProtocol) -> None:
        super().__init__(conn, serde=serde)
        self.backing = backing
        self._writes: set[asyncio.Future[None]] = set()

    async def settle(self) -> None:
        """Wait for the writes under way, to be done before the connection is closed.

        A cancelled run leaves writes behind that nobody waits for. A connection closed under one goes on holding the
        write lock of the file until it is collected as garbage.
        """
        while self._writes:
            await asyncio.wait(self._writes)
        await self._roll_back()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        ended = asyncio.get_running_loop().create_future()
        self._writes.add(ended)
        with explained(self.backing):
            try:
                yield
            except (Exception, asyncio.CancelledError):
                # A transaction left open would keep the write lock from every other process.
                await asyncio.shield(self._roll_back())
                raise
            finally:
                self._writes.discard(ended)
                ended.set_result(None)

    async def _roll_back(self) -> None:
        async with self.lock:
            try:
                await self.conn.rollback()
            except (sqlite3.Error, ValueError):  # the connection is broken or closed; the first error says it
                return

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
        async with self._writing():
            return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        async with self._writing():
            await super().aput_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        async with self._writing():
            await self.setup()
            await super().adelete_thread(thread_id)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread."""
        async with write_transaction(self) as connection:
            await retention.copy_thread(connection, source_thread_id, target_thread_id)

    async def adelete_for_runs(self, run_ids: Iterable[str]) -> None:
        """Delete the checkpoints that these runs made; what later ones need of them to be whole is kept."""
        async with write_transaction(self) as connection:
            await retention.delete_runs(connection, self.serde, list(run_ids))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """'keep_latest': drop all but the newest checkpoint of each namespace; 'delete': drop the threads."""
        if strategy in ("delete", "delete_all"):
            for thread_id in thread_ids:
                await self.adelete_thread(thread_id)
            return
        if strategy != "keep_latest":
            raise ValueError(f"there is no strategy '{strategy}'; use 'keep_latest' or 'delete'")
        for thread_id in thread_ids:
            async with write_transaction(self) as connection:
                await retention.prune_thread(connection, self.serde, thread_id, keep_last=1)
