"""Opening what is remembered: the saver of checkpoints and the store of long-term memory, from a URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from memory.database import (
    BUSY_TIMEOUT,
    Backing,
    PersistenceError,
    PostgresServer,
    SqliteFile,
    backing_of_url,
    explained,
    prepare_file,
)
from memory.encryption import KEY_CHECK, JsonCodec, cipher, configured_key, serializer

if TYPE_CHECKING:
    import aiosqlite
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from langgraph.store.base import BaseStore

__all__ = ["PersistenceError", "checkpointer", "open_checkpointer", "open_store", "store"]

_META = "CREATE TABLE IF NOT EXISTS orchestrate_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"

_SETUP = 0x7365747570
"""Key of the advisory lock under which tables are made."""


@asynccontextmanager
async def open_checkpointer(
    url: str | None = None, *, busy_timeout: float = BUSY_TIMEOUT
) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """The saver of checkpoints of the database that `url` names; None: the one of the settings.

    SQLite (`sqlite:///PATH`, a path, or `:memory:`) or Postgres (`postgresql://...`, the `postgres` extra). Files are
    made private; values are compressed, read strictly, and encrypted when ORCHESTRATE_ENCRYPTION_KEY is set.
    `busy_timeout`: seconds a write waits for another process's. Raises PersistenceError with a clear sentence.
    """
    backing = await asyncio.to_thread(backing_of_url, url)  # the settings may have to be read from a file
    key = await asyncio.to_thread(configured_key)
    serde = await asyncio.to_thread(serializer, key, compressing=True)  # imports the state's modules
    async with AsyncExitStack() as stack:
        if isinstance(backing, PostgresServer):
            yield await _postgres_checkpointer(stack, backing, key, serde)
            return
        from memory.checkpointers import SqliteCheckpointer

        with explained(backing):
            connection = await stack.enter_async_context(_connected(backing, busy_timeout))
            saver = SqliteCheckpointer(connection, backing, serde=serde)
            await saver.setup()
            await _check_key(connection, backing, key)
        yield saver


@asynccontextmanager
async def open_store(url: str | None = None, *, busy_timeout: float = BUSY_TIMEOUT) -> AsyncIterator[BaseStore]:
    """The store of long-term memory in the database that `url` names, as `open_checkpointer`.

    Its values are not encrypted: they are searched by the database.
    """
    backing = await asyncio.to_thread(backing_of_url, url)
    async with AsyncExitStack() as stack:
        if isinstance(backing, PostgresServer):
            yield await _postgres_store(stack, backing)
            return
        from langgraph.store.sqlite.aio import AsyncSqliteStore

        with explained(backing):
            connection = await stack.enter_async_context(_connected(backing, busy_timeout, isolation_level=None))
            store = AsyncSqliteStore(connection)
            await store.setup()
        stack.push_async_callback(_stop, store)
        yield store


@asynccontextmanager
async def checkpointer() -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """The configured saver, for langgraph.json: `{"path": "./memory/persistence.py:checkpointer"}`."""
    async with open_checkpointer() as saver:
        yield saver


@asynccontextmanager
async def store() -> AsyncIterator[BaseStore]:
    """The configured store, for langgraph.json: `{"path": "./memory/persistence.py:store"}`."""
    async with open_store() as opened:
        yield opened


@asynccontextmanager
async def _connected(backing: Backing, busy_timeout: float, **options: Any) -> AsyncIterator[aiosqlite.Connection]:
    """A connection to the file, in WAL mode.

    `synchronous=NORMAL`: a commit survives the end of the process by any means, but is not forced to the disk, which
    costs a fraction of a millisecond to many of them. What a power cut can take is the last steps of a run, never the
    file's consistency; and never an effect, nor a step before one: the journal, in the same file, is written with FULL,
    and its commit forces everything that precedes it in the common log to the disk. So a run resumed after a power cut
    repeats thinking at most.
    """
    import aiosqlite

    if isinstance(backing, SqliteFile):
        await asyncio.to_thread(prepare_file, backing.path)
        target = str(backing.path)
    else:
        target = ":memory:"
    async with aiosqlite.connect(target, timeout=busy_timeout, **options) as connection:
        (mode,) = (await (await connection.execute("PRAGMA journal_mode=WAL")).fetchone()) or ("",)
        # Where the filesystem can't do WAL, NORMAL would risk the file itself.
        await connection.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'wal' else 'FULL'}")
        yield connection


async def _check_key(connection: aiosqlite.Connection, backing: Backing, key: bytes | None) -> None:
    """Compare the key with the one the database was begun with, before anything is read or written with it."""
    await connection.execute(_META)
    found = await (await connection.execute("SELECT value FROM orchestrate_meta WHERE name = 'key'")).fetchone()
    if found is None and key:
        await connection.execute(
            "INSERT OR IGNORE INTO orchestrate_meta VALUES ('key', ?)", (JsonCodec(cipher(key)).dump(KEY_CHECK),)
        )
        await connection.commit()
    _compare_key(found[0] if found else None, backing, key)


def _compare_key(stored: str | None, backing: Backing, key: bytes | None) -> None:
    if stored is None:
        return
    if key is None:
        raise PersistenceError(f"{backing} is encrypted; set ORCHESTRATE_ENCRYPTION_KEY to its key")
    try:
        JsonCodec(cipher(key)).load(stored)
    except PersistenceError:
        raise PersistenceError(
            f"{backing} is encrypted with another key than ORCHESTRATE_ENCRYPTION_KEY; set the right one"
        ) from None


async def _stop(store: Any) -> None:
    # The store batches in a task of its own, which outlives it unless it is cancelled.
    task = store._task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _postgres_pool(stack: AsyncExitStack, backing: PostgresServer) -> Any:
    try:
        from psycopg import AsyncConnection
        from psycopg.rows import dict_row
        from psycopg_pool import AsyncConnectionPool
    except ImportError as error:
        raise PersistenceError("Postgres needs its extra: pip install 'orchestration-layer[postgres]'") from error
    with explained(backing):
        # First one connection: a pool would go on trying for long before it says what is wrong.
        await (await AsyncConnection.connect(backing.conninfo, connect_timeout=10)).close()
        pool = AsyncConnectionPool(
            backing.conninfo,
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
            min_size=1,
            max_size=8,
            open=False,
        )
        return await stack.enter_async_context(pool)


@asynccontextmanager
async def _alone(pool: Any) -> AsyncIterator[Any]:
    """A connection that no other process makes tables beside: two that migrate at once fail each other."""
    async with pool.connection() as connection:
        # Asked again and again rather than waited for: the migrations build indexes concurrently, which in turn wait
        # for every statement under way.
        while not (await (await connection.execute(f"SELECT pg_try_advisory_lock({_SETUP}) AS got")).fetchone())["got"]:  # noqa: ASYNC110  another process ends it
            await asyncio.sleep(0.05)
        try:
            yield connection
        finally:
            await connection.execute(f"SELECT pg_advisory_unlock({_SETUP})")


async def _postgres_checkpointer(
    stack: AsyncExitStack, backing: PostgresServer, key: bytes | None, serde: SerializerProtocol
) -> BaseCheckpointSaver[Any]:
    pool = await _postgres_pool(stack, backing)
    from memory.postgres import PostgresCheckpointer

    saver = PostgresCheckpointer(pool, serde=serde)
    with explained(backing):
        async with _alone(pool) as connection:
            await saver.setup()
            await connection.execute(_META)
            select = "SELECT value FROM orchestrate_meta WHERE name = 'key'"
            found = await (await connection.execute(select)).fetchone()
            if found is None and key:
                await connection.execute(
                    "INSERT INTO orchestrate_meta VALUES ('key', %s) ON CONFLICT DO NOTHING",
                    (JsonCodec(cipher(key)).dump(KEY_CHECK),),
                )
    _compare_key(found["value"] if found else None, backing, key)
    return saver


async def _postgres_store(stack: AsyncExitStack, backing: PostgresServer) -> BaseStore:
    pool = await _postgres_pool(stack, backing)
    from langgraph.store.postgres.aio import AsyncPostgresStore

    store = AsyncPostgresStore(pool)
    with explained(backing):
        async with _alone(pool):
            await store.setup()
    stack.push_async_callback(_stop, store)
    return store
