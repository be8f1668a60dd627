"""Queries read and nothing else, on a SQLite file of real data and on a real Postgres."""

from __future__ import annotations

import csv
import datetime
import json
import socket
import sqlite3
from pathlib import Path

import pytest

from nodes.execution.failures import RETRYABLE
from tools.query_database import opened, query_database, schema
from tools.registry import ToolFailure, ToolSpec
from tools.sql import RefusedStatement, check_query
from tools.sql_database import DatabaseUnavailable, execute_as_it_is

DATA = Path(pytest.importorskip("vega_datasets").__file__).parent / "_data"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cars and Seattle's weather, in a SQLite file."""
    file = tmp_path_factory.mktemp("database") / "data.sqlite"
    cars = json.loads((DATA / "cars.json").read_text())
    with (DATA / "seattle-weather.csv").open() as stream:
        weather = list(csv.reader(stream))
    connection = sqlite3.connect(file)
    connection.execute(
        "CREATE TABLE cars (Name TEXT, Miles_per_Gallon REAL, Cylinders INTEGER, Displacement REAL, "
        "Horsepower INTEGER, Weight_in_lbs INTEGER, Acceleration REAL, Year DATE, Origin TEXT)"
    )
    connection.executemany(f"INSERT INTO cars VALUES ({','.join('?' * 9)})", [tuple(car.values()) for car in cars])
    connection.execute(f"CREATE TABLE weather ({', '.join(weather[0])})")
    connection.executemany(f"INSERT INTO weather VALUES ({','.join('?' * len(weather[0]))})", weather[1:])
    connection.execute("CREATE VIEW thrifty AS SELECT Name FROM cars WHERE Miles_per_Gallon > 40")
    connection.commit()
    connection.close()
    return file


@pytest.fixture
def tool(database: Path) -> ToolSpec:
    return query_database(f"sqlite:///{database}")


async def test_rows_come_with_evidence_that_can_be_quoted(tool: ToolSpec) -> None:
    sql = "SELECT Name, Miles_per_Gallon FROM cars ORDER BY Miles_per_Gallon DESC LIMIT 2"
    output = await tool.call({"sql": sql})
    assert output.value == {
        "columns": ["Name", "Miles_per_Gallon"],
        "rows": [
            {"Name": "mazda glc", "Miles_per_Gallon": 46.6},
            {"Name": "honda civic 1500 gl", "Miles_per_Gallon": 44.6},
        ],
        "truncated": False,
    }
    first = output.evidence[0]
    assert first.text == "Name: mazda glc, Miles_per_Gallon: 46.6"
    assert (first.source, first.place, first.kind) == ("data.sqlite", "table cars, row 1 of 2", "value")
    assert not first.trusted


async def test_rows_are_bounded(tool: ToolSpec) -> None:
    output = await tool.call({"sql": "SELECT * FROM weather"})
    assert len(output.value["rows"]) == 200
    assert output.value["truncated"]
    assert len(output.evidence) == 50


async def test_the_schema_is_in_the_description_and_the_metadata(tool: ToolSpec, database: Path) -> None:
    assert "cars (406 rows): Name TEXT" in tool.description
    assert "chevrolet chevelle malibu" in tool.description
    metadata = tool.tool.metadata or {}
    assert set(metadata["schema"]) == {"cars", "weather", "thrifty"}
    assert metadata["rows"]["cars"] == 406
    columns = {column["name"]: column for column in schema(f"sqlite:///{database}")["cars"]}
    assert columns["Cylinders"]["type"] == "INTEGER"
    assert columns["Origin"]["samples"] == ["USA", "Europe", "Japan"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM cars",
        "WITH best AS (SELECT * FROM cars ORDER BY Horsepower DESC LIMIT 1) SELECT Name FROM best",
        "SELECT Origin, avg(Horsepower) AS power FROM cars GROUP BY Origin HAVING count(*) > 10 ORDER BY power",
        "SELECT Name FROM cars WHERE Name LIKE '%toyota%' OR Name = ':x' UNION SELECT Name FROM thrifty",
        "SELECT a.Name FROM cars a JOIN thrifty b ON a.Name = b.Name -- all of them; really",
        "SELECT replace(Name, 'a', 'b'), 'DROP TABLE cars; DELETE' FROM cars LIMIT 1;",
        "SELECT rank() OVER (ORDER BY Horsepower) FROM cars",
    ],
)
async def test_what_reads_is_allowed(tool: ToolSpec, sql: str) -> None:
    assert (await tool.call({"sql": sql})).value["rows"]


