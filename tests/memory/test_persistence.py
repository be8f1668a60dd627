"""The checkpointer and the store: private, strict, encrypted when asked, and clear about what is wrong."""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import resource
import sqlite3
import stat
import subprocess
import sys
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import BaseModel

from memory import persistence
from memory.database import BUSY_TIMEOUT
from memory.encryption import serializer, state_types
from memory.persistence import PersistenceError, open_checkpointer, open_store
from memory.settings import settings
from state.agenda import Todo
from state.budget import Budget, Usage
from state.intent import Intent
from state.plan import Plan, Problem, Task
from state.result import Citation, Evidence, Origin, TaskError, TaskResult
from state.run import Rounds, RunReport, RunState
from state.verdict import Draft, Finding, Verdict
from tests.privileges import without_privileges
from tests.stored import stored_bytes

KEY, OTHER_KEY = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
ROOT = Path(persistence.__file__).parents[1]


def use_key(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    if key is None:
        monkeypatch.delenv("ORCHESTRATE_ENCRYPTION_KEY", raising=False)
    else:
        monkeypatch.setenv("ORCHESTRATE_ENCRYPTION_KEY", key)
    settings.cache_clear()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "c.sqlite"


def every_value() -> dict[str, Any]:
    """A RunState with something in every channel."""
    error = TaskError(kind="timeout", message="no", retry_after=1.5)
    evidence = Evidence(text="“x”\n", source="a.pdf", place="p. 3", task="t1", date="2026-01-02", score=0.5)
    item = TaskResult(task="t1", status="failed", error=error, attempts=3)
    result = TaskResult(
        task="t1", status="done", value={"rows": [{"a": 1.5, "b": None, "ü": [True]}]}, evidence=[evidence],
        origin=Origin(trusted=False, sources=["tool:x"]), items=[item], started=1.0, ended=2.0,
    )  # fmt: skip
    citation = Citation(number=1, quote="x", source="a.pdf")
    verdict = Verdict(action="rerun", findings=[Finding(check="c", message="m", task="t1")], tasks=["t1"])
    task = Task(id="t1", goal="g", tool="x", args={"q": "{{t0.a[0]}}", "n": [1, {"k": None}]}, after=["t0"])
    return {
        "version": 1, "run_key": "r", "goal": "g \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "budget": Budget(seconds=1, money=0.5), "messages": [HumanMessage("a", id="1"), AIMessage("b", id="2")],
        "intent": Intent(kind="question", goal="g", questions=["q"]), "plan": Plan(tasks=[task]),
        "plan_source": "brain", "approved": True, "problems": [Problem(code="cycle", message="m")],
        "results": {"t1": result}, "ahead": {"signature": result},
        "draft": Draft(text="t [1]", citations=[citation], gaps=["g"]), "verdict": verdict,
        "rounds": Rounds(rewrite=1), "usage": Usage(seconds=1.5, tool_calls=2), "notes": ["n"], "started": 1.25,
        "answer": "a", "citations": [citation], "stop_reason": "answered",
        "agenda": [Todo(goal="g", status="in_progress")],
        "report": RunReport(thread_id="t", usage=Usage(), critical_path=["t1"]),
    }  # fmt: skip


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
async def test_every_type_of_the_state_survives_a_file(
    key: str | None, file: Path, chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_key(monkeypatch, key)
    values = every_value()
    assert values.keys() == typing.get_type_hints(RunState).keys()
    async with open_checkpointer(f"sqlite:///{file}") as saver:
        talk = chat(saver)
        await talk.graph.aupdate_state(talk.config("t"), values, as_node="reply")
    async with open_checkpointer(f"sqlite:///{file}") as saver:
        found = (await chat(saver).graph.aget_state(talk.config("t"))).values
    assert found == values
    for name, value in values.items():
        assert type(found[name]) is type(value)
    assert type(found["results"]["t1"].items[0].error) is TaskError
    assert any(b"a.pdf" in stored for stored in stored_bytes(file.parent).values()) is (key is None)


def test_every_type_of_the_state_package_is_allowed() -> None:
    import state

    allowed = set(state_types())
    for module in pkgutil.iter_modules(state.__path__, "state."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__.startswith("state."):
                assert value in allowed


def test_a_callable_in_the_bytes_is_not_called_whatever_the_environment_says(tmp_path: Path) -> None:
    # In a process of its own: LangGraph reads the variable once, at import.
    script = """
import ormsgpack, sys
from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_POS_ARGS, JsonPlusSerializer
from memory.encryption import serializer
def harmful(path):
    call = ormsgpack.packb(("os", "mkdir", [path]))
    return "msgpack", ormsgpack.packb(ormsgpack.Ext(EXT_CONSTRUCTOR_POS_ARGS, call))
JsonPlusSerializer().loads_typed(harmful(sys.argv[1] + "/default"))
for key in (None, b"0123456789abcdef"):
    strict = serializer(key)
    print(strict.loads_typed(harmful(sys.argv[1] + "/ours")))
"""
    environment = {key: value for key, value in os.environ.items() if key != "LANGGRAPH_STRICT_MSGPACK"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (tmp_path / "default").is_dir(), "the attack works on a serializer that isn't strict"
    assert not (tmp_path / "ours").exists()
    assert done.stdout.count("/ours") == 2, "it comes back as plain data"


def test_a_type_from_elsewhere_comes_back_as_plain_data() -> None:
    class Elsewhere(BaseModel):
        x: int = 1

    module = types.ModuleType("elsewhere_of_test")
    module.Elsewhere = Elsewhere  # type: ignore[attr-defined]
    Elsewhere.__module__, Elsewhere.__qualname__ = "elsewhere_of_test", "Elsewhere"
    sys.modules["elsewhere_of_test"] = module
    try:
        packed = JsonPlusSerializer().dumps_typed(Elsewhere())
        assert serializer(None).loads_typed(packed) == {"x": 1}
    finally:
        del sys.modules["elsewhere_of_test"]


async def test_files_are_private_from_the_start(file: Path, chat: Any) -> None:
    def modes() -> set[int]:
        return {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir() if path.is_file()}

    before = os.umask(0)
    try:
        async with open_checkpointer(f"sqlite:///{file}") as saver, open_store(f"sqlite:///{file}"):
            await chat(saver).say("t", "hello")
            assert len(list(file.parent.iterdir())) == 3
            assert modes() == {0o600}
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    file.chmod(0o644)
    async with open_checkpointer(f"sqlite:///{file}"):
        assert modes() == {0o600}


async def test_the_default_is_a_file_under_home(home: Path) -> None:
    async with persistence.checkpointer() as saver, persistence.store() as store:
        assert await saver.aget_tuple({"configurable": {"thread_id": "none"}}) is None
        await store.aput(("facts",), "k", {"v": 1})
        assert (await store.aget(("facts",), "k")).value == {"v": 1}  # type: ignore[union-attr]
    assert [path.name for path in home.iterdir()] == ["orchestrate.sqlite"]


async def test_a_database_in_memory(chat: Any) -> None:
    async with open_checkpointer(":memory:") as saver:
        assert (await chat(saver).say("t", "hello"))["answer"] == "re: hello"


@pytest.mark.parametrize("key", [OTHER_KEY, None], ids=["another", "none"])
async def test_a_wrong_key_is_told_at_once(
    key: str | None, file: Path, chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_key(monkeypatch, KEY)
    async with open_checkpointer(str(file)) as saver:
        await chat(saver).say("t", "hello")
    use_key(monkeypatch, key)
    with pytest.raises(PersistenceError, match=r"encrypted.*ORCHESTRATE_ENCRYPTION_KEY"):
        async with open_checkpointer(str(file)):
            pass
    use_key(monkeypatch, KEY)
    async with open_checkpointer(str(file)) as saver:
        assert await chat(saver).ids("t") == ["h-hello", "a-hello"]


async def test_a_key_of_a_wrong_size_and_an_unknown_url_are_told(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    use_key(monkeypatch, "short")
    with pytest.raises(PersistenceError, match="16, 24 or 32 bytes; it has 5"):
        async with open_checkpointer(str(file)):
            pass
    use_key(monkeypatch, None)
    with pytest.raises(PersistenceError, match="'mysql://' is no database"):
        async with open_checkpointer("mysql://localhost/x"):
            pass


async def test_bits_that_flip_in_an_encrypted_checkpoint_are_found(
    file: Path, chat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_key(monkeypatch, KEY)
    async with open_checkpointer(str(file)) as saver:
        await chat(saver).say("t", "hello")
        flipped = "CAST(substr(checkpoint, 1, 99) || x'00' || substr(checkpoint, 101) AS BLOB)"
        await saver.conn.execute(f"UPDATE checkpoints SET checkpoint = {flipped}")  # type: ignore[attr-defined]
        await saver.conn.commit()  # type: ignore[attr-defined]
        with pytest.raises(PersistenceError, match="can't be decrypted"):
            await chat(saver).ids("t")


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("no database at all\n" * 100)
    with pytest.raises(PersistenceError, match="no SQLite database"):
        async with open_checkpointer(str(tmp_path / "text.sqlite")):
            pass
    (tmp_path / "directory").mkdir()
    with pytest.raises(PersistenceError, match="is a directory"):
        async with open_checkpointer(str(tmp_path / "directory")):
            pass


async def test_a_damaged_file_is_told(file: Path, chat: Any) -> None:
    async with open_checkpointer(str(file)) as saver:
        for turn in range(20):
            await chat(saver).say("t", f"turn {turn}")
    damaged = bytearray(file.read_bytes())
    damaged[4096 * 2 :] = b"\xa5" * (len(damaged) - 4096 * 2)
    file.write_bytes(damaged)
    with pytest.raises(PersistenceError, match="damaged"):
        async with open_checkpointer(str(file)) as saver:
            await chat(saver).ids("t")


async def test_a_locked_file_is_told_and_usable_when_it_is_let_go(file: Path, chat: Any) -> None:
    assert BUSY_TIMEOUT >= 5
    async with open_checkpointer(str(file), busy_timeout=0.05) as saver:
        talk = chat(saver)
        await talk.say("t", "hello")
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PersistenceError, match="is locked by another process"):
            await talk.say("t", "again")
        other.execute("UPDATE checkpoints SET metadata = metadata")
        other.execute("COMMIT")
        other.close()
        await talk.say("t", "at last")
        assert (await talk.ids("t"))[-2:] == ["h-at last", "a-at last"]


async def test_a_cancelled_write_leaves_no_lock_behind(file: Path, chat: Any) -> None:
    async with open_checkpointer(str(file)) as saver:
        talk = chat(saver)
        await talk.say("t", "hello")
        config = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "c"}}
        for steps in range(12):  # at each of the points where it waits
            writing = asyncio.ensure_future(saver.aput_writes(config, [("x", steps)], f"task {steps}"))  # type: ignore[arg-type]
            for _ in range(steps):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            with sqlite3.connect(file, timeout=60) as other:
                other.execute("UPDATE checkpoints SET metadata = metadata")
            other.close()


async def test_a_full_disk_is_told_and_the_thread_goes_on_when_there_is_space(file: Path, chat: Any) -> None:
    async with open_checkpointer(str(file)) as saver:
        talk = chat(saver)
        await talk.say("t", "hello")
        (pages,) = await (await saver.conn.execute("PRAGMA page_count")).fetchone()  # type: ignore[attr-defined]
        await saver.conn.execute(f"PRAGMA max_page_count={pages + 1}")  # type: ignore[attr-defined]

        async def fill() -> None:
            for turn in range(50):
                await talk.say("t", f"turn {turn}")

        with pytest.raises(PersistenceError, match=r"no space left.*free some space"):
            await fill()
        await saver.conn.execute("PRAGMA max_page_count=1000000")  # type: ignore[attr-defined]
        before = await talk.ids("t")
        assert before[:2] == ["h-hello", "a-hello"]
        await talk.graph.ainvoke(None, talk.config("t"))
        await talk.say("t", "on")
        assert (await talk.ids("t"))[-2:] == ["h-on", "a-on"]


_IN_A_PROCESS = """
import asyncio, os, resource, signal, sys
from memory.persistence import PersistenceError, open_checkpointer
from tests.memory.conftest import Chat
{setup}
async def main():
    async with open_checkpointer(sys.argv[1]) as saver:
        for turn in range(40):
            await Chat(saver).say("t", f"turn {{turn}}")
try:
    asyncio.run(main())
except PersistenceError as error:
    print(error)
    sys.exit(3)
"""


def run_script(file: Path, setup: str = "", prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, sys.executable, "-c", _IN_A_PROCESS.format(setup=setup), str(file)],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


async def test_a_disk_that_fills_up_under_a_real_process(file: Path, chat: Any) -> None:
    # EFBIG instead of ENOSPC, which a test can't make without a filesystem of its own; SQLite takes both alike.
    done = run_script(file, f"resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, {resource.RLIM_INFINITY}))\n"
                            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)")  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "space" in done.stdout
    async with open_checkpointer(str(file)) as saver:
        await chat(saver).graph.ainvoke(None, chat.config("t"))
        ids = await chat(saver).ids("t")
    turns = len(ids) // 2
    assert ids == [f"{who}-turn {turn}" for turn in range(turns) for who in "ha"]


@pytest.mark.parametrize("what", ["directory", "file"])
async def test_no_permission_to_write_is_told(what: str, tmp_path: Path, chat: Any) -> None:
    directory = tmp_path / "closed"
    directory.mkdir()
    file = directory / "c.sqlite"
    if what == "file":
        async with open_checkpointer(str(file)) as saver:
            await chat(saver).say("t", "hello")
        file.chmod(0o444)
    directory.chmod(0o555)
    done = run_script(file, prefix=without_privileges())
    directory.chmod(0o755)
    assert done.returncode == 3, done.stderr
    assert "can't be written" in done.stdout or "not writable" in done.stdout


async def test_four_processes_on_one_file(file: Path, chat: Any) -> None:
    script = _IN_A_PROCESS.format(setup="").replace('"t"', 'f"t{os.getpid()}"')
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(file), env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        for _ in range(4)
    ]
    assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    expected = [f"{who}-turn {turn}" for turn in range(40) for who in "ha"]
    async with open_checkpointer(str(file)) as saver:
        for process in processes:
            assert await chat(saver).ids(f"t{process.pid}") == expected


@pytest.mark.slow
async def test_a_log_cut_anywhere_leaves_a_beginning_of_the_history(tmp_path: Path, chat: Any) -> None:
    file, expected = tmp_path / "c.sqlite", [f"{who}-turn {turn}" for turn in range(10) for who in "ha"]
    async with open_checkpointer(str(file)) as saver:
        await saver.conn.execute("PRAGMA wal_autocheckpoint=0")  # type: ignore[attr-defined]
        for turn in range(10):
            await chat(saver).say("t", f"turn {turn}")
        main, log = file.read_bytes(), Path(f"{file}-wal").read_bytes()
    clean, errors = 0, []
    for offset in range(0, len(log), len(log) // 200):
        cut = tmp_path / "cut" / str(offset) / "c.sqlite"
        cut.parent.mkdir(parents=True)
        cut.write_bytes(main)
        Path(f"{cut}-wal").write_bytes(log[: offset + offset % 7])
        try:
            async with open_checkpointer(str(cut)) as saver:
                ids = await chat(saver).ids("t")
                assert ids == expected[: len(ids)]
                clean += 1
        except PersistenceError as error:
            errors.append(str(error))
    assert clean >= 195, errors


def test_the_modules_import_fast_enough_for_every_command() -> None:
    script = "import sys, memory.persistence, memory.journal, memory.lock, memory.threads; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    heavy = {"langgraph.graph", "langgraph.checkpoint.base", "langchain_core.messages", "psycopg", "Crypto"}
    assert not heavy & set(done.stdout.split())
