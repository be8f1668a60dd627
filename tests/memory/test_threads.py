"""Threads: listed, shown, forked, deleted and pruned, and still whole and resumable afterwards."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from memory.journal import Decision, Effect, journal_for
from memory.lock import ThreadBusy, thread_lock
from memory.persistence import open_checkpointer
from memory.threads import ThreadNotFound, delete, fork, history, list_threads, prune, show


@pytest.fixture(params=["sqlite", "memory"])
async def saver(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        yield InMemorySaver()
        return
    async with open_checkpointer(f"sqlite:///{tmp_path / 'c.sqlite'}") as opened:
        yield opened


@pytest.fixture
async def on_disk(tmp_path: Path) -> Any:
    async with open_checkpointer(f"sqlite:///{tmp_path / 'c.sqlite'}") as opened:
        yield opened


async def test_threads_are_listed_latest_first_with_goal_and_status(saver: Any, chat: Any) -> None:
    talk = chat(saver)
    begun = time.time()
    await talk.say("one", "hello")
    await talk.say("two", "ask me")
    listed = await list_threads(saver)
    assert [(t.thread_id, t.goal, t.status) for t in listed] == [("two", "ask me", "waiting"), ("one", "hello", "done")]
    assert all(begun - 1 < t.created <= t.updated < time.time() + 1 for t in listed)
    assert [t.steps for t in listed] == [3, 4]
    assert [t.thread_id for t in await list_threads(saver, limit=1)] == ["two"]


async def test_a_failed_and_a_stopped_thread_say_so(on_disk: Any, chat: Any) -> None:
    talk = chat(on_disk)
    await talk.graph.ainvoke({"goal": "stop"}, talk.config("stopped"), interrupt_before=["reply"], durability="sync")
    with pytest.raises(RuntimeError, match="as told"):
        await talk.say("failed", "fail")
    status = {t.thread_id: t.status for t in await list_threads(on_disk)}
    assert status == {"stopped": "unfinished", "failed": "failed"}


async def test_a_thread_is_shown_with_its_messages_and_its_open_questions(saver: Any, chat: Any) -> None:
    talk = chat(saver)
    await talk.say("t", "hello")
    await talk.say("t", "ask me")
    shown = await show(saver, "t")
    assert shown.summary.status == "waiting"
    assert shown.next == ("reply",)
    assert [interrupt.value for interrupt in shown.interrupts] == [{"question": "ask me"}]
    assert [m.id for m in shown.messages] == await talk.ids("t") == ["h-hello", "a-hello", "h-ask me"]
    await talk.say("t", Command(resume="yes"))
    shown = await show(saver, "t")
    assert (shown.summary.status, shown.interrupts, shown.values["answer"]) == ("done", (), "yes")
    with pytest.raises(ThreadNotFound, match="no thread 'nope'"):
        await show(saver, "nope")


async def test_history_names_what_came_next(saver: Any, chat: Any) -> None:
    talk = chat(saver)
    await talk.say("t", "hello")
    entries = await history(saver, "t")
    assert [(e.step, e.next) for e in entries] == [(2, ()), (1, ("reply",)), (0, ("hear",)), (-1, ("__start__",))]
    assert len(await history(saver, "t", limit=2)) == 2


async def test_a_fork_of_a_waiting_thread_can_be_answered_on_its_own(saver: Any, chat: Any) -> None:
    talk = chat(saver)
    await talk.say("t", "hello")
    await talk.say("t", "ask me")
    new = await fork(saver, "t")
    assert (await talk.say(new, Command(resume="no")))["answer"] == "no"
    assert (await show(saver, "t")).summary.status == "waiting"
    assert (await talk.say("t", Command(resume="yes")))["answer"] == "yes"
    assert await talk.ids(new) == await talk.ids("t") == ["h-hello", "a-hello", "h-ask me", "a-ask me"]
    assert (await talk.graph.aget_state(talk.config(new))).values["run_key"] == "run-t"


async def test_a_fork_of_an_earlier_checkpoint_takes_another_way(saver: Any, chat: Any) -> None:
    talk = chat(saver)
    await talk.say("t", "hello")
    await talk.say("t", "ask me")
    await talk.say("t", Command(resume="yes"))
    asked = next(e for e in await history(saver, "t") if e.next == ("reply",))
    await fork(saver, "t", asked.checkpoint_id, "again")
    assert await talk.ids("again") == ["h-hello", "a-hello", "h-ask me"]
    waiting = await talk.graph.ainvoke(None, talk.config("again"))
    assert "__interrupt__" in waiting, "the question is asked anew"
    assert (await talk.say("again", Command(resume="no")))["answer"] == "no"

    first_turn = next(e for e in await history(saver, "t") if e.step == 2)
    await fork(saver, "t", first_turn.checkpoint_id, "other")
    await talk.say("other", "bye")
    assert await talk.ids("other") == ["h-hello", "a-hello", "h-bye", "a-bye"], "nothing of the way not taken"
    assert await talk.ids("t") == ["h-hello", "a-hello", "h-ask me", "a-ask me"]


async def test_a_fork_is_not_laid_over_a_thread(saver: Any, chat: Any) -> None:
    talk = chat(saver)
    await talk.say("t", "hello")
    await talk.say("u", "hello")
    with pytest.raises(ValueError, match="thread 'u' already"):
        await fork(saver, "t", new_thread_id="u")
    with pytest.raises(ThreadNotFound):
        await fork(saver, "t", "1ef4f797-8335-6428-8001-8a1503f9b875")


async def test_deleting_forgets_everything_but_what_forks_rely_on(saver: Any, chat: Any) -> None:
    talk, journal = chat(saver), journal_for(saver)
    await talk.say("t", "hello")
    await journal.intend(Effect("k", "t", "t1", "send_email", {}))
    await journal.record(Decision("t", "t1", "approval", "me", 1.0, {}, {}))
    middle = await fork(saver, "t", journal=journal)
    last = await fork(saver, middle, journal=journal)
    await delete(saver, middle, journal=journal)
    await delete(saver, "t", journal=journal)
    assert [t.thread_id for t in await list_threads(saver)] == [last]
    assert [(e.key, e.thread_id) for e in await journal.effects()] == [("k", last)]
    assert await journal.decisions() == []
    await delete(saver, last, journal=journal)
    assert await journal.effects() == []
    with pytest.raises(ThreadNotFound):
        await delete(saver, last, journal=journal)
    await journal.aclose()


async def test_a_thread_at_work_is_not_deleted(saver: Any, chat: Any) -> None:
    await chat(saver).say("t", "hello")
    async with thread_lock(saver, "t"):
        with pytest.raises(ThreadBusy):
            await delete(saver, "t")
    await delete(saver, "t")


@pytest.mark.parametrize("keep", [1, 5])
async def test_pruning_shrinks_the_file_and_leaves_the_conversation_whole(
    keep: int, on_disk: Any, chat: Any, tmp_path: Path
) -> None:
    talk = chat(on_disk)
    for turn in range(30):
        await talk.say("t", f"turn {turn}")
    await talk.say("t", "ask me")
    await talk.say("u", "hello")
    before, state = await talk.ids("t"), await talk.graph.aget_state(talk.config("t"))
    size = sum(f.stat().st_size for f in tmp_path.glob("c.sqlite*") if f.is_file())
    pruned = await prune(on_disk, keep_last=keep)
    after = sum(f.stat().st_size for f in tmp_path.glob("c.sqlite*") if f.is_file())
    assert after < size / 2
    assert pruned.freed > 0
    assert pruned.checkpoints == 30 * 4 + 3 - keep + (3 if keep == 1 else 0)
    assert len(await history(on_disk, "t")) == keep
    again = await talk.graph.aget_state(talk.config("t"))
    assert again.values == state.values
    assert await talk.ids("t") == before
    for entry in await history(on_disk, "t"):
        past = await talk.graph.aget_state(
            {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": entry.checkpoint_id}}
        )
        assert [m.id for m in past.values["messages"]] == before[: len(past.values["messages"])]
        assert len(past.values["messages"]) >= 57
    assert (await talk.say("t", Command(resume="yes")))["answer"] == "yes"
    await prune(on_disk, keep_last=1)
    await talk.say("t", "and on")
    assert await talk.ids("t") == [*before, "a-ask me", "h-and on", "a-and on"]
    assert (await talk.say(await fork(on_disk, "t"), "forked"))["answer"] == "re: forked"


async def test_pruning_keeps_what_is_young_and_passes_over_what_runs(on_disk: Any, chat: Any) -> None:
    talk = chat(on_disk)
    await talk.say("t", "hello")
    assert (await prune(on_disk, older_than=3600)).checkpoints == 0
    assert (await prune(on_disk, older_than=3600, keep_last=1)).checkpoints == 0
    async with thread_lock(on_disk, "t"):
        pruned = await prune(on_disk, older_than=-1)
    assert (pruned.checkpoints, pruned.busy) == (0, ["t"])
    assert (await prune(on_disk, older_than=-1)).checkpoints == 3
    with pytest.raises(ValueError, match="say what to keep"):
        await prune(on_disk)
    with pytest.raises(ValueError, match="at least 1"):
        await prune(on_disk, keep_last=0)


async def test_rolling_a_run_back_takes_its_messages_too(on_disk: Any, chat: Any) -> None:
    talk = chat(on_disk)
    await talk.say("t", "hello")
    config = talk.config("t") | {"metadata": {"run_id": "r2"}}
    await talk.graph.ainvoke({"goal": "oops"}, config, durability="sync")
    await on_disk.adelete_for_runs(["r2"])
    assert await talk.ids("t") == ["h-hello", "a-hello"]
    await talk.say("t", "better")
    assert await talk.ids("t") == ["h-hello", "a-hello", "h-better", "a-better"]


async def test_a_file_grows_by_the_same_amount_each_turn(on_disk: Any, chat: Any, tmp_path: Path) -> None:
    talk = chat(on_disk)
    sizes = [0]
    with contextlib.closing(sqlite3.connect(tmp_path / "c.sqlite")) as connection:
        for turn in range(200):
            await talk.say("t", f"turn {turn:03}")
            (size,) = connection.execute(
                "SELECT (SELECT SUM(LENGTH(checkpoint)) FROM checkpoints) + (SELECT SUM(LENGTH(value)) FROM writes)"
            ).fetchone()
            sizes.append(size)
    growth = [after - before for before, after in itertools.pairwise(sizes)]
    # All but the few turns that write a snapshot of the whole conversation (one in a hundred updates).
    assert statistics.median(growth[160:]) == pytest.approx(statistics.median(growth[20:60]), rel=0.02)
    assert sum(size > 2 * statistics.median(growth) for size in growth) <= 4
    assert sizes[-1] < 200 * 8_000
