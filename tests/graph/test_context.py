"""The configuration of a run, as an assistant on a server has it: its documents, its database, its policy."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from graph.orchestrator import build
from memory import documents
from memory.settings import settings
from tools.now import now
from tools.registry import tool

QUESTION = {"goal": "How old must a captain be?"}


def told(path: Path, age: str) -> dict[str, Any]:
    path.write_text(f"A captain must be {age} years old.\n")
    return {"docs": [str(path)]}


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often documents were brought up to date, by their path."""
    counted: Counter[str] = Counter()
    guard, real = threading.Lock(), documents.index_for

    def index_for(paths: Any, *rest: Any) -> Any:
        with guard:
            counted.update(map(str, paths))
        return real(paths, *rest)

    monkeypatch.setattr(documents, "index_for", index_for)
    return counted


async def test_a_runs_documents_are_read_once_and_anew_by_the_next(tmp_path: Path, indexed: Counter[str]) -> None:
    graph = build(brain="reflex", checkpointer=InMemorySaver())
    for number, age in enumerate(["thirty", "forty"], start=1):
        context = told(tmp_path / "ship.txt", age)
        out = await graph.ainvoke(QUESTION, thread(f"t{number}"), context=context)
        assert f"{age} years" in out["answer"]
        assert indexed == {str(tmp_path / "ship.txt"): number}


def test_runs_at_once_in_loops_of_their_own_have_documents_of_their_own(tmp_path: Path, indexed: Counter[str]) -> None:
    graph, answers = build(brain="reflex"), {}

    def run(age: str) -> None:
        context = told(tmp_path / f"{age}.txt", age)
        answers[age] = asyncio.run(graph.ainvoke(QUESTION, context=context))["answer"]

    running = [threading.Thread(target=run, args=[age]) for age in ("thirty", "forty", "fifty")]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert all(f"{age} years" in answers[age] for age in ("thirty", "forty", "fifty"))
    assert set(indexed.values()) == {1}


async def test_a_run_that_goes_on_reads_its_documents_as_they_are_then(tmp_path: Path, indexed: Counter[str]) -> None:
    @tool(risk="irreversible", trusted=True)
    def sound() -> str:
        """Sound the horn."""
        return "sounded"

    tasks = [
        {"id": "t1", "tool": "sound"},
        {"id": "t2", "tool": "search_documents", "args": {"query": "age of a captain"}, "after": ["t1"]},
    ]
    graph = build(tools=[sound], checkpointer=InMemorySaver())
    given = {"goal": "Sound it, and look it up.", "plan": {"tasks": tasks}}
    out = await graph.ainvoke(given, thread("t"), context=told(tmp_path / "ship.txt", "thirty"))
    (asked,) = out["__interrupt__"]
    context = told(tmp_path / "ship.txt", "forty")
    answer = Command(resume={asked.id: {"decisions": [{"type": "approve"}]}})
    out = await graph.ainvoke(answer, thread("t"), context=context)
    assert "forty years" in out["results"]["t2"].evidence[0].text
    assert indexed == {str(tmp_path / "ship.txt"): 2}


async def test_other_tools_stay_as_the_graph_was_built_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.py").write_text(
        "from pathlib import Path\n"
        "from tools.registry import tool\n"
        "with Path(__file__).with_name('loaded').open('a') as file:\n"
        "    file.write('x')\n"
        "@tool(risk='read', trusted=True)\n"
        "def depth() -> int:\n"
        "    '''How deep the water is.'''\n"
        "    return 12\n"
    )
    monkeypatch.setenv("ORCHESTRATE_TOOLS", str(tmp_path / "own.py"))
    settings.cache_clear()
    plan = {"tasks": [{"id": "t1", "tool": "depth"}]}
    out = await build().ainvoke({"goal": "How deep?", "plan": plan}, context=told(tmp_path / "ship.txt", "thirty"))
    assert out["results"]["t1"].value == 12
    assert (tmp_path / "loaded").read_text() == "x"


async def test_documents_and_a_database_bring_only_what_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "ship.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE crew (name TEXT)")
        database.execute("INSERT INTO crew VALUES ('Ann')")
    context = told(tmp_path / "ship.txt", "thirty") | {"db": f"sqlite:///{file}"}
    graph = build(tools=[now], policy="auto")

    async def run(name: str, args: dict[str, Any]) -> Any:
        plan = {"tasks": [{"id": "t1", "tool": name, "args": args}]}
        return await graph.ainvoke({"goal": "Do it.", "plan": plan}, context=context)

    for name, args in {
        "query_database": {"sql": "SELECT name FROM crew"},
        "search_documents": {"query": "age of a captain"},
        "now": {},
    }.items():
        assert (await run(name, args))["results"]["t1"].status == "done", name
    for name, args in {
        "run_sql": {"sql": "DELETE FROM crew"},
        "write_file": {"path": "x.txt", "content": "x"},
    }.items():
        out = await run(name, args)
        assert out["results"] == {}
        assert f"there is no tool '{name}'" in out["answer"]
