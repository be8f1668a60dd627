"""query_database: SELECT on the user's database, read-only by parsing and by connection."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from state.result import Evidence
from tools.registry import ToolFailure, ToolOutput, ToolSpec, tool
from tools.sql_database import (
    LONGEST_SQL,
    DatabaseUnavailable,
    Overdue,
    SqlDatabase,
    Table,
    as_json,
    execute_as_it_is,
    reading_only,
    reason,
)
from tools.unnamed import NO_DATABASE

MOST_ROWS = 200
_MOST_EVIDENCE = 50
_MOST_CHARACTERS = 500_000
"""Of all cells of a result together."""
_LONGEST_DESCRIPTION = 8_000


def query_database(url: str | None, *, rows: int = MOST_ROWS, seconds: float = 10.0) -> ToolSpec:
    """The tool `query_database` for the database at a SQLAlchemy URL; unavailable, with the reason, without one.

    `rows` and `seconds` bound one query. The schema is in the tool's description, and in its metadata:
    {"schema": {table: [{"name", "type", "samples"}]}, "rows": {table: count}, "dialect", "database"}. A text column of
    few values has all of them as "values", and one that points at another table "references": 'table.column'.
    """
    database, tables, unavailable = opened(url)

    def query_database(
        sql: Annotated[str, Field(max_length=LONGEST_SQL, description="One SELECT, or WITH ... SELECT.")],
    ) -> ToolOutput:
        if database is None:
            raise ToolFailure(str(unavailable), sent=False)
        return _query(database, sql, rows, seconds)

    dialect = database.dialect if database else "sqlite"
    query_database.__doc__ = (
        f"Read from the user's database with one SELECT of {'Postgres' if dialect == 'postgres' else 'SQLite'}.\n\n"
        f'Returns {{"columns": [...], "rows": [{{column: value}}], "truncated": bool}}, at most {rows} rows.'
        f"{_described(tables)}"
    )
    spec = tool(risk="read", trusted=False, timeout=seconds + 20, unavailable=unavailable)(query_database)
    spec.tool.metadata = {
        "schema": {table.name: table.columns for table in tables},
        "rows": {table.name: table.rows for table in tables},
        "dialect": dialect,
        "database": database.name if database else "",
    }
    return spec


def schema(url: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of a database: for each its columns as {"name", "type", "samples"}. Raises DatabaseUnavailable."""
    return {table.name: table.columns for table in SqlDatabase(url).tables()}


def opened(url: str | None, *, patience: float = 10.0) -> tuple[SqlDatabase | None, list[Table], str | None]:
    """The database at a URL and its tables; with neither, or without a table, why it can't be queried.

    `patience`: seconds that a server may take to answer at all.
    """
    if not url:
        return None, [], NO_DATABASE
    try:
        database = SqlDatabase(url, patience=patience)
        tables = database.tables()
    except DatabaseUnavailable as error:
        return None, [], str(error)
    return database, tables, None if tables else f"the database '{database.name}' has no tables"


def _described(tables: list[Table]) -> str:
    """The schema, as a model reads it: a line per table, with samples, as far as there is room."""
    lines = []
    for table in tables:
        columns = ", ".join(
            f"{column['name']} {column['type']}{_samples(column['samples'])}" for column in table.columns
        )
        count = f" ({table.rows} rows)" if table.rows is not None else ""
        lines.append(f"- {table.name}{count}: {columns}")
    text = "\n".join(lines)
    if len(text) > _LONGEST_DESCRIPTION:
        text = "\n".join(f"- {table.name}: {', '.join(column['name'] for column in table.columns)}" for table in tables)
    return f"\n\nTables:\n{text[:_LONGEST_DESCRIPTION]}" if tables else ""


def _samples(values: list[Any]) -> str:
    shown = "; ".join(repr(value)[:40] for value in values[:2])
    return f" [{shown}]" if shown else ""


def _query(database: SqlDatabase, sql: str, most_rows: int, seconds: float) -> ToolOutput:
    from sqlalchemy.exc import SQLAlchemyError

    from tools.sql import RefusedStatement, check_query

    try:
        tables = check_query(sql, database.dialect)
    except RefusedStatement as error:
        raise ToolFailure(str(error), kind="invalid_arguments", sent=False) from None
    try:
        with database.connect(seconds=seconds) as connection:
            reading_only(connection)
            result = execute_as_it_is(connection, sql)
            columns = _distinct(list(result.keys()))
            fetched = result.fetchmany(most_rows + 1)
    except Overdue as error:
        raise ToolFailure(str(error), kind="permanent") from error  # asked again it would take as long again
    except DatabaseUnavailable as error:
        raise ToolFailure(str(error), kind="transient", sent=False) from error
    except SQLAlchemyError as error:
        raise ToolFailure(f"the database refused the query: {reason(error)}", kind="invalid_arguments") from error
    found, size = list[dict[str, Any]](), 0
    for row in fetched[:most_rows]:
        cells = {name: as_json(cell) for name, cell in zip(columns, row, strict=True)}
        size += sum(len(str(cell)) for cell in cells.values())
        if size > _MOST_CHARACTERS and found:
            break
        found.append(cells)
    value = {"columns": columns, "rows": found, "truncated": len(found) < len(fetched)}
    total = f"more than {len(found)}" if value["truncated"] else str(len(found))
    return ToolOutput(value, _evidence(database.name, tables, found, total))


def _distinct(names: list[str]) -> list[str]:
    """Column names made unique: a, a_2."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


def _evidence(source: str, tables: list[str], rows: list[dict[str, Any]], total: str) -> list[Evidence]:
    where = f"table {', '.join(tables)}" if len(tables) == 1 else f"tables {', '.join(tables)}" if tables else "query"
    return [
        Evidence(
            text=", ".join(f"{name}: {'' if cell is None else cell}" for name, cell in row.items()),
            source=source,
            place=f"{where}, row {number}" + (f" of {total}" if total != "1" else ""),
            kind="value",
        )
        for number, row in enumerate(rows[:_MOST_EVIDENCE], start=1)
    ]
