"""One run per thread: a lock that holds across coroutines, processes and, on Postgres, machines."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.database import PersistenceError, PostgresServer, SqliteFile, backing_of_saver, explained
from memory.folders import make_private

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

_POLL = 0.05
_ATTACHED = "_locked_threads"
_of_unknown_savers: set[str] = set()
_guard = threading.Lock()


class ThreadBusy(RuntimeError):
    """Another run of the thread is under way. `holder` says whose, where that is known."""

    def __init__(self, thread_id: str, holder: str | None = None) -> None:
        super().__init__(
            f"thread '{thread_id}' is at work in {holder or 'another run'}; "
            "wait for it to end, or stop it, and try again"
        )
        self.thread_id = thread_id
        self.holder = holder


@asynccontextmanager
async def thread_lock(
    checkpointer: BaseCheckpointSaver[Any] | None, thread_id: str, *, wait: float = 0
) -> AsyncIterator[None]:
    """Hold a thread for one run. Raises ThreadBusy if another has it and goes on having it for `wait` seconds.

    Without a saver, or without an id, nothing of the run is kept that a second one could spoil: nothing is held.
    Beside a SQLite file it is a file lock, on Postgres an advisory lock: both are let go by the system when the
    process that holds them ends, however it ends. For a saver in memory it is a mark in this process.
    """
    if checkpointer is None or not thread_id:
        yield
        return
    backing = await backing_of_saver(checkpointer)
    if isinstance(backing, SqliteFile):
        lock = _file_lock(backing.path, thread_id, wait)
    elif isinstance(backing, PostgresServer):
        lock = _advisory_lock(backing, thread_id, wait)
    else:
        held = _of_unknown_savers if backing.owner is None else vars(backing.owner).setdefault(_ATTACHED, set())
        lock = _mark(held, thread_id, wait)
    async with lock:
        yield


def forget_lock(database: Path, thread_id: str) -> None:
    """Remove the lock file of a deleted thread. Blocks; only for who holds the lock."""
    with suppress(OSError):
        _lock_file(database, thread_id).unlink()


async def _acquired(attempt: Callable[[], Awaitable[bool]], wait: float) -> bool:
    deadline = time.monotonic() + wait
    while not await attempt():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        await asyncio.sleep(min(_POLL, left))
    return True


@asynccontextmanager
async def _mark(held: set[str], thread_id: str, wait: float) -> AsyncIterator[None]:
    async def attempt() -> bool:
        with _guard:
            if thread_id in held:
                return False
            held.add(thread_id)
            return True

    if not await _acquired(attempt, wait):
        raise ThreadBusy(thread_id, f"this process (pid {os.getpid()})")
    try:
        yield
    finally:
        with _guard:
            held.discard(thread_id)


def _lock_file(database: Path, thread_id: str) -> Path:
    return Path(f"{database}.locks") / f"{hashlib.sha256(thread_id.encode()).hexdigest()[:32]}.lock"


@asynccontextmanager
async def _file_lock(database: Path, thread_id: str, wait: float) -> AsyncIterator[None]:
    file = _lock_file(database, thread_id)
    lock: Any = None

    def acquire() -> bool:
        nonlocal lock
        from filelock import FileLock, Timeout

        lock = lock or FileLock(file, timeout=0, mode=0o600, thread_local=False)
        try:
            make_private(file.parent)
            lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise PersistenceError(
                f"thread '{thread_id}' can't be locked: '{file.parent}' can't be written ({error.strerror or error})"
            ) from error
        _write_holder(file)
        return True

    async def attempt() -> bool:
        # Not cancelled half way: a lock taken by a thread that nobody waits for any more would never be let go.
        taking = asyncio.ensure_future(asyncio.to_thread(acquire))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            if await taking:
                lock.release()
            raise

    if not await _acquired(attempt, wait):
        raise ThreadBusy(thread_id, await asyncio.to_thread(_read_holder, file))
    try:
        yield
    finally:
        lock.release()


def _write_holder(file: Path) -> None:
    """Say in a lock file who holds it. One that isn't empty is the lock itself, where a filesystem has no other."""
    with suppress(OSError), file.open("r+", encoding="utf-8") as opened:
        if not opened.read(1):
            json.dump({"pid": os.getpid(), "host": socket.gethostname()}, opened)


def _read_holder(file: Path) -> str | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        pid, host = int(found["pid"]), str(found["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if pid == os.getpid() and host == socket.gethostname():
        return f"this process (pid {pid})"
    return f"process {pid}" + ("" if host == socket.gethostname() else f" on {host}")


@asynccontextmanager
async def _advisory_lock(server: PostgresServer, thread_id: str, wait: float) -> AsyncIterator[None]:
    from psycopg import AsyncConnection

    key = int.from_bytes(hashlib.sha256(f"thread:{thread_id}".encode()).digest()[:8], "big", signed=True)
    who = f"orchestrate pid {os.getpid()} on {socket.gethostname()}"
    with explained(server):
        connection = await AsyncConnection.connect(
            server.conninfo, autocommit=True, connect_timeout=10, application_name=who[:63]
        )
    try:

        async def attempt() -> bool:
            found = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (key,))).fetchone()
            return bool(found and found[0])

        with explained(server):
            taken = await _acquired(attempt, wait)
            if not taken:
                # A 64-bit key is shown as two halves.
                found = await (
                    await connection.execute(
                        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                        "WHERE l.locktype = 'advisory' AND l.granted "
                        "AND ((l.classid::bigint << 32) | l.objid::bigint) = %s",
                        (key,),
                    )
                ).fetchone()
                raise ThreadBusy(thread_id, found[0].removeprefix("orchestrate ") if found else None)
        yield
    finally:
        await connection.close()  # lets go of the lock
