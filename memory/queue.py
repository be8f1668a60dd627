"""The queue of events: durable, bounded, and in which every event is exactly once.

A SQLite file beside the checkpoints. An event is in it before its receipt is confirmed, and stays in it, so that the
same event sent again is known. One process works on the queue at a time; any may put into it, or look.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from memory.encryption import JsonCodec, cipher, configured_key
from memory.queue_file import QueueFile, queue_path
from memory.queued import EventStatus, QueuedEvent, QueueFull, Receipt, Strategy

LONGEST_BURST = 10
"""A debounced event waits at most this many times its pause, however many follow it."""
_STOPPED: dict[str, EventStatus] = {"interrupt": "interrupted", "rollback": "rolled_back"}
_OPEN = "('queued', 'running')"
_COLUMNS = "seq, source, id, status, thread_id, attempts, error, received, updated, due, stop, event"


def open_queue(path: Path | None = None) -> EventQueue:
    """The queue at `path`, by default the configured one; sealed with the configured key. Reads the settings."""
    return EventQueue(path or queue_path(), JsonCodec(cipher(configured_key())))


class EventQueue:
    """Raises PersistenceError where the file can't be used. `now`: the clock, in epoch seconds."""

    def __init__(self, path: Path, codec: JsonCodec | None = None, *, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self._file = QueueFile(path)
        self._codec = codec or JsonCodec()
        self._now = now

    async def put(
        self,
        event: dict[str, Any],
        *,
        thread_id: str,
        capacity: int,
        strategy: Strategy = "enqueue",
        debounce: float = 0.0,
        mark: tuple[str, str | None] | None = None,
    ) -> Receipt:
        """Take an event in: after this it is on the disk, and will be started once.

        `event`: `{"id", "source", "key", ...}` as JSON. `capacity`: how many may wait. `debounce`: seconds it waits
        for a later one of its key (of its source, if it has none), which then takes its place. `mark`: name and value,
        written in the same transaction; None takes it away. Raises QueueFull.
        """

        def work(connection: sqlite3.Connection) -> Receipt:
            now, source, event_id = self._now(), str(event["source"]), str(event["id"])
            known = connection.execute(
                "SELECT thread_id FROM events WHERE source = ? AND id = ?", (source, event_id)
            ).fetchone()
            if known is not None:
                _mark(connection, mark)
                return Receipt("duplicate", known[0])
            scope = _scope(source, str(event.get("key") or ""), "" if debounce else event_id)
            busy = connection.execute(
                f"SELECT seq, status, burst FROM events WHERE scope = ? AND status IN {_OPEN}", (scope,)
            ).fetchall()
            waiting = [seq for seq, status, _ in busy if status == "queued"]
            ended = waiting if debounce or strategy in _STOPPED else []
            stopping: list[int] = []
            burst = now
            if strategy == "reject" and len(busy) > (len(waiting) if debounce else 0):
                return Receipt("rejected", thread_id)
            if debounce:
                burst = min([now, *(since for _, status, since in busy if status == "queued")])
                self._end(connection, ended, "superseded")
            if strategy in _STOPPED and busy:
                self._end(connection, [] if debounce else ended, _STOPPED[strategy])
                stopping = [seq for seq, status, _ in busy if status == "running"]
                connection.executemany(
                    "UPDATE events SET stop = ? WHERE seq = ?", [(strategy, seq) for seq in stopping]
                )
            (count,) = connection.execute("SELECT COUNT(*) FROM events WHERE status = 'queued'").fetchone()
            if count >= capacity:
                raise QueueFull(f"{count} events wait, and more than {capacity} may not; try again later")
            due = min(now + debounce, burst + LONGEST_BURST * debounce)
            connection.execute(
                "INSERT INTO events (source, id, scope, event, status, thread_id, error, received, burst, due, updated)"
                " VALUES (?, ?, ?, ?, 'queued', ?, '', ?, ?, ?, ?)",
                (source, event_id, scope, self._codec.dump(event), thread_id, now, burst, due, now),
            )
            _mark(connection, mark)
            return Receipt("accepted", thread_id, tuple(stopping), self._of(connection, ended))

        return await self._file.do(work)

    async def claim(self, most: int) -> list[QueuedEvent]:
        """Up to `most` events that are due and of whose key none is at work; from now on they are running.

        Those of one key come in the order in which they were put.
        """

        def work(connection: sqlite3.Connection) -> list[QueuedEvent]:
            now, claimed = self._now(), []
            for _ in range(most):
                row = connection.execute(
                    f"SELECT {_COLUMNS} FROM events AS e WHERE status = 'queued' AND due <= ? AND NOT EXISTS ("
                    "SELECT 1 FROM events AS o WHERE o.scope = e.scope AND "
                    "(o.status = 'running' OR (o.status = 'queued' AND o.seq < e.seq))) ORDER BY seq LIMIT 1",
                    (now,),
                ).fetchone()
                if row is None:
                    break
                connection.execute(
                    "UPDATE events SET status = 'running', attempts = attempts + 1, updated = ? WHERE seq = ?",
                    (now, row[0]),
                )
                claimed.append(self._entry((*row[:3], "running", row[4], row[5] + 1, *row[6:])))
            return claimed

        return await self._file.do(work)

    async def settle(self, seq: int, status: EventStatus, error: str = "") -> None:
        """What became of an event, for good or until it is replayed."""

        def work(connection: sqlite3.Connection) -> None:
            self._end(connection, [seq], status, error)

        await self._file.do(work)

    async def put_back(self, seq: int, *, delay: float = 0.0, error: str = "", counted: bool = True) -> bool:
        """Let a running event be started again after `delay` seconds; not `counted`: as if it had not been tried.

        False, and nothing is changed, if a later event is about to stop it.
        """

        def work(connection: sqlite3.Connection) -> bool:
            now = self._now()
            cursor = connection.execute(
                "UPDATE events SET status = 'queued', due = ?, error = ?, updated = ?, attempts = attempts - ? "
                "WHERE seq = ? AND status = 'running' AND stop = ''",
                (now + delay, self._sealed(error), now, 0 if counted else 1, seq),
            )
            return cursor.rowcount == 1

        return await self._file.do(work)

    async def recover(self, attempts: int) -> list[QueuedEvent]:
        """After a crash: what was running is queued again, or dead if that was its last attempt.

        Returns those that a later event had been about to stop: they are still running for the caller to settle.
        Only for the one process that works on the queue.
        """

        def work(connection: sqlite3.Connection) -> list[QueuedEvent]:
            now, told = self._now(), f"the process ended during its run, {attempts} times"
            connection.execute(
                "UPDATE events SET status = 'dead', error = ?, updated = ? "
                "WHERE status = 'running' AND stop = '' AND attempts >= ?",
                (self._sealed(told), now, attempts),
            )
            connection.execute(
                "UPDATE events SET status = 'queued', updated = ? WHERE status = 'running' AND stop = ''", (now,)
            )
            rows = connection.execute(f"SELECT {_COLUMNS} FROM events WHERE status = 'running'").fetchall()
            return [self._entry(row) for row in rows]

        return await self._file.do(work)

    async def replay(self, names: Sequence[str] | None = None) -> list[QueuedEvent]:
        """Queue dead events again: those of these ids or `source/id`s, or all."""

        def work(connection: sqlite3.Connection) -> list[QueuedEvent]:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM events WHERE status = 'dead' ORDER BY seq").fetchall()
            chosen = [row for row in rows if names is None or {row[2], f"{row[1]}/{row[2]}"} & set(names)]
            now = self._now()
            for row in chosen:
                connection.execute(
                    "UPDATE events SET status = 'queued', attempts = 0, due = ?, updated = ? WHERE seq = ?",
                    (now, now, row[0]),
                )
            return [self._entry(row) for row in chosen]

        return await self._file.do(work)

    async def entries(self, *statuses: EventStatus, limit: int = 1000) -> list[QueuedEvent]:
        """The latest entries of these statuses, or of all, the newest first."""

        def work(connection: sqlite3.Connection) -> list[QueuedEvent]:
            among = f"WHERE status IN ({', '.join('?' * len(statuses))})" if statuses else ""
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM events {among} ORDER BY seq DESC LIMIT ?", (*statuses, limit)
            ).fetchall()
            return [self._entry(row) for row in rows]

        return await self._file.do(work)

    async def find(self, source: str, event_id: str) -> QueuedEvent | None:
        """The entry of an event, None if it was never put."""

        def work(connection: sqlite3.Connection) -> QueuedEvent | None:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM events WHERE source = ? AND id = ?", (source, event_id)
            ).fetchone()
            return None if row is None else self._entry(row)

        return await self._file.do(work)

    async def next_due(self) -> float | None:
        """When the next queued event is due, epoch seconds; None if none is queued."""

        def work(connection: sqlite3.Connection) -> float | None:
            (due,) = connection.execute("SELECT MIN(due) FROM events WHERE status = 'queued'").fetchone()
            return None if due is None else float(due)

        return await self._file.do(work)

    async def mark(self, name: str) -> str | None:
        """What a source has noted down under a name: how far it has come."""

        def work(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

        return await self._file.do(work)

    async def marks(self, prefix: str) -> dict[str, str]:
        """What sources have noted down under the names that begin with `prefix`, which is not empty."""

        def work(connection: sqlite3.Connection) -> dict[str, str]:
            end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
            return dict(connection.execute("SELECT name, value FROM marks WHERE name >= ? AND name < ?", (prefix, end)))

        return await self._file.do(work)

    async def set_mark(self, name: str, value: str | None) -> None:
        """Note down how far a source has come; None: nothing is known any more."""
        await self.set_marks({name: value})

    async def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """As `set_mark`, all in one transaction."""

        def work(connection: sqlite3.Connection) -> None:
            for mark in marks.items():
                _mark(connection, mark)

        await self._file.do(work)

    async def prune(self, before: float) -> int:
        """Forget events that ended before a time: how many. The same event sent again would be a new one."""

        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(
                "DELETE FROM events WHERE updated < ? AND status NOT IN ('queued', 'running', 'parked', 'dead')",
                (before,),
            ).rowcount

        return await self._file.do(work)

    async def aclose(self) -> None:
        """Close the file."""
        await self._file.aclose()

    def _end(self, connection: sqlite3.Connection, seqs: Sequence[int], status: EventStatus, error: str = "") -> None:
        values = [(status, self._sealed(error), self._now(), seq) for seq in seqs]
        connection.executemany("UPDATE events SET status = ?, error = ?, stop = '', updated = ? WHERE seq = ?", values)

    def _of(self, connection: sqlite3.Connection, seqs: Sequence[int]) -> tuple[QueuedEvent, ...]:
        rows = (connection.execute(f"SELECT {_COLUMNS} FROM events WHERE seq = ?", (seq,)).fetchone() for seq in seqs)
        return tuple(map(self._entry, rows))

    def _sealed(self, text: str) -> str:
        return self._codec.dump(text) if text else ""

    def _entry(self, row: tuple[Any, ...]) -> QueuedEvent:
        seq, source, event_id, status, thread_id, attempts, error, received, updated, due, stop, event = row
        return QueuedEvent(
            seq=seq,
            source=source,
            id=event_id,
            status=status,
            thread_id=thread_id,
            attempts=attempts,
            error=self._codec.load(error) if error else "",
            received=received,
            updated=updated,
            due=due,
            stop=stop,
            event=self._codec.load(event),
        )


def _scope(source: str, key: str, alone: str) -> str:
    """What events compete for: their key, or nothing (`alone`). Hashed, since a key is of the event's own text."""
    named = ["key", source, key] if key else ["event", source, alone] if alone else ["source", source]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32]


def _mark(connection: sqlite3.Connection, mark: tuple[str, str | None] | None) -> None:
    if mark is None:
        return
    name, value = mark
    if value is None:
        connection.execute("DELETE FROM marks WHERE name = ?", (name,))
    else:
        connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))
