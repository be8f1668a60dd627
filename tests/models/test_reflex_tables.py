"""Questions over tables that point at each other: what is answered, and what must not be."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

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


_SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, city TEXT, country TEXT, signed_up DATE);
INSERT INTO customers VALUES (1, 'Alice Rossi', 'alice@x.org', 'Rome', 'Italy', '2022-03-01'),
  (2, 'Bob Smith', 'bob@x.org', 'London', 'Britain', '2021-11-12'),
  (3, 'Carla Bianchi', 'carla@x.org', 'Rome', 'Italy', '2023-01-20'),
  (4, 'Eva Schmidt', 'eva@x.org', 'Berlin', 'Germany', '2023-05-15');
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL, stock INTEGER);
INSERT INTO products VALUES (1, 'Oak Desk', 450.0, 4), (2, 'Desk Lamp', 35.5, 40), (3, 'Mug', 8.5, 120),
  (4, 'Kettle', 29.5, 0);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
  product_id INTEGER REFERENCES products(id), quantity INTEGER, total REAL, order_date DATE, status TEXT);
INSERT INTO orders VALUES (1, 1, 1, 1, 450.0, '2023-01-05', 'delivered'), (2, 1, 3, 4, 34.0, '2023-01-05', 'delivered'),
  (3, 2, 2, 2, 71.0, '2023-02-14', 'returned'), (4, 3, 3, 10, 85.0, '2023-03-03', 'delivered'),
  (5, 2, 1, 1, 450.0, '2023-03-17', 'shipped'), (6, 1, 3, 1, 8.5, '2023-03-22', 'shipped');
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("db") / "shop.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(_SHOP)
    return file


async def _answer(goal: str, shop: Path, tmp_path: Path) -> str:
    out = await aask(goal, db=f"sqlite:///{shop}", brain="reflex", checkpointer=str(tmp_path / "c.sqlite"))
    return re.sub(r" \[\d+\]|\.$", "", " ".join(out.answer.split()))


@pytest.mark.parametrize(
    ("goal", "answer"),
    [
        ("List the customers", "4 in all: - Alice Rossi - Bob Smith - Carla Bianchi - Eva Schmidt"),
        ("List the cities", "3 in all: - Berlin - London - Rome"),
        ("List the customers and their cities", "- Alice Rossi (city: Rome) - Bob Smith (city: London)"),
        ("Show the products by price", "- Mug (price: 8.5) - Kettle (price: 29.5)"),
        ("Who lives in Rome?", "2 in all: - Alice Rossi - Carla Bianchi"),
        ("Where does Alice live?", "Alice Rossi (city: Rome, country: Italy)"),
        ("customers with at least 2 orders", "2 in all: - Alice Rossi - Bob Smith"),
        ("What is the status of order 3?", "3 (status: returned)"),
        ("What is the total of order number 4?", "The total total is 85.0"),
        ("Which customers live in London or Berlin?", "2 in all: - Bob Smith - Eva Schmidt"),
        ("Which customers are not from Italy or Germany?", "The name is Bob Smith"),
        ("Which customers have no orders?", "The name is Eva Schmidt"),
        ("Which customers have ordered nothing?", "The name is Eva Schmidt"),
        ("Which products have never been ordered?", "The name is Kettle"),
        ("Which customers have more than one order?", "2 in all: - Alice Rossi - Bob Smith"),
        ("Which customers ordered only once?", "The name is Carla Bianchi"),
        ("How many customers have at least 2 orders?", "The count is 2"),
        ("Which customers ordered a Mug?", "2 in all: - Alice Rossi - Carla Bianchi"),
        ("Show all orders of Alice", "3 in all: - Alice Rossi (quantity: 1, total: 450.0"),
        ("How many orders did Alice make?", "The count is 3"),
        ("Which orders were returned?", "3 (quantity: 2, total: 71.0, order date: 2023-02-14, status: returned)"),
        ("Which order has the highest total?", "- 1 (total: 450.0) - 5 (total: 450.0)"),
        ("Which product is the cheapest?", "Mug (price: 8.5)"),
        ("most expensive product", "Oak Desk (price: 450.0)"),
        ("What are the two most expensive products?", "- Oak Desk (price: 450.0) - Desk Lamp (price: 35.5)"),
        ("show the last 2 orders", "- 6 (order date: 2023-03-22) - 5 (order date: 2023-03-17)"),
        ("When was the last order?", "The latest order date is 2023-03-22"),
        ("When were most orders placed?", "2023-01-05 (count: 2)"),
        ("Which month had the highest total quantity?", "2023-03 (total quantity: 12)"),
        ("How many orders per month?", "- 2023-03 (count: 3) - 2023-01 (count: 2) - 2023-02 (count: 1)"),
        ("Who signed up last?", "Eva Schmidt (signed up: 2023-05-15)"),
        ("Who was the first customer?", "Bob Smith (signed up: 2021-11-12)"),
        ("How much does the Kettle cost?", "Kettle (price: 29.5)"),
        ("What is the difference between the price of the Oak Desk and the price of the Mug?", "is 441.5"),
        ("Wie hoch war die durchschnittliche total?", "The average total is 183.0833"),
    ],
)
async def test_what_people_ask_of_a_shop(shop: Path, tmp_path: Path, goal: str, answer: str) -> None:
    assert answer in await _answer(goal, shop, tmp_path)


@pytest.mark.parametrize(
    "goal",
    [
        "On which day was the biggest order?",
        "Which customer placed the biggest order?",
        "What is the average order value?",
        "What is the total discount per customer?",
        "Which products are cheaper than the Desk Lamp?",
        "Which customers live in the same city as Alice Rossi?",
        "Which customers live in Rome but not in Berlin?",
        "How many orders did Zoe make?",
        "What is the median price?",
        "Which customers have more orders than Bob Smith?",
        "How many orders per city per month?",
        "Who placed order 4?",
    ],
)
async def test_what_no_query_says_is_not_answered_by_another(shop: Path, tmp_path: Path, goal: str) -> None:
    assert "found nothing" in await _answer(goal, shop, tmp_path)


@pytest.mark.parametrize(
    ("said", "goal", "answer"),
    [
        (["How many orders per city?"], "And per month?", "- 2023-03 (count: 3) - 2023-01 (count: 2)"),
        (["How many customers signed up in 2022?"], "What about 2023?", "The count is 2"),
        (["What is the cheapest product?"], "And the most expensive one?", "Oak Desk (price: 450.0)"),
        (["Which customer has the most orders?"], "And the fewest?", "Carla Bianchi (count: 1)"),
        (["Which customers live in Rome?"], "How many are there?", "The count is 2"),
        (["How many orders does Alice have?", "And Bob?"], "How many is that in all?", "The total is 5"),
        (["What is the price of the Mug?", "And of the Kettle?"], "What is the difference?", "The difference is 21"),
    ],
)
async def test_a_conversation_about_a_shop(shop: Path, tmp_path: Path, said: list[str], goal: str, answer: str) -> None:
    options: dict[str, Any] = {"db": f"sqlite:///{shop}", "brain": "reflex", "checkpointer": str(tmp_path / "c.sqlite")}
    for one in [*said, goal]:
        out = await aask(one, thread_id="t", **options)
    assert answer in re.sub(r" \[\d+\]", "", " ".join(out.answer.split()))
