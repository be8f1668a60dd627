"""The reference says what the code says."""

from __future__ import annotations

import inspect
import re

from tables import REFERENCE, TABLES, brought_up_to_date


def test_its_tables_are_those_of_the_code() -> None:
    text = REFERENCE.read_text("utf-8")
    assert brought_up_to_date(text) == text, "bring it up to date: python tests/docs/tables.py"


def test_every_table_has_its_place() -> None:
    assert set(re.findall(r"<!-- table: (\w+) -->", REFERENCE.read_text("utf-8"))) == set(TABLES)


def test_its_functions_take_what_it_says() -> None:
    from graph.orchestrator import build
    from graph.run import aask, aresume

    text = REFERENCE.read_text("utf-8")
    for name, function in {"ask": aask, "resume": aresume, "build": build}.items():
        said = re.search(rf"\*\*`{name}\((.+)\)`\*\*", text)
        assert said
        assert said[1].replace("*, ", "").split(", ") == list(inspect.signature(function).parameters)


def test_nothing_is_left_unsaid() -> None:
    for name, table in TABLES.items():
        assert not re.findall(r"^.*\|  \|$", table(), re.MULTILINE), f"the table '{name}' has a row without a meaning"
