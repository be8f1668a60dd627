"""The journal of effects: each key once, durable before the call returns, whoever asks and whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from memory.database import PersistenceError
from memory.journal import Decision, Effect, Journal, journal_at, journal_for
from memory.persistence import open_checkpointer
from memory.settings import settings

ROOT = Path(__file__).parents[2]


def effect(key: str = "k", **other: Any) -> Effect:
    return Effect(**{"key": key, "thread_id": "t", "task": "t1", "tool": "send_email", "args": {"to": "é"}} | other)


@pytest.fixture(params=["sqlite", "in memory", "none", "sqlite in memory", "url", "encrypted"])
async def journal(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Journal]:
    if request.param == "encrypted":
        monkeypatch.setenv("ORCHESTRATE_ENCRYPTION_KEY", "0123456789abcdef")
        settings.cache_clear()
    async with AsyncExitStack() as stack:
        if request.param in ("sqlite", "encrypted", "sqlite in memory"):
            url = ":memory:" if "memory" in request.param else str(tmp_path / "c.sqlite")
            made = journal_for(await stack.enter_async_context(open_checkpointer(url)))
        elif request.param == "url":
            made = journal_at(f"sqlite:///{tmp_path / 'c.sqlite'}")
        else:
            made = journal_for(InMemorySaver() if request.param == "in memory" else None)
        yield made
        await made.aclose()


async def test_an_effect_is_intended_once(journal: Journal) -> None:
    begun = time.time()
    assert await journal.intend(effect()) is None
    known = await journal.intend(effect(args={"to": "other"}, tool="other"))
    assert known is not None
    assert (known.state, known.args, known.tool, known.calls) == ("intended", {"to": "é"}, "send_email", 1)
    assert begun - 1 <= known.created <= time.time()
    assert await journal.find("k") == known
    assert await journal.find("other") is None


async def test_an_effect_is_settled_and_called_again(journal: Journal) -> None:
    await journal.intend(effect())
    await journal.settle("k", "failed", {"error": "no"})
    await journal.call_again("k", {"to": "other"})
    again = await journal.find("k")
    assert again is not None
    assert (again.state, again.args, again.outcome, again.calls) == ("intended", {"to": "other"}, None, 2)
    await journal.settle("k", "done", {"id": 7, "rows": [None, 1.5], "text": "\x00\ud800"})
    found = await journal.intend(effect())
    assert found is not None
    assert (found.state, found.calls) == ("done", 2)
    assert found.outcome == {"id": 7, "rows": [None, 1.5], "text": "\x00\ud800"}
    with pytest.raises(KeyError):
        await journal.settle("unknown", "done")
    with pytest.raises(KeyError):
        await journal.call_again("unknown", {})


async def test_an_outcome_that_is_not_json_is_not_lost(journal: Journal) -> None:
    await journal.intend(effect())
    await journal.settle("k", "done", {"path": Path("a")})
    assert (await journal.effects())[0].outcome == {"path": "a"}


async def test_effects_and_decisions_are_listed_by_thread_oldest_first(journal: Journal) -> None:
    for number in range(12):
        await journal.intend(effect(f"k{number}", thread_id=f"t{number % 2}"))
    assert [e.key for e in await journal.effects("t1")] == ["k1", "k3", "k5", "k7", "k9", "k11"]
    assert len(await journal.effects()) == 12
    shown = Decision("t1", "t1", "approval", "me", 2.0, {"args": {"to": "x"}}, {"type": "approve"})
    await journal.record(shown)
    await journal.record(Decision("t0", "t1", "approval", "me", 1.0, {}, {"type": "reject"}))
    assert await journal.decisions("t1") == [shown]
    assert [d.thread_id for d in await journal.decisions()] == ["t1", "t0"]
    await journal.forget("t1")
    assert (len(await journal.effects()), len(await journal.decisions())) == (6, 1)


async def test_of_many_at_once_one_is_the_first(journal: Journal) -> None:
    found = await asyncio.gather(*(journal.intend(effect()) for _ in range(20)))
    assert found.count(None) == 1


async def test_two_journals_of_one_saver_hold_the_same(tmp_path: Path) -> None:
    async with (
        open_checkpointer(str(tmp_path / "c.sqlite")) as ours,
        AsyncSqliteSaver.from_conn_string(str(tmp_path / "theirs.sqlite")) as theirs,
    ):
        for saver in (ours, theirs, InMemorySaver()):
            one, two = journal_for(saver), journal_for(saver)
            clone = journal_for(saver.with_allowlist([("a", "b")]))
            assert await one.intend(effect()) is None
            assert await two.intend(effect()) is not None
            assert await clone.intend(effect()) is not None
            for journal in (one, two, clone):
                await journal.aclose()
    with closing(sqlite3.connect(tmp_path / "theirs.sqlite")) as connection:
        assert connection.execute("SELECT key FROM effects").fetchall() == [("k",)]
        blocking = journal_for(SqliteSaver(connection))
        assert await blocking.intend(effect()) is not None
        await blocking.aclose()


def test_a_journal_made_outside_of_a_loop_serves_several(tmp_path: Path) -> None:
    journal = journal_at(str(tmp_path / "c.sqlite"))
    assert asyncio.run(journal.intend(effect())) is None
    assert asyncio.run(journal.intend(effect())) is not None
    asyncio.run(journal.aclose())
    assert len(asyncio.run(journal.effects())) == 1
    asyncio.run(journal.aclose())


async def test_a_saver_that_is_closed_still_has_its_journal(tmp_path: Path) -> None:
    async with open_checkpointer(str(tmp_path / "c.sqlite")) as saver:
        journal = journal_for(saver)
    assert await journal.intend(effect()) is None
    await journal.aclose()


async def test_nothing_readable_is_stored_under_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_ENCRYPTION_KEY", "0123456789abcdef")
    settings.cache_clear()
    journal = journal_at(str(tmp_path / "c.sqlite"))
    await journal.intend(effect(args={"to": "secretive"}))
    await journal.settle("k", "done", {"sent": "secretive"})
    await journal.record(Decision("t", "t1", "approval", "me", 1.0, {"x": "secretive"}, {"y": "secretive"}))
    await journal.aclose()
    assert b"secretive" not in b"".join(path.read_bytes() for path in tmp_path.glob("c.sqlite*"))
    monkeypatch.delenv("ORCHESTRATE_ENCRYPTION_KEY")
    settings.cache_clear()
    without = journal_at(str(tmp_path / "c.sqlite"))
    with pytest.raises(PersistenceError, match="set ORCHESTRATE_ENCRYPTION_KEY"):
        await without.effects()
    await without.aclose()


_PROCESS = """
import asyncio, os, signal, sys
from memory.journal import Effect, journal_at
journal = journal_at(sys.argv[1])
async def main():
    first = 0
    for number in range(100):
        first += await journal.intend(Effect(f"k{number}", "t", "t1", "pay", {})) is None
        if sys.argv[2:] == [str(number)]:
            os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[2:]:
            await journal.settle(f"k{number}", "done", {})
    print(first)
