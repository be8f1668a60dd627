"""The database behind a URL: how to connect to it, for reading or for writing, and what is in it."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from state.text import counted

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Engine

LONGEST_SQL = 20_000
LONGEST_CELL = 4000
_LARGEST_VALUE = 10_000_000
_SAMPLES = 3
_MOST_VALUES, _VALUES_OF_ROWS = 100, 20_000
"""Different values of a text column that are listed, if there are no more in so many rows."""
_MOST_TABLES = 50
_MOST_COLUMNS = 60
_MOST_COUNTED = 1_000_000
_READ_ACTIONS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)


class DatabaseUnavailable(Exception):
    """The database can't be used. The message says why and what to do."""


class Overdue(Exception):
    """A statement took longer than it may."""


@dataclass(frozen=True)
class Table:
    """A table or view. `columns`: {"name", "type", "samples"} each; `rows`: how many, None if it wasn't counted."""

    name: str
    columns: list[dict[str, Any]]
    rows: int | None


def without_password(url: str) -> str:
    """A database's URL as it may be written down; '' for what is none."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        return ""
    return read._replace(password=None).difference_update_query(["password"]).render_as_string(hide_password=False)


class SqlDatabase:
    """A SQLite file or a Postgres database by its SQLAlchemy URL. Raises DatabaseUnavailable.

    `patience`: seconds that a server may take to answer at all, at least 2, unless the URL has a `connect_timeout`.
    """

    def __init__(self, url: str, *, patience: float = 10.0) -> None:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        self._patience = patience
        try:
            self._url = make_url(url)
        except (ArgumentError, ValueError):  # the latter for a port that is no number
            raise DatabaseUnavailable("the database's URL can't be read; write it as sqlite:///sales.sqlite") from None
        self.dialect = self._url.get_backend_name().replace("postgresql", "postgres")
        if self.dialect not in ("sqlite", "postgres"):
            raise DatabaseUnavailable(f"a {self.dialect} database isn't supported; use SQLite or Postgres")
        self._engines: dict[bool, Engine] = {}

    @property
    def name(self) -> str:
        """How the database is named in citations: the file's name, or the database's."""
        database = self._url.database or ""
        return Path(database).name if self.dialect == "sqlite" else database

    @contextlib.contextmanager
    def connect(self, *, write: bool = False, seconds: float = 10.0) -> Iterator[Connection]:
        """A connection in a transaction, committed at the end if it is for writing, else rolled back.

        Without `write` the connection itself refuses to change anything. A statement that runs beyond
        `seconds` is stopped: Overdue. Raises DatabaseUnavailable if there is no connection.
        """
        from sqlalchemy import text
        from sqlalchemy.exc import OperationalError

        try:
            connection = self._engine(write).connect()
        except (OperationalError, sqlite3.Error, OSError, ImportError) as error:
            raise DatabaseUnavailable(f"the database '{self.name}' can't be opened: {reason(error)}") from error
        with connection, self._deadline(connection, seconds), connection.begin() as transaction:
            if self.dialect == "postgres":
                if not write:
                    connection.execute(text("SET TRANSACTION READ ONLY"))
                connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
            try:
                yield connection
            except OperationalError as error:
                if "interrupted" in str(error) or "statement timeout" in str(error):
                    raise Overdue(f"the statement took longer than {seconds:g} s; ask for less") from error
                raise
            if not write:
                transaction.rollback()

    def tables(self) -> list[Table]:
        """The tables and views, with samples of what is in them. Raises DatabaseUnavailable."""
        from sqlalchemy import inspect
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self.connect(seconds=5.0) as connection:
                inspector = inspect(connection)
                names = [
                    name
                    for name in [*inspector.get_table_names(), *inspector.get_view_names()]
                    if not name.startswith(("_orchestrate_", "sqlite_"))
                ]
                return [self._table(connection, inspector, name) for name in names[:_MOST_TABLES]]
        except (SQLAlchemyError, sqlite3.Error, Overdue) as error:
            raise DatabaseUnavailable(f"the database '{self.name}' can't be read: {reason(error)}") from error

    def _table(self, connection: Connection, inspector: Any, name: str) -> Table:
        from sqlalchemy import text

        quoted = self._quoted(name)
        columns = inspector.get_columns(name)[:_MOST_COLUMNS]
        sample = connection.execute(text(f"SELECT * FROM {quoted} LIMIT 50")).mappings().fetchall()
        described = []
        for column in columns:
            cells = [as_json(row.get(column["name"])) for row in sample]
            values = dict.fromkeys(
                cell for cell in cells if cell not in (None, "") and not isinstance(cell, list | dict)
            )
            declared = str(column["type"])
            described.append(
                {
                    "name": column["name"],
                    "type": _type_of(list(values)) if declared == "NULL" else declared,
                    "samples": list(values)[:_SAMPLES],
                }
            )
            if any(isinstance(value, str) for value in values):
                described[-1]["values"] = self._values(connection, quoted, column["name"])
        for key in inspector.get_foreign_keys(name):
            if len(key["constrained_columns"]) == 1 and not key.get("referred_schema"):
                pointed = next((c for c in described if c["name"] == key["constrained_columns"][0]), None)
                if pointed is not None:
                    pointed["references"] = f"{key['referred_table']}.{key['referred_columns'][0]}"
        counting = f"SELECT count(*) FROM (SELECT 1 FROM {quoted} LIMIT {_MOST_COUNTED + 1}) AS counted"
        rows = int(connection.execute(text(counting)).scalar_one())
        return Table(name, described, rows if rows <= _MOST_COUNTED else None)

    def _values(self, connection: Connection, table: str, column: str) -> list[str]:
        """The different values of a column of few; none of one that has many."""
        from sqlalchemy import text

        name = self._quoted(column)
        rows = f"SELECT {name} FROM {table} LIMIT {_VALUES_OF_ROWS}"
        sql = f"SELECT DISTINCT {name} FROM ({rows}) AS sampled LIMIT {_MOST_VALUES + 1}"
        found = [row[0] for row in connection.execute(text(sql)).fetchall() if isinstance(row[0], str) and row[0]]
        return sorted(found) if len(found) <= _MOST_VALUES else []

    def _quoted(self, name: str) -> str:
        return self._engine(False).dialect.identifier_preparer.quote_identifier(name)

    def _engine(self, write: bool) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool

        if write not in self._engines:
            if self.dialect == "sqlite":
                made = create_engine("sqlite://", creator=lambda: self._sqlite(write), poolclass=NullPool)
            else:
                # Prepared from the first time on: what is prepared is one statement, however it was parsed here.
                patience = {"connect_timeout": str(max(2, round(self._patience)))}
                made = create_engine(
                    self._url.set(drivername="postgresql+psycopg", query={**patience, **self._url.query}),
                    poolclass=NullPool,
                    connect_args={"prepare_threshold": 0},
                )
            self._engines[write] = made
        return self._engines[write]

    def _sqlite(self, write: bool) -> sqlite3.Connection:
        path = Path(self._url.database or "").expanduser().absolute()
        if not self._url.database or self._url.database == ":memory:":
            raise sqlite3.OperationalError("a database in memory is empty; name a file, as in sqlite:///sales.sqlite")
        if not path.is_file():
            raise sqlite3.OperationalError(f"there is no file {path}")
        mode = "rw" if write else "ro"
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=10, check_same_thread=False
        )
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        if not write:
            connection.execute("PRAGMA query_only = ON")
        return connection

    @contextlib.contextmanager
    def _deadline(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Stop SQLite's statements when their time is over. Postgres has a setting for that."""
        raw = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection):
            end = time.monotonic() + seconds
            raw.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
        yield


