"""Two processes that would go on with the same thread at once: one does, the other is told so."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# Begins a run and is stopped in it; then two others resume it at the same time.
PROGRAM = """
    import asyncio, os, sys, time
    from pathlib import Path
    from benchmarks.engine import execution_graph
    from graph.guarded import guarded
    from memory.lock import ThreadBusy
    from memory.persistence import open_checkpointer
    from nodes.kit import Kit
    from state.plan import Plan
    from tools.registry import tool

    role, folder = sys.argv[1], Path(sys.argv[2])

    @tool(risk="write", trusted=True, idempotent=True)
    def note(text: str) -> str:
        '''Append to the ledger.'''
        with (folder / "ledger").open("a") as ledger:
            ledger.write(text + "\\n")
        if role == "begin" and text == "a":
            os._exit(9)
        while role != "begin" and not (folder / "told").exists():  # it holds the thread until the other was turned away
            time.sleep(0.01)
        return text

    TASKS = [{"id": name, "tool": "note", "args": {"text": name}, "after": after}
             for name, after in (("a", []), ("b", ["a"]), ("c", ["b"]))]

    async def main():
        async with open_checkpointer(str(folder / "checkpoints.sqlite")) as saver:
            plain = execution_graph([note], checkpointer=saver)
            graph = guarded(plain.builder, checkpointer=saver, store=None, name="execution")
            config = {"configurable": {"thread_id": "t"}}
            if role == "begin":
                from benchmarks.engine import begin
                await plain.ainvoke(begin(Plan(tasks=TASKS)), config, durability="sync")
            (folder / role).touch()
            while not ((folder / "one").exists() and (folder / "two").exists()):
                await asyncio.sleep(0.001)
            try:
                out = await graph.ainvoke(None, config)
                print("done", sorted(result.value for result in out["results"].values()))
            except ThreadBusy as busy:
                (folder / "told").touch()
                print("busy", busy)

    asyncio.run(main())
"""


def test_one_goes_on_and_the_other_is_told(tmp_path: Path) -> None:
    def start(role: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(PROGRAM), role, str(tmp_path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    first = start("begin")
    first.communicate(timeout=120)
    assert first.returncode == 9
    resumers = [start("one"), start("two")]
    said = [resumer.communicate(timeout=120) for resumer in resumers]
    told = sorted(out for out, _ in said)
    assert told[0].startswith("busy thread 't' is at work in "), said
    assert "try again" in told[0]
    assert told[1] == "done ['a', 'b', 'c']\n", said
    # The receiver dedupes, so 'a' was called again by the one that went on: it was killed in it.
    assert Counter((tmp_path / "ledger").read_text().split()) == {"a": 2, "b": 1, "c": 1}
