"""run_sql: one INSERT, UPDATE or DELETE, applied exactly once."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

from pydantic import Field

from state.result import Evidence
from state.text import counted
from tools.registry import ToolFailure, ToolOutput, ToolSpec, current_call, tool
from tools.sql_database import (
    LONGEST_SQL,
    DatabaseUnavailable,
    Overdue,
    SqlDatabase,
    as_json,
    execute_as_it_is,
    reason,
)
from tools.unnamed import NO_DATABASE

EFFECTS = "_orchestrate_effects"
_CREATE = f"CREATE TABLE IF NOT EXISTS {EFFECTS} (key TEXT PRIMARY KEY, outcome TEXT NOT NULL, applied REAL NOT NULL)"
_CLAIM = f"INSERT INTO {EFFECTS} (key, outcome, applied) VALUES (:key, '', :now) ON CONFLICT (key) DO NOTHING"


def run_sql(url: str | None, *, seconds: float = 30.0) -> ToolSpec:
    """The tool `run_sql` for the database at a SQLAlchemy URL; unavailable, with the reason, if it can't be used.

    The statement and the key of the call (`current_call`) are committed in one transaction, the key in the table
    `_orchestrate_effects` of that database: repeated under its key, a call changes nothing and has the same result.
    """
    database, unavailable = _opened(url)

    def run_sql(
        sql: Annotated[
            str, Field(max_length=LONGEST_SQL, description="One INSERT, UPDATE or DELETE; :name for values.")
        ],
        parameters: Annotated[
            dict[str, Any] | None, Field(description="Values for the :names in the statement.")
        ] = None,
    ) -> ToolOutput:
        """Change the user's database with one INSERT, UPDATE or DELETE, in one transaction, exactly once.

        Returns {"rows": how many were changed, "repeated": whether an earlier call had done it already}.
        """
        if database is None:
            raise ToolFailure(str(unavailable), sent=False)
        return _run(database, sql, parameters or {}, seconds)

    return tool(
        risk="write", idempotent=True, trusted=True, timeout=seconds + 20, concurrency=1, unavailable=unavailable
    )(run_sql)


def _opened(url: str | None) -> tuple[SqlDatabase | None, str | None]:
    if not url:
        return None, NO_DATABASE
    try:
        database = SqlDatabase(url)
        with database.connect():
            return database, None
    except DatabaseUnavailable as error:
        return None, str(error)


def _run(database: SqlDatabase, sql: str, parameters: dict[str, Any], seconds: float) -> ToolOutput:
    from sqlalchemy.exc import OperationalError, SQLAlchemyError

    from tools.sql import RefusedStatement, check_write

    try:
        tables = check_write(sql, database.dialect)
    except RefusedStatement as error:
        raise ToolFailure(str(error), kind="invalid_arguments", sent=False) from None
    try:
        outcome = _apply(database, sql, parameters, seconds)
    except Overdue as error:
        raise ToolFailure(str(error), kind="timeout") from error
    except DatabaseUnavailable as error:
        raise ToolFailure(str(error), kind="transient", sent=False) from error
    except OperationalError as error:
        kind = "transient" if "locked" in str(error) else "permanent"
        raise ToolFailure(f"the database couldn't do it: {reason(error)}", kind=kind) from error  # type: ignore[arg-type]
    except SQLAlchemyError as error:
        raise ToolFailure(f"the database refused the statement: {reason(error)}", kind="invalid_arguments") from error
    changed = counted(outcome["rows"], "row")
    text = f"Changed {changed} of {', '.join(tables)}" + (", before this call." if outcome["repeated"] else ".")
    evidence = Evidence(text=text, source=database.name, place=f"table {tables[0]}", kind="value", trusted=True)
    return ToolOutput(outcome, [evidence])


def _apply(database: SqlDatabase, sql: str, parameters: dict[str, Any], seconds: float) -> dict[str, Any]:
    from sqlalchemy import text

    key = current_call.get().key
    with database.connect(write=True, seconds=seconds) as connection:
        if database.dialect == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # sqlite3 begins late, and then may fail to get the lock
        if key:
            connection.execute(text(_CREATE))
            if connection.execute(text(_CLAIM), {"key": key, "now": time.time()}).rowcount == 0:
                sql_before = text(f"SELECT outcome FROM {EFFECTS} WHERE key = :key")
                before: dict[str, Any] = json.loads(connection.execute(sql_before, {"key": key}).scalar_one())
                return {**before, "repeated": True}
        result = connection.execute(text(sql), parameters) if parameters else execute_as_it_is(connection, sql)
        outcome: dict[str, Any] = {"rows": max(result.rowcount, 0), "repeated": False}
        if result.returns_rows:
            outcome["returned"] = [
                {name: as_json(cell) for name, cell in row.items()} for row in result.mappings().fetchmany(200)
            ]
        if database.dialect == "sqlite":
            result.close()  # sqlite3 itself doesn't count the rows of what begins with WITH or ends with RETURNING
            outcome["rows"] = int(connection.exec_driver_sql("SELECT changes()").scalar_one())
        if key:
            update = text(f"UPDATE {EFFECTS} SET outcome = :outcome WHERE key = :key")
            connection.execute(update, {"outcome": json.dumps(outcome), "key": key})
        return outcome