def _type_of(values: list[Any]) -> str:
    """The type of a column that SQLite was given none for."""
    if values and all(isinstance(value, int) for value in values):
        return "INTEGER"
    return "REAL" if values and all(isinstance(value, int | float) for value in values) else "TEXT"


def execute_as_it_is(connection: Connection, sql: str) -> CursorResult[Any]:
    """Execute a statement in which ':' and '%' mean nothing."""
    return connection.exec_driver_sql(sql.replace("%", "%%") if connection.dialect.name == "postgresql" else sql)


def reading_only(connection: Connection) -> None:
    """From here on SQLite refuses everything but reading, whatever the statement says: a third lock."""
    raw = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection):
        raw.set_authorizer(_authorize)


def _authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
    if action == sqlite3.SQLITE_FUNCTION and str(second).lower() == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READ_ACTIONS else sqlite3.SQLITE_DENY


def as_json(value: Any) -> Any:
    """A cell as a JSON value: dates as ISO text, decimals as numbers, bytes as their count, long text cut."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else as_json(float(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | clock_time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({counted(len(bytes(value)), 'byte')})"
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(name): as_json(item) for name, item in value.items()}
    text = str(value)
    return text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…"


def reason(error: BaseException) -> str:
    """The first line of a database's error, without the statement and without SQLAlchemy's links."""
    return str(getattr(error, "orig", None) or error).strip().split("\n", 1)[0]
