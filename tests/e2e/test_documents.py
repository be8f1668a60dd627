"""Goals over documents and tables that nobody here wrote, through `graph.run.ask` and the embedded brain.

Debian's manuals come as packages (debian-faq, debian-policy), the tables out of `vega_datasets`.
"""

from __future__ import annotations

import csv
import gzip
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.run import aask
from memory.settings import settings
from tests.e2e.conftest import CONSTITUTION, is_grounded

FAQ = Path("/usr/share/doc/debian/FAQ/debian-faq.en.txt.gz")
POLICY = Path("/usr/share/doc/debian-policy/policy.txt.gz")
MANUALS = [CONSTITUTION, FAQ, POLICY]
TABLES = ("airports", "seattle-weather", "stocks", "iowa-electricity")
MOST_WORDS = 85
"""Of an answer to one question: 'at most about 80', and the words between."""

CONSTITUTIONAL = [
    ("Who may declare war?", r"To declare War"),
    ("How long does a senator serve?", r"six Years"),
    ("How many senators does each state have, and how old must they be?", r"(?s)two Senators.*thirty Years"),
    ("Compare the terms of senators and representatives", r"(?si)six years.*every second Year"),
    ("How much older must a president be than a senator?", r"difference is 5\b"),
    ("What is the age of a senator to the power of 0.98?", r"about 28\.027"),
    ("What is 20 percent of the age a president must have?", r"result is 7\b"),
    ("What is 17.5 % of 1240, and how old must a senator be?", r"(?s)217.*thirty Years"),
    ("When was amendment XIII ratified?", r"December 6, 1865"),
    ("How many days are there between 2024-01-01 and March 4, 2024?", r"\b63\b"),
]
FROM_MANUALS = [
    ("Who created the Debian Project?", r"Ian Murdock"),
    ("When was the Debian Project created?", r"1993"),
    ("What is a virtual package?", r"generic name"),
    ("Where must documentation be installed?", r"/usr/share/doc/"),
    ("How many senators does each state have, and what is a virtual package?", r"(?s)two Senators.*generic name"),
    ("What is the difference between unstable and testing?", r"(?si)unstable.*testing"),
]
FROM_TABLES = [
    ("How many airports are in the state TX?", r"\b209\b"),
    ("What was the average price of AAPL stock?", r"\b64\.73"),
    ("Which source had the highest net generation in 2010?", r"Fossil Fuels"),
    ("What is the total precipitation in the seattle weather?", r"\b4426\b"),
    ("Which state has the most airports?", r"\bAK\b"),
    ("What is the highest temp_max in Seattle?", r"\b35\.6\b"),
]
SMALL_TALK = [
    ("hello", r"(?i)hello"),
    ("thank you!", r"(?i)welcome"),
    ("What can you do?", r"(?i)embedded brain"),
]
IMPOSSIBLE = [
    "Send an email to bob@example.org saying hello",
    "Delete all my files",
    "Book a flight to Paris",
]
NOT_THERE = [
    "Who won the 1998 world cup?",
    "How do I cook pasta?",
    "What does the Debian policy say about bitcoin?",
    "Is the moon made of cheese?",
    "How tall is Mount Everest?",
]


@pytest.fixture(autouse=True)
def shared_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One home for the module, so that the manuals are indexed once; no web tools."""
    place = tmp_path_factory.getbasetemp() / "documents-home"
    monkeypatch.setenv("ORCHESTRATE_HOME", str(place))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The documents by their names."""
    found = {}
    for path in MANUALS:
        if path.exists():
            data = path.read_bytes()
            found[path.name] = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return found


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database of vega's tables."""
    import vega_datasets

    path = tmp_path_factory.mktemp("tables") / "facts.sqlite"
    folder = Path(vega_datasets.__file__).parent / "_data"
    with sqlite3.connect(path) as connection:
        for name in TABLES:
            with (folder / f"{name}.csv").open(encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            columns = ", ".join(f'"{column}"' for column in rows[0])
            table = name.replace("-", "_")
            connection.execute(f"CREATE TABLE {table} ({columns})")
            marks = ", ".join("?" * len(rows[0]))
            values = [[_typed(value) for value in row.values()] for row in rows]
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.close()
    return f"sqlite:///{path}"


def _typed(value: str) -> Any:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


async def ask(goal: str, texts: dict[str, str], **options: Any) -> Any:
    """The outcome, found to be grounded and short."""
    outcome = await aask(goal, brain="reflex", **options)
    answer = {"answer": outcome.answer, "citations": [citation.to_json() for citation in outcome.citations]}
    is_grounded(answer, texts=texts)
    said = re.sub(r"\*\*.*?\*\*|\[\d+\]", "", outcome.answer)
    parts = max(1, len(re.findall(r"\*\*.*?\*\*", outcome.answer)))
    assert len(said.split()) <= MOST_WORDS * parts, outcome.answer
    assert not re.search(r"(\[\d+\])\W*\1", outcome.answer), outcome.answer
    return outcome


@pytest.mark.parametrize(("goal", "expected"), CONSTITUTIONAL)
async def test_the_constitution_answers(goal, expected, texts) -> None:
    outcome = await ask(goal, texts, docs=[CONSTITUTION])
    assert re.search(expected, outcome.answer), outcome.answer
    assert outcome.stop_reason == "answered"


@pytest.mark.skipif(not (FAQ.exists() and POLICY.exists()), reason="Debian's manuals aren't installed")
@pytest.mark.parametrize(("goal", "expected"), FROM_MANUALS)
async def test_manuals_beside_other_documents_answer(goal, expected, texts) -> None:
    outcome = await ask(goal, texts, docs=MANUALS)
    assert re.search(expected, outcome.answer), outcome.answer
    assert outcome.stop_reason == "answered"


@pytest.mark.parametrize(("goal", "expected"), FROM_TABLES)
async def test_tables_answer(goal, expected, texts, database) -> None:
    outcome = await ask(goal, texts, db=database)
    assert re.search(expected, outcome.answer), outcome.answer
    assert outcome.stop_reason == "answered"


@pytest.mark.parametrize(("goal", "expected"), SMALL_TALK)
async def test_small_talk_needs_no_sources(goal, expected, texts) -> None:
    outcome = await ask(goal, texts, docs=[CONSTITUTION])
    assert re.search(expected, outcome.answer), outcome.answer
    assert outcome.citations == []


@pytest.mark.parametrize("goal", IMPOSSIBLE)
async def test_what_it_cannot_do_it_says(goal, texts) -> None:
    outcome = await ask(goal, texts, docs=[CONSTITUTION])
    assert "nothing was done" in outcome.answer
    assert outcome.stop_reason != "answered"


@pytest.mark.parametrize("goal", NOT_THERE)
async def test_what_is_nowhere_is_not_answered(goal, texts) -> None:
    outcome = await ask(goal, texts, docs=[path for path in MANUALS if path.exists()])
    assert outcome.stop_reason == "not_found", outcome.answer
    assert outcome.citations == []
    assert "don't say" in outcome.answer
