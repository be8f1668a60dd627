"""The SQLite file of an index: its tables, its connections, and its errors as sentences."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from memory.documents.content import DocumentsError
from memory.folders import make_private
from memory.write_ahead import write_ahead

_VERSION = 3
"""Goes up with the tables and with what the converters make of a file: an older index is made anew."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS generation (number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS files (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, digest TEXT NOT NULL,
  bytes INTEGER NOT NULL, date TEXT, failure TEXT, notes TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS chunks (
  id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  text TEXT NOT NULL, headings TEXT NOT NULL, place TEXT NOT NULL, embedding BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_by_file ON chunks(file);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
  text, headings, content='chunks', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
CREATE TRIGGER IF NOT EXISTS chunk_added AFTER INSERT ON chunks BEGIN
  INSERT INTO words(rowid, text, headings) VALUES (new.id, new.text, new.headings); END;
CREATE TRIGGER IF NOT EXISTS chunk_removed AFTER DELETE ON chunks BEGIN
  INSERT INTO words(words, rowid, text, headings) VALUES ('delete', old.id, old.text, old.headings); END;
"""
_TABLES = ("words", "chunks", "files", "generation")
_BUSY_SECONDS = 30.0


class Database:
    """Connections to one index file, for any number of threads and processes.

    `reading` and `writing` hand out a connection; both turn SQLite's errors into DocumentsError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._ready = False
        self._process = os.getpid()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from; what it sees stays the same within one `with`."""
        with self._errors(), self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction that is committed at the end, and whose generation is one up."""
        with self._errors(), self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("UPDATE generation SET number = number + 1")
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def close(self) -> None:
        """Close the connections that aren't in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._process != os.getpid():  # a connection must not be carried across a fork
                self._idle, self._process = [], os.getpid()
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        make_private(self.path.parent)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if not self._ready:
                self._prepare(connection)
                self._ready = True
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
            return
        write_ahead(connection, _BUSY_SECONDS)
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != _VERSION:
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if known and not known.issuperset(_TABLES):
                raise DocumentsError(f"{self.path} is a database, but no index of documents; name another file")
            for table in _TABLES if known else ():
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in _statements(_SCHEMA):
                connection.execute(statement)
            connection.execute("INSERT INTO generation VALUES (0)")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.commit()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            reason = str(error)
            if "locked" in reason or "busy" in reason:
                message = f"the index {self.path} is in use by another process; try again in a moment"
            elif "full" in reason or "disk I/O" in reason:
                message = f"the disk is full or fails ({reason}): the index {self.path} can't be written; make room"
            elif "readonly" in reason or "unable to open" in reason:
                message = f"the index {self.path} can't be opened for writing; check its permissions"
            else:
                message = f"the index {self.path} can't be used ({reason}); delete it and index again"
            raise DocumentsError(message) from error
        except sqlite3.DatabaseError as error:
            raise DocumentsError(f"the index {self.path} is damaged ({error}); delete it and index again") from error
        except OSError as error:
            message = f"the index {self.path} can't be opened: {error.strerror or error}"
            raise DocumentsError(f"{message}; check the path and its permissions") from error


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would commit the transaction it runs in."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
