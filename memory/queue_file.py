"""The file of the queue of events: its tables, its one connection on a thread of its own, and who works on it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from memory.database import BUSY_TIMEOUT, PersistenceError, SqliteFile, explained, prepare_file
from memory.settings import settings

T = TypeVar("T")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    scope TEXT NOT NULL,
    event TEXT NOT NULL,
    status TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL,
    stop TEXT NOT NULL DEFAULT '',
    received REAL NOT NULL,
    burst REAL NOT NULL,
    due REAL NOT NULL,
    updated REAL NOT NULL,
    UNIQUE (source, id)
);
CREATE INDEX IF NOT EXISTS events_status ON events (status, seq);
CREATE INDEX IF NOT EXISTS events_scope ON events (scope, status);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def queue_path() -> Path:
    """The file of the configured queue."""
    return settings().directory / "events.sqlite"


class QueueFile:
    """Transactions on the file at `path`. Raises PersistenceError where it can't be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="events")
        self._connection: sqlite3.Connection | None = None

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` as one transaction, on the thread of the connection."""

        def run() -> T:
            with explained(f"'{self.path}'"), self._transaction() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _connect(self) -> sqlite3.Connection:
        prepare_file(self.path)
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        # FULL: an event whose receipt was confirmed must outlive a power cut.
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_SCHEMA)
        return connection

    async def aclose(self) -> None:
        """Close the file."""

        def close() -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown(wait=False)


@contextmanager
def working_on(path: Path) -> Iterator[None]:
    """Be the one process that works on the queue. Raises PersistenceError if another is."""
    from filelock import FileLock, Timeout

    prepare_file(path)
    lock: AbstractContextManager[Any] = FileLock(f"{path}.lock", timeout=0, mode=0o600)
    try:
        lock.__enter__()
    except Timeout:
        raise PersistenceError(
            f"another `orchestrate events run` works on {SqliteFile(path)}; stop it, or set another ORCHESTRATE_HOME"
        ) from None
    try:
        yield
    finally:
        lock.__exit__(None, None, None)
