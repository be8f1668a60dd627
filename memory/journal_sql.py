"""The journal in a database, the same that the checkpoints are in: SQLite or Postgres.

Each journal has one connection of its own, opened at its first use and kept on one thread of its own. So it never
blocks an event loop, belongs to none (a graph is built outside of any loop and may run in several), and its commits
don't mix with those of the saver.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from memory.database import BUSY_TIMEOUT, PostgresServer, SqliteFile, explained, prepare_file
from memory.encryption import JsonCodec
from memory.journal_entries import Decision, Effect, EffectState

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS effects (
    seq {serial},
    key TEXT NOT NULL UNIQUE,
    thread_id TEXT NOT NULL,
    task TEXT NOT NULL,
    tool TEXT NOT NULL,
    args TEXT NOT NULL,
    item TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL,
    calls INTEGER NOT NULL,
    created {real} NOT NULL,
    updated {real} NOT NULL
);
CREATE INDEX IF NOT EXISTS effects_thread ON effects (thread_id);
CREATE TABLE IF NOT EXISTS decisions (
    seq {serial},
    thread_id TEXT NOT NULL,
    task TEXT NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    at {real} NOT NULL,
    shown TEXT NOT NULL,
    decided TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS decisions_thread ON decisions (thread_id);
CREATE TABLE IF NOT EXISTS thread_forks (
    parent TEXT NOT NULL,
    fork TEXT NOT NULL,
    PRIMARY KEY (parent, fork)
)
"""
_EFFECT = "key, thread_id, task, tool, args, item, state, outcome, calls, created, updated"
_DECISION = "thread_id, task, kind, who, at, shown, decided"


class SqlJournal(ABC):
    """What the journals in databases have in common. Raises PersistenceError where the database can't be used."""

    def __init__(self, where: SqliteFile | PostgresServer, codec: JsonCodec | None = None) -> None:
        self._where = where
        self._codec = codec or JsonCodec()
        self._executor: ThreadPoolExecutor | None = None
        self._pid = 0
        self._connection: Any = None
        self._closing: weakref.finalize[Any, Any] | None = None

    @abstractmethod
    def _connect(self) -> Any:
        """A new connection, in autocommit mode, with the tables made. Blocks."""

    @abstractmethod
    def _execute(self, connection: Any, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """Run one statement with `?` marks; returns the cursor."""

    @contextmanager
    @abstractmethod
    def _transaction(self, connection: Any) -> Iterator[None]:
        """Several statements as one."""
        yield

    async def intend(self, effect: Effect) -> Effect | None:
        now = time.time()
        new = replace(effect, created=effect.created or now, updated=effect.updated or now)

        def insert(connection: Any) -> Effect | None:
            cursor = self._execute(
                connection,
                f"INSERT INTO effects ({_EFFECT}) VALUES ({', '.join('?' * 11)}) ON CONFLICT (key) DO NOTHING",
                self._effect_row(new),
            )
            return None if cursor.rowcount == 1 else self._find(connection, effect.key)

        return await self._run(insert)

    async def find(self, key: str) -> Effect | None:
        return await self._run(lambda connection: self._find(connection, key))

    async def call_again(self, key: str, args: dict[str, Any]) -> None:
        change = "state = 'intended', outcome = ?, args = ?, calls = calls + 1"
        await self._update(key, change, self._codec.dump(None), self._codec.dump(args))

    async def settle(self, key: str, state: EffectState, outcome: dict[str, Any] | None = None) -> None:
        await self._update(key, "state = ?, outcome = ?", state, self._codec.dump(outcome))

    async def _update(self, key: str, change: str, *values: Any) -> None:
        sql = f"UPDATE effects SET {change}, updated = ? WHERE key = ?"

        def update(connection: Any) -> int:
            return int(self._execute(connection, sql, (*values, time.time(), key)).rowcount)

        if await self._run(update) == 0:
            raise KeyError(key)

    async def effects(self, thread_id: str | None = None) -> list[Effect]:
        rows = await self._run(lambda connection: self._select(connection, _EFFECT, "effects", thread_id))
        return [self._effect(row) for row in rows]

    async def record(self, decision: Decision) -> None:
        d, dump = decision, self._codec.dump
        values = (d.thread_id, d.task, d.kind, d.who, d.at or time.time(), dump(d.shown), dump(d.decided))
        sql = f"INSERT INTO decisions ({_DECISION}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        await self._run(lambda connection: self._execute(connection, sql, values))

    async def decisions(self, thread_id: str | None = None) -> list[Decision]:
        rows = await self._run(lambda connection: self._select(connection, _DECISION, "decisions", thread_id))
        return [self._decision(row) for row in rows]

    async def forget(self, thread_id: str) -> None:
        def hand_over(connection: Any) -> None:
            def execute(sql: str, *values: str) -> Any:
                return self._execute(connection, sql, values)

            with self._transaction(connection):
                heirs = [row[0] for row in execute(
                    "SELECT fork FROM thread_forks WHERE parent = ? ORDER BY fork", thread_id
                ).fetchall()]  # fmt: skip
                parents = [row[0] for row in execute(
                    "SELECT parent FROM thread_forks WHERE fork = ?", thread_id
                ).fetchall()]  # fmt: skip
                if heirs:
                    execute("UPDATE effects SET thread_id = ? WHERE thread_id = ?", heirs[0], thread_id)
                execute("DELETE FROM effects WHERE thread_id = ?", thread_id)
                execute("DELETE FROM decisions WHERE thread_id = ?", thread_id)
                execute("DELETE FROM thread_forks WHERE parent = ? OR fork = ?", thread_id, thread_id)
                for parent in parents + heirs[:1]:
                    for heir in heirs:
                        if parent != heir:
                            execute("INSERT INTO thread_forks VALUES (?, ?) ON CONFLICT DO NOTHING", parent, heir)

        await self._run(hand_over)

    async def forked(self, thread_id: str, fork: str) -> None:
        sql = "INSERT INTO thread_forks VALUES (?, ?) ON CONFLICT DO NOTHING"
        await self._run(lambda connection: self._execute(connection, sql, (thread_id, fork)))

    async def aclose(self) -> None:
        """Close the connection and end the thread. A later call opens both anew."""
        executor, self._executor = self._executor, None
        if executor is not None and self._pid == os.getpid():
            await asyncio.get_running_loop().run_in_executor(executor, self._disconnect)
            executor.shutdown(wait=False)

    async def _run(self, work: Callable[[Any], T]) -> T:
        if self._executor is None or self._pid != os.getpid():  # a thread and a connection don't survive a fork
            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
            self._pid, self._connection = os.getpid(), None
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._work, work)

    def _work(self, work: Callable[[Any], T]) -> T:
        with explained(self._where):
            if self._connection is None:
                self._connection = self._connect()
                self._closing = weakref.finalize(self, self._connection.close)
            try:
                return work(self._connection)
            except Exception as error:
                if self._is_lost(error):
                    self._disconnect()  # the next call connects anew
                raise

    def _is_lost(self, error: Exception) -> bool:
        return False

    def _disconnect(self) -> None:
        if self._closing is not None:
            self._closing()
        self._connection = self._closing = None

    def _select(self, connection: Any, columns: str, table: str, thread_id: str | None) -> list[tuple[Any, ...]]:
        where, values = ("WHERE thread_id = ?", (thread_id,)) if thread_id is not None else ("", ())
        found = self._execute(connection, f"SELECT {columns} FROM {table} {where} ORDER BY seq", values).fetchall()
        return list(found)

    def _find(self, connection: Any, key: str) -> Effect | None:
        row = self._execute(connection, f"SELECT {_EFFECT} FROM effects WHERE key = ?", (key,)).fetchone()
        return self._effect(row) if row else None

    def _effect_row(self, e: Effect) -> tuple[Any, ...]:
        args, outcome = self._codec.dump(e.args), self._codec.dump(e.outcome)
        return (e.key, e.thread_id, e.task, e.tool, args, e.item, e.state, outcome, e.calls, e.created, e.updated)

    def _effect(self, row: tuple[Any, ...]) -> Effect:
        key, thread_id, task, tool, args, item, state, outcome, calls, created, updated = row
        load = self._codec.load
        return Effect(key, thread_id, task, tool, load(args), item, state, load(outcome), calls, created, updated)

    def _decision(self, row: tuple[Any, ...]) -> Decision:
        thread_id, task, kind, who, at, shown, decided = row
        return Decision(thread_id, task, kind, who, at, self._codec.load(shown), self._codec.load(decided))


