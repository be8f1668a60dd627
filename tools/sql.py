"""What a SQL statement does, decided by parsing it: before anything is sent to a database."""

from __future__ import annotations

import logging
import re

from sqlglot import exp

from tools.sql_database import LONGEST_SQL

_WRITES = (exp.Insert, exp.Update, exp.Delete)
_NEVER = (
    exp.DDL, exp.DML, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Command, exp.Pragma, exp.Attach,
    exp.Detach, exp.Into, exp.Lock, exp.Set, exp.Transaction, exp.Commit, exp.Rollback, exp.Copy, exp.Use, exp.Merge,
    exp.LoadData, exp.Kill, exp.Analyze, exp.Describe, exp.Cache, exp.Uncache, exp.Refresh, exp.Grant, exp.Comment,
)  # fmt: skip
_NEVER_CALLED = frozenset(
    """
    load_extension readfile writefile edit fts3_tokenizer set_config nextval setval lastval current_setting sleep
    benchmark load_file xp_cmdshell ts_stat ts_rewrite connectby xpath_table gin_clean_pending_list
    lo_close lo_creat lo_create lo_export lo_from_bytea lo_get lo_import lo_lseek lo_lseek64 lo_manage lo_open lo_put
    lo_tell lo_tell64 lo_truncate lo_truncate64 lo_unlink loread lowrite
    brin_summarize_new_values brin_summarize_range brin_desummarize_range
    """.split()  # noqa: SIM905
)
_NEVER_CALLED_PREFIXES = (
    "pg_", "dblink", "binary_upgrade_", "sys_", "crosstab",
    "query_to_xml", "table_to_xml", "schema_to_xml", "database_to_xml", "cursor_to_xml",
)  # fmt: skip
_ORDINARY_FIELDS = frozenset({"edit", "sleep", "benchmark"})
"""Names that a field may have, being no functions of Postgres: it takes `('/etc'::text).pg_ls_dir` for a call."""
_ESCAPED_NAME = re.compile(r"(?<![\w'\"])U&[\"']", re.IGNORECASE)
_NEVER_READ_PREFIXES = ("pg_", "_orchestrate_")


class RefusedStatement(ValueError):
    """The statement can't be read, or isn't allowed. The message says why and what is."""


def check_query(sql: str, dialect: str) -> list[str]:
    """Make sure that `sql` is one statement that only reads; the tables it reads. Raises RefusedStatement."""
    statement = _single(sql, dialect)
    if not isinstance(statement, exp.Query):
        raise RefusedStatement(f"only SELECT is allowed here, this is {_kind(statement)}")
    _check_parts(statement, dialect, allowed=None)
    return _tables(statement)


def check_write(sql: str, dialect: str) -> list[str]:
    """Make sure that `sql` is one INSERT, UPDATE or DELETE; the tables in it, first the one it changes.

    Raises RefusedStatement.
    """
    statement = _single(sql, dialect)
    if not isinstance(statement, _WRITES):
        raise RefusedStatement(f"only INSERT, UPDATE and DELETE are allowed here, this is {_kind(statement)}")
    if isinstance(statement, exp.Update | exp.Delete) and statement.args.get("where") is None:
        raise RefusedStatement("it would change every row; add a WHERE, as in WHERE id = 7, or WHERE true to mean it")
    _check_parts(statement, dialect, allowed=statement)
    changed = statement.this.find(exp.Table) if statement.this else None
    if changed is None or not changed.name:
        raise RefusedStatement("it doesn't say which table it changes")
    return list(dict.fromkeys([changed.name, *_tables(statement)]))


def _single(sql: str, dialect: str) -> exp.Expr:
    import sqlglot
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of statements that are refused below anyway
    if len(sql) > LONGEST_SQL:
        raise RefusedStatement(f"a statement may have {LONGEST_SQL} characters, this one has {len(sql)}")
    if "\0" in sql:
        raise RefusedStatement("the statement has a NUL character in it")
    if dialect == "postgres" and _ESCAPED_NAME.search(sql):
        raise RefusedStatement("names and text with Unicode escapes (U&) aren't read here; write the characters")
    try:
        statements = [statement for statement in sqlglot.parse(sql, read=dialect) if statement is not None]
    except (SqlglotError, RecursionError) as error:
        first = (str(error).splitlines() or ["it is nested too deeply"])[0]
        raise RefusedStatement(f"the SQL can't be read: {first}") from None
    if len(statements) != 1:
        count = "no statement" if not statements else f"{len(statements)} statements"
        raise RefusedStatement(f"exactly one statement is allowed, there is {count}")
    return statements[0]


def _check_parts(statement: exp.Expr, dialect: str, allowed: exp.Expr | None) -> None:
    for node in statement.walk():
        if isinstance(node, _NEVER) and node is not allowed:
            raise RefusedStatement(f"{_kind(node)} is not allowed in it")
        if isinstance(node, exp.Func):
            name = _function(node)
            if _is_never_called(name):
                raise RefusedStatement(f"the function {name} is not allowed")
        field = _field(node) if dialect == "postgres" else ""
        if _is_never_called(field) and field not in _ORDINARY_FIELDS:
            raise RefusedStatement(f"the name {field} is not allowed: the database may take it for a function")
    for table in statement.find_all(exp.Table):
        if table.name.lower().startswith(_NEVER_READ_PREFIXES):
            raise RefusedStatement(f"the table {table.name} belongs to the system and is not open to queries")


def _is_never_called(name: str) -> bool:
    return name in _NEVER_CALLED or name.startswith(_NEVER_CALLED_PREFIXES)


def _field(node: exp.Expr) -> str:
    """The name behind a dot, in lower case; '' if there is none."""
    if isinstance(node, exp.Dot):
        return str(node.expression.name).lower()
    return node.name.lower() if isinstance(node, exp.Column) and node.table else ""


def _function(node: exp.Func) -> str:
    name = node.name if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc) else node.sql_name()
    return name.lower()


def _tables(statement: exp.Expr) -> list[str]:
    defined = {cte.alias for cte in statement.find_all(exp.CTE)}
    names = dict.fromkeys(table.name for table in statement.find_all(exp.Table) if table.name)
    return [name for name in names if name not in defined]


def _kind(statement: exp.Expr) -> str:
    if isinstance(statement, exp.Command):
        return str(statement.this).upper()
    return statement.key.upper()