asyncio.run(main())
"""


def start(file: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(file), *arguments], env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_of_two_processes_that_race_for_a_key_exactly_one_is_first(tmp_path: Path) -> None:
    racers = [start(tmp_path / "c.sqlite") for _ in range(3)]
    firsts = [int(racer.communicate(timeout=240)[0]) for racer in racers]
    assert sum(firsts) == 100


async def test_what_was_intended_when_the_process_was_killed_is_known(tmp_path: Path) -> None:
    process = start(tmp_path / "c.sqlite", "3")
    assert process.wait(timeout=120) == -signal.SIGKILL
    process.communicate()
    journal = journal_at(str(tmp_path / "c.sqlite"))
    assert [(e.key, e.state) for e in await journal.effects()] == [
        ("k0", "done"), ("k1", "done"), ("k2", "done"), ("k3", "intended"),
    ]  # fmt: skip
    known = await journal.intend(effect("k3"))
    assert known is not None
    await journal.aclose()


async def test_a_full_disk_is_told_before_the_effect_happens(tmp_path: Path) -> None:
    journal = journal_at(str(tmp_path / "missing" / "c.sqlite"))
    assert await journal.intend(effect()) is None
    await journal.aclose()
    (tmp_path / "text.sqlite").write_text("no database\n" * 999)
    broken = journal_at(str(tmp_path / "text.sqlite"))
    with pytest.raises(PersistenceError, match="no SQLite database"):
        await broken.intend(effect())
    await broken.aclose()