ATTACKS = [
    "DELETE FROM cars", "DROP TABLE cars", "UPDATE cars SET Name = 'x'", "INSERT INTO cars (Name) VALUES ('x')",
    "SELECT 1; DELETE FROM cars", "SELECT 1;;SELECT 2", "PRAGMA query_only = OFF", "PRAGMA writable_schema = 1",
    "ATTACH DATABASE '/tmp/x.sqlite' AS x", "DETACH DATABASE main", "VACUUM", "VACUUM INTO '/tmp/copy.sqlite'",
    "SELECT load_extension('evil')", "SELECT LOAD_EXTENSION ( 'evil' , 'x')", 'SELECT "load_extension"(\'evil\')',
    "SELECT writefile('/tmp/x', 'y')", "SELECT readfile('/etc/passwd')", "SELECT edit('x')", "CREATE TABLE t (a)",
    "WITH gone AS (DELETE FROM cars RETURNING *) SELECT * FROM gone", "SELECT * INTO copy FROM cars",
    "CREATE TABLE t AS SELECT * FROM cars", "REPLACE INTO cars (Name) VALUES ('x')", "BEGIN", "COMMIT", "ROLLBACK",
    "SAVEPOINT x", "EXPLAIN DELETE FROM cars", "ALTER TABLE cars RENAME TO x", "REINDEX", "ANALYZE",
    "SELECT * FROM cars FOR UPDATE", "/* SELECT */ DELETE FROM cars", "DELETE FROM cars -- SELECT",
    "SELECT * FROM pragma_table_info('cars')", "", ";", "/**/", "SELECT", "garbage ( ", "SELECT 1 \0; DELETE FROM cars",
    "SELECT fts3_tokenizer('x', 1)", "SELECT * FROM _orchestrate_effects", "SELECT pg_read_file('/etc/passwd')",
    "GRANT ALL ON cars TO public", "CALL x()", "SET x = 1", "COPY cars TO '/tmp/x'", "TRUNCATE TABLE cars",
    "MERGE INTO cars USING cars c ON 1=1 WHEN MATCHED THEN DELETE", "SELECT " + "(" * 3000 + "1" + ")" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("sql", ATTACKS, ids=range(len(ATTACKS)))
async def test_what_does_more_than_read_is_refused(tool: ToolSpec, database: Path, sql: str) -> None:
    before = database.read_bytes()
    with pytest.raises(ToolFailure) as failure:
        await tool.call({"sql": sql})
    assert failure.value.kind == "invalid_arguments"
    assert database.read_bytes() == before


POSTGRES_ATTACKS = [
    "SELECT pg_sleep(100)", "SELECT pg_read_file('/etc/passwd')", "SELECT lo_import('/etc/passwd')",
    "SELECT pg_catalog.pg_read_file('/etc/passwd')", "SELECT * FROM pg_shadow", "SELECT * FROM pg_catalog.pg_authid",
    "SELECT dblink('host=evil', 'SELECT 1')", "SELECT set_config('x', 'y', false)", "SELECT nextval('s')",
    "COPY (SELECT 1) TO PROGRAM 'id'", "DO $$ BEGIN END $$", "SELECT query_to_xml('DELETE FROM x', true, true, '')",
    "SELECT pg_terminate_backend(1)", "LISTEN x", "NOTIFY x", "SHOW all", "SELECT current_setting('data_directory')",
    "SELECT $$x$$; DELETE FROM t", "TABLE t; DROP TABLE t", "SELECT * FROM t FOR SHARE",
    "EXPLAIN ANALYZE DELETE FROM t", "SELECT * FROM ROWS FROM (pg_ls_dir('/'))",
    "SELECT (pg_stat_file('/etc/passwd')).size", "SELECT ('/etc/passwd'::text).pg_read_file",
    "SELECT ('/etc/passwd'::text).\"PG_read_file\"", "SELECT f.lo_import FROM lower('/etc/passwd') AS f",
    r"""SELECT U&"pg\005fread_file"('/etc/passwd')""", r"""SELECT * FROM u&"pg\005fauthid" """,
    "SELECT table_to_xml_and_xmlschema('pg_authid', true, true, '')", "SELECT query_to_xmlschema('', true, true, '')",
    "SELECT database_to_xml_and_xmlschema(true, true, '')", "SELECT * FROM ts_stat('SELECT pg_read_file(''/x'')')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT pg_read_file(''/x'')')", "SELECT loread(lo_open(1, 262144), 10)",
    "SELECT * FROM crosstab('SELECT 1')", "SELECT gin_clean_pending_list('i')",
]  # fmt: skip


@pytest.mark.parametrize("sql", POSTGRES_ATTACKS)
def test_what_postgres_could_do_is_refused_by_parsing(sql: str) -> None:
    with pytest.raises(RefusedStatement):
        check_query(sql, "postgres")


POSTGRES_QUERIES = [
    "SELECT h.sleep, h.lo_price FROM health h", "SELECT 'U&' || name FROM t", "SELECT (address).street FROM people",
    "SELECT t.brin_count, upper(t.edit) FROM t", "SELECT x.total FROM (SELECT sum(a) AS total FROM t) x",
]  # fmt: skip


@pytest.mark.parametrize("sql", POSTGRES_QUERIES)
def test_what_only_reads_from_postgres_passes(sql: str) -> None:
    assert check_query(sql, "postgres")


def test_the_connection_itself_refuses_to_write(database: Path) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import OperationalError

    from tools.sql_database import SqlDatabase

    with (
        SqlDatabase(f"sqlite:///{database}").connect() as connection,
        pytest.raises(OperationalError, match="readonly"),
    ):
        connection.execute(text("DELETE FROM cars"))


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "SELECT count(*) FROM weather a, weather b, weather c",
    ],
)
async def test_time_is_bounded(database: Path, sql: str) -> None:
    with pytest.raises(ToolFailure, match="took longer") as failure:
        await query_database(f"sqlite:///{database}", seconds=0.2).call({"sql": sql})
    assert failure.value.kind not in RETRYABLE  # it would only take as long again


