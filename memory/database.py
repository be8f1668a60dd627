"""Where checkpoints, store and journal live: the database behind a URL or a saver, and what its errors mean."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.folders import make_private
from memory.settings import settings
from memory.write_ahead import write_ahead

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

BUSY_TIMEOUT = 15.0
"""Seconds a write waits for another process's write before it gives up."""


class PersistenceError(RuntimeError):
    """What is remembered can't be read or written. The message says why, and what to do about it."""


@dataclass(frozen=True)
class SqliteFile:
    """A database in a file."""

    path: Path

    def __str__(self) -> str:
        return f"'{self.path}'"


@dataclass(frozen=True)
class PostgresServer:
    """A database on a server, by its libpq connection string."""

    conninfo: str

    def __str__(self) -> str:
        return "the Postgres database"


@dataclass(frozen=True, eq=False)
class ProcessMemory:
    """No database: what is kept ends with the process.

    `owner` is the part of the saver that shallow copies of it, as LangGraph makes them, have in common; None: no saver.
    """

    owner: Any = None

    def __str__(self) -> str:
        return "the database in memory"


Backing = SqliteFile | PostgresServer | ProcessMemory


def backing_of_url(url: str | None = None) -> Backing:
    """The database that `url` names: `sqlite:///PATH`, a bare path, `:memory:`, or `postgresql://...`.

    None: the one the settings name. Raises PersistenceError for anything else.
    """
    url = url or settings().database_url
    scheme, separator, rest = url.partition("://")
    if not separator:
        return ProcessMemory() if url == ":memory:" else SqliteFile(Path(url).expanduser().absolute())
    dialect = scheme.partition("+")[0]
    if dialect == "sqlite":
        path = rest.removeprefix("/")
        return SqliteFile(Path(path).expanduser().absolute()) if path not in ("", ":memory:") else ProcessMemory()
    if dialect in ("postgresql", "postgres"):
        return PostgresServer(f"postgresql://{rest}")
    raise PersistenceError(
        f"'{scheme}://' is no database this can use; set ORCHESTRATE_DATABASE to sqlite:///PATH or postgresql://..."
    )


async def backing_of_saver(saver: BaseCheckpointSaver[Any] | None) -> Backing:
    """The database a saver keeps its checkpoints in.

    A saver of a kind unknown here (another database's) gets the configured database: whatever is kept beside its
    checkpoints must outlive the process as they do.
    """
    if saver is None:
        return ProcessMemory()
    # By name, so that no saver's module need be imported to ask.
    kinds = {base.__name__ for base in type(saver).__mro__}
    connection: Any = getattr(saver, "conn", None)
    if "AsyncSqliteSaver" in kinds:
        if (backing := getattr(saver, "backing", None)) is not None:
            return backing if isinstance(backing, SqliteFile) else ProcessMemory(connection)
        await saver.setup()  # type: ignore[attr-defined]  # connects if that hasn't been done yet
        async with connection.execute("PRAGMA database_list") as cursor:
            return _main_file(await cursor.fetchall(), connection)
    if "SqliteSaver" in kinds:
        return _main_file(connection.execute("PRAGMA database_list").fetchall(), saver)
    if "BasePostgresSaver" in kinds:
        return PostgresServer(_conninfo(connection))
    if "InMemorySaver" in kinds:
        return memory_of(saver)
    return await asyncio.to_thread(backing_of_url)


def memory_of(saver: BaseCheckpointSaver[Any] | None) -> ProcessMemory:
    """The memory of a saver that has no database."""
    return ProcessMemory(None if saver is None else getattr(saver, "stack", saver))


def _main_file(rows: Any, owner: object) -> Backing:
    path = next((row[2] for row in rows if row[1] == "main"), "")
    return SqliteFile(Path(path)) if path else ProcessMemory(owner)


def _conninfo(connection: Any) -> str:
    from psycopg.conninfo import make_conninfo

    if hasattr(connection, "conninfo"):  # a pool
        return str(connection.conninfo)
    info = connection.info
    secret = {"password": info.password} if info.password else {}
    return make_conninfo(**info.get_parameters(), **secret)


def prepare_file(path: Path) -> None:
    """Make sure that the file is there and that only its owner may read it. Raises PersistenceError.

    SQLite gives its -wal and -shm files the mode of the file itself, so all three are private from their first byte.
    """
    try:
        make_private(path.parent)
        try:
            # Only ever opened when it is new: closing any descriptor of a file drops all locks that SQLite
            # connections of this process hold on it.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            if path.is_dir():
                raise PersistenceError(f"'{path}' is a directory; name a file in it") from None
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            with suppress(FileNotFoundError):
                if stat.S_IMODE(file.stat().st_mode) & 0o077:
                    file.chmod(0o600)
        if path.stat().st_size == 0:
            # What ails the file is told by whoever opens it next.
            with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
                write_ahead(connection, BUSY_TIMEOUT)
    except OSError as error:
        raise PersistenceError(_os_sentence(path, error)) from error


def _os_sentence(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"there is no space left to write '{path}'; free some space, or move it by ORCHESTRATE_HOME"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f"'{path}' can't be written: no permission; make it writable, or move it by ORCHESTRATE_HOME"
    return f"'{path}' can't be opened: {error.strerror or error}"


_SQLITE_SENTENCES: dict[int, str] = {
    sqlite3.SQLITE_FULL: "there is no space left to write {where}; free some space, then resume",
    sqlite3.SQLITE_BUSY: "{where} is locked by another process, and stayed so; try again when that has ended",
    sqlite3.SQLITE_LOCKED: "{where} is locked by another process, and stayed so; try again when that has ended",
    sqlite3.SQLITE_READONLY: "{where} can't be written: the file or its directory is read-only; make both writable, "
    "or move it by ORCHESTRATE_HOME",
    sqlite3.SQLITE_PERM: "{where} can't be opened: no permission",
    sqlite3.SQLITE_CANTOPEN: "{where} can't be opened: the file or its directory is missing or not writable",
    sqlite3.SQLITE_CORRUPT: "{where} is damaged; restore it from a backup, or move it away to begin anew",
    sqlite3.SQLITE_NOTADB: "{where} is no SQLite database, or damaged; move it away to begin anew, or name another "
    "file by ORCHESTRATE_DATABASE",
    sqlite3.SQLITE_IOERR: "the disk under {where} failed to read or write; check its space and its health",
}


def explain(error: BaseException, where: object) -> PersistenceError | None:
    """The error as a clear sentence about `where`; None if it isn't a database's."""
    if isinstance(error, sqlite3.Error):
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        sentence = _SQLITE_SENTENCES.get(code)
        return PersistenceError(sentence.format(where=where) if sentence else f"{where}: {error}")
    if type(error).__module__.partition(".")[0] in ("psycopg", "psycopg_pool"):
        return PersistenceError(f"{where} can't be used: {str(error).strip() or type(error).__name__}")
    return None


@contextmanager
def explained(where: object) -> Iterator[None]:
    """Raise a database's errors as PersistenceError."""
    try:
        yield
    except Exception as error:
        if clear := explain(error, where):
            raise clear from error
        raise
