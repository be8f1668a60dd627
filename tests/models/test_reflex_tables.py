"""Questions over tables that point at each other: asked of one, it is that one's rows that count."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from graph.run import aask

_SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, city TEXT);
INSERT INTO customers VALUES (1, 'Ada', 36, 'Oslo'), (2, 'Bob', 41, 'Rome'), (3, 'Eve', 25, 'Oslo');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), price REAL);
INSERT INTO orders VALUES (1, 1, 20.0), (2, 1, 10.0), (3, 2, 5.5);
"""


@pytest.mark.parametrize(
    ("goal", "answer"),
    [
        ("How many customers are there?", "The count is 3"),
        ("How many customers live in Oslo?", "The count is 2"),
        ("What is the average age of customers?", "The average age is 34.0"),
        ("Who is the oldest customer?", "Bob (age: 41)"),
        ("Who is the youngest customer in Oslo?", "Eve (age: 25)"),
        ("How many orders are there?", "The count is 3"),
        ("What is the highest price of the orders of Ada?", "20.0"),
    ],
)
async def test_rows_are_neither_lost_nor_counted_twice_by_a_join(tmp_path: Path, goal: str, answer: str) -> None:
    file = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(_SCHEMA)
    out = await aask(goal, db=f"sqlite:///{file}", brain="reflex", checkpointer=str(tmp_path / "c.sqlite"))
    assert answer in out.answer