async def test_memory_is_bounded(tool: ToolSpec) -> None:
    with pytest.raises(ToolFailure, match="too big"):
        await tool.call({"sql": "SELECT zeroblob(1000000000)"})


async def test_a_wrong_name_is_explained(tool: ToolSpec) -> None:
    with pytest.raises(ToolFailure, match="no such column: Mileage") as failure:
        await tool.call({"sql": "SELECT Mileage FROM cars"})
    assert failure.value.kind == "invalid_arguments"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (None, "--db"),
        ("", "--db"),
        ("nonsense", "sqlite:///"),
        ("mysql://host/db", "SQLite or Postgres"),
        ("sqlite://", "name a file"),
        ("sqlite:////nonexistent/x.sqlite", "there is no file"),
        ("postgresql://127.0.0.1:1/x", "can't be opened"),
    ],
)
def test_without_a_database_the_tool_says_so(url: str | None, says: str) -> None:
    assert says in str(query_database(url).unavailable)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "not.sqlite"
    file.write_text("this is no database at all, only text " * 50)
    assert "not a database" in str(query_database(f"sqlite:///{file}").unavailable)
    with pytest.raises(DatabaseUnavailable):
        schema(f"sqlite:///{file}")


async def test_cells_of_every_kind_become_json(tmp_path: Path) -> None:
    file = tmp_path / "kinds.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE kinds (a, b, c, d, e)")
        connection.execute(
            "INSERT INTO kinds VALUES (?, ?, ?, ?, ?)", (None, b"\x00\xff", 2**62, 1e308 * 10, "x" * 9000)
        )
    connection.close()
    value = (await query_database(f"sqlite:///{file}").call({"sql": "SELECT *, a AS b FROM kinds"})).value
    json.dumps(value, allow_nan=False)
    (row,) = value["rows"]
    assert row["b"] == "(2 bytes)"
    assert row["b_2"] is None
    assert len(row["e"]) < 5000


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/sales"
        _, _, why = opened(url, patience=2)
    assert "timeout" in str(why)


async def test_postgres(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE readings (id serial, at timestamptz, value numeric, tags text[])")
        connection.execute("INSERT INTO readings (at, value, tags) VALUES ('2024-03-01 12:00Z', 12.50, '{a,b}')")
    tool = query_database(postgres_url)
    assert tool.unavailable is None
    output = await tool.call({"sql": "SELECT at, value, tags FROM readings WHERE tags::text LIKE '%a%'"})
    (row,) = output.value["rows"]
    assert datetime.datetime.fromisoformat(row["at"]) == datetime.datetime(2024, 3, 1, 12, tzinfo=datetime.UTC)
    assert (row["value"], row["tags"]) == (12.5, ["a", "b"])
    endless = "SELECT count(*) FROM generate_series(1, 1000000000)"
    with pytest.raises(ToolFailure, match="took longer"):
        await query_database(postgres_url, seconds=0.5).call({"sql": endless})
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from tools.sql_database import SqlDatabase

    with pytest.raises(SQLAlchemyError, match="read-only"), SqlDatabase(postgres_url).connect() as connection:
        connection.execute(text("DELETE FROM readings"))
    two = "SELECT 1; COMMIT"  # which no parsing has seen: the connection takes one statement at a time
    with pytest.raises(SQLAlchemyError, match="multiple commands"), SqlDatabase(postgres_url).connect() as connection:
        execute_as_it_is(connection, two)