class SqliteJournal(SqlJournal):
    """The journal in a SQLite file. A commit is on the disk (`synchronous=FULL`) before the call returns."""

    def __init__(self, file: SqliteFile, codec: JsonCodec | None = None) -> None:
        super().__init__(file, codec)
        self._file = file

    def _connect(self) -> sqlite3.Connection:
        prepare_file(self._file.path)
        connection = sqlite3.connect(
            self._file.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            for statement in _SCHEMA.format(serial="INTEGER PRIMARY KEY AUTOINCREMENT", real="REAL").split(";"):
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def _execute(self, connection: Any, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return connection.execute(sql, values)

    @contextmanager
    def _transaction(self, connection: Any) -> Iterator[None]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


class PostgresJournal(SqlJournal):
    """The journal in a Postgres database. Commits wait for the server's log (`synchronous_commit=on`)."""

    def __init__(self, server: PostgresServer, codec: JsonCodec | None = None) -> None:
        super().__init__(server, codec)
        self._server = server

    def _connect(self) -> Any:
        import psycopg

        connection = psycopg.connect(self._server.conninfo, autocommit=True, connect_timeout=10)
        try:
            connection.execute("SET synchronous_commit = on")
            # Two processes that make the same tables at once would fail each other.
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (0x6A6F75726E616C,))
                connection.execute(_SCHEMA.format(serial="BIGSERIAL PRIMARY KEY", real="DOUBLE PRECISION"))
        except BaseException:
            connection.close()
            raise
        return connection

    def _execute(self, connection: Any, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return connection.execute(sql.replace("?", "%s"), values)

    @contextmanager
    def _transaction(self, connection: Any) -> Iterator[None]:
        with connection.transaction():
            yield

    def _is_lost(self, error: Exception) -> bool:
        return bool(self._connection is not None and self._connection.closed)
