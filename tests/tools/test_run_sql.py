"""Writes are checked, bounded, and applied exactly once per key, on SQLite and on Postgres."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.registry import Call, ToolFailure, current_call
from tools.run_sql import run_sql


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "bank.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INT CHECK (balance >= 0))"
        )
        connection.execute("INSERT INTO accounts VALUES (1, 'Ada', 100), (2, 'Bob', 50)")
        connection.commit()
    return file


def rows(database: Path, sql: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


@contextlib.contextmanager
def call_with(key: str) -> Iterator[None]:
    token = current_call.set(Call(key=key))
    try:
        yield
    finally:
        current_call.reset(token)


ADD = "UPDATE accounts SET balance = balance + 10 WHERE id = 1"


async def test_a_key_is_applied_once(database: Path) -> None:
    tool = run_sql(f"sqlite:///{database}")
    assert tool.idempotent
    with call_with("thread:t1"):
        first = await tool.call({"sql": ADD})
        again = await tool.call({"sql": ADD})
    with call_with("thread:t2"):
        other = await tool.call({"sql": ADD})
    assert first.value == {"rows": 1, "repeated": False}
    assert again.value == {"rows": 1, "repeated": True}
    assert other.value == {"rows": 1, "repeated": False}
    assert rows(database, "SELECT balance FROM accounts WHERE id = 1") == [(120,)]


async def test_a_failed_statement_leaves_its_key_free(database: Path) -> None:
    tool = run_sql(f"sqlite:///{database}")
    with call_with("k"):
        with pytest.raises(ToolFailure, match="CHECK"):
            await tool.call({"sql": "UPDATE accounts SET balance = -1 WHERE id = 1"})
        assert (await tool.call({"sql": ADD})).value["repeated"] is False


def test_processes_that_race_under_one_key_apply_it_once(database: Path) -> None:
    code = f"""
import asyncio
from tools.registry import Call, current_call
from tools.run_sql import run_sql
current_call.set(Call(key="same"))
print(asyncio.run(run_sql({f"sqlite:///{database}"!r}).call({{"sql": {ADD!r}}})).value["repeated"])
"""
    racing = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = sorted(process.communicate(timeout=120)[0].strip() for process in racing)
    assert said == ["False", "True", "True"]
    assert rows(database, "SELECT balance FROM accounts WHERE id = 1") == [(110,)]


async def test_values_are_bound_and_never_read_as_sql(database: Path) -> None:
    tool = run_sql(f"sqlite:///{database}")
    hostile = "x'); DROP TABLE accounts; --"
    parameters = {"owner": hostile}
    await tool.call({"sql": "INSERT INTO accounts (owner, balance) VALUES (:owner, 0)", "parameters": parameters})
    await tool.call({"sql": "INSERT INTO accounts (owner, balance) VALUES ('at 12:30 :noon 100%', 0)"})
    assert rows(database, "SELECT owner FROM accounts WHERE id > 2") == [(hostile,), ("at 12:30 :noon 100%",)]


async def test_the_table_is_named_though_a_part_of_the_statement_is_called_the_same(database: Path) -> None:
    sql = "WITH accounts AS (SELECT 'Cy' AS owner) INSERT INTO accounts (owner) SELECT owner FROM accounts"
    output = await run_sql(f"sqlite:///{database}").call({"sql": sql})
    assert output.evidence[0].text == "Changed 1 row of accounts."
    assert rows(database, "SELECT owner FROM accounts WHERE id > 2") == [("Cy",)]


async def test_returning(database: Path) -> None:
    output = await run_sql(f"sqlite:///{database}").call(
        {"sql": "INSERT INTO accounts (owner, balance) VALUES ('Cy', 1) RETURNING id"}
    )
    assert output.value == {"rows": 1, "repeated": False, "returned": [{"id": 3}]}


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM accounts", "UPDATE accounts SET balance = 0", "DROP TABLE accounts", "SELECT 1",
        "CREATE TABLE t (a)",
        "DELETE FROM accounts WHERE id = 1; DELETE FROM accounts WHERE id = 2", "PRAGMA foreign_keys = OFF",
        "",
        "INSERT INTO _orchestrate_effects VALUES ('k', '', 0)", "DELETE FROM _orchestrate_effects WHERE true",
        "INSERT INTO accounts (owner) SELECT load_extension('x')", "ATTACH DATABASE 'x' AS x", "VACUUM",
        "REPLACE INTO accounts VALUES (1, 'Eve', 0)", "ALTER TABLE accounts RENAME TO x",
    ],
)  # fmt: skip
async def test_what_is_no_single_write_is_refused(database: Path, sql: str) -> None:
    before = rows(database, "SELECT * FROM accounts")
    with pytest.raises(ToolFailure) as failure:
        await run_sql(f"sqlite:///{database}").call({"sql": sql})
    assert failure.value.kind == "invalid_arguments"
    assert failure.value.sent is False
    assert rows(database, "SELECT * FROM accounts") == before


async def test_every_row_can_be_meant(database: Path) -> None:
    output = await run_sql(f"sqlite:///{database}").call({"sql": "UPDATE accounts SET balance = 0 WHERE true"})
    assert output.value["rows"] == 2


def test_without_a_database_the_tool_says_so() -> None:
    assert "--db" in str(run_sql(None).unavailable)
    assert "there is no file" in str(run_sql("sqlite:////nonexistent/x.sqlite").unavailable)


async def test_postgres(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE accounts (id int, balance int)")
        connection.execute("INSERT INTO accounts VALUES (1, 100)")
    tool = run_sql(postgres_url)
    with call_with("k"):
        for _ in range(2):
            await tool.call({"sql": ADD})
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT balance FROM accounts").fetchall() == [(110,)]
