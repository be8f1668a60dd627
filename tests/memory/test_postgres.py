"""The same on a real Postgres server, where one is installed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.types import Command

from memory.journal import Decision, Effect, journal_at, journal_for
from memory.lock import ThreadBusy, thread_lock
from memory.persistence import PersistenceError, open_checkpointer, open_store
from memory.settings import settings
from memory.threads import delete, fork, history, list_threads, prune, show

ROOT = Path(__file__).parents[2]
pytest.importorskip("psycopg_pool")


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


async def test_the_saver_conforms(url: str) -> None:
    @checkpointer_test(name="postgres")
    async def saver() -> AsyncGenerator[BaseCheckpointSaver[str], None]:
        async with open_checkpointer(url) as opened:
            yield opened

    report = await validate(saver)
    assert report.passed_all_base(), report.to_dict()
    assert [failure for result in report.results.values() for failure in result.failures or []] == []


async def test_no_text_of_an_encrypted_state_is_readable(url: str, chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    monkeypatch.setenv("ORCHESTRATE_ENCRYPTION_KEY", "0123456789abcdef")
    settings.cache_clear()
    async with open_checkpointer(url) as saver:
        await chat(saver).say("t", "ask secretive")
        await chat(saver).say("t", Command(resume="secretive"))
        journal = journal_for(saver)
        await journal.intend(Effect("k", "t", "t1", "x", {"to": "secretive"}))
        await journal.aclose()
    async with open_checkpointer(url) as saver:
        state = await chat(saver).graph.aget_state(chat.config("t"))
        assert (state.values["goal"], state.values["answer"]) == ("ask secretive", "secretive")
    with psycopg.connect(url) as connection:
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes", "effects"):
            rows = connection.execute(f"SELECT t::text, t FROM {table} t").fetchall()  # type: ignore[arg-type]
            assert rows
            assert not [row for row in rows if "secretive" in str(row) or b"secretive".hex() in str(row)]
    monkeypatch.delenv("ORCHESTRATE_ENCRYPTION_KEY")
    settings.cache_clear()
    with pytest.raises(PersistenceError, match="is encrypted; set ORCHESTRATE_ENCRYPTION_KEY"):
        async with open_checkpointer(url):
            pass


async def test_the_journal_and_the_store(url: str) -> None:
    async with open_checkpointer(url) as saver, open_store(url) as store:
        await store.aput(("a",), "k", {"v": 1})
        assert (await store.aget(("a",), "k")).value == {"v": 1}  # type: ignore[union-attr]
        one, two = journal_for(saver), journal_at(url)
        found = await asyncio.gather(*(journal.intend(Effect("k", "t", "t1", "x", {})) for journal in (one, two) * 5))
        assert found.count(None) == 1
        await one.settle("k", "done", {"text": "\x00\ud800"})
        assert (await two.find("k")).outcome == {"text": "\x00\ud800"}  # type: ignore[union-attr]
        decision = Decision("t", "t1", "approval", "me", 1.0, {}, {"type": "approve"})
        await one.record(decision)
        assert await two.decisions("t") == [decision]
        with pytest.raises(KeyError):
            await one.settle("other", "done")
        await one.aclose()
        await two.aclose()


async def test_threads(url: str, chat: Any) -> None:
    async with open_checkpointer(url) as saver:
        talk, journal = chat(saver), journal_for(saver)
        await talk.say("t", "hello")
        await talk.say("t", "ask me")
        await journal.intend(Effect("k", "t", "t1", "x", {}))
        listed = await list_threads(saver)
        assert [(t.thread_id, t.status, t.steps) for t in listed] == [("t", "waiting", 7)]
        assert listed[0].size > 1000
        assert [m.id for m in (await show(saver, "t")).messages] == ["h-hello", "a-hello", "h-ask me"]
        new = await fork(saver, "t")
        assert (await talk.say(new, Command(resume="no")))["answer"] == "no"
        earlier = next(entry for entry in await history(saver, "t") if entry.step == 2)
        await fork(saver, "t", earlier.checkpoint_id, "other")
        await talk.say("other", "bye")
        assert await talk.ids("other") == ["h-hello", "a-hello", "h-bye", "a-bye"]
        await delete(saver, "t")
        assert {t.thread_id for t in await list_threads(saver)} == {new, "other"}
        assert [e.key for e in await journal.effects()] == ["k"]
        with pytest.raises(PersistenceError, match="only checkpoints on SQLite can be pruned"):
            await prune(saver, keep_last=1)
        await journal.aclose()


_HOLD = """
import asyncio, sys
from memory.lock import thread_lock
from memory.persistence import open_checkpointer
async def main():
    async with open_checkpointer(sys.argv[1]) as saver, thread_lock(saver, "one"):
        print("held", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_the_lock_holds_across_processes_until_the_holder_is_killed(url: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, url], env=environment, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        async with open_checkpointer(url) as saver:
            with pytest.raises(ThreadBusy, match=f"at work in pid {holder.pid} on"):
                async with thread_lock(saver, "one"):
                    pass
            async with thread_lock(saver, "two"):
                pass
            holder.kill()
            holder.wait()
            async with thread_lock(saver, "one", wait=120):
                with pytest.raises(ThreadBusy):
                    async with thread_lock(saver, "one"):
                        pass


async def test_several_may_open_a_new_database_at_once(url: str, chat: Any) -> None:
    async def run(thread: str) -> None:
        async with open_checkpointer(url) as saver, open_store(url):
            await chat(saver).say(thread, "hello")

    await asyncio.gather(*(run(f"t{number}") for number in range(4)))


async def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PersistenceError, match="the Postgres database can't be used"):
        async with open_checkpointer(f"postgresql:///x?host={tmp_path}"):
            pass
    journal = journal_at(f"postgresql:///x?host={tmp_path}")
    with pytest.raises(PersistenceError, match="the Postgres database can't be used"):
        await journal.effects()
    await journal.aclose()
