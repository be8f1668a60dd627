"""Killed at any point between receipt and end, an event starts its run exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.events.harness import queue, service, write_config

CONFIG = """
    port = 0

    [sources.bell]
    type = "webhook"
    secret_env = "BELL_SECRET"
    goal = "Do it."

    [[sources.bell.tasks]]
    id = "t1"
    tool = "{tool}"
    args = {{ text = "it" }}
"""

# A service in a process of its own that is killed at `sys.argv[2]`, with an event under way.
KILLED = """
import asyncio, os, pathlib, sys, time
from graph.events import runner, service, starting
from graph.events.config import load_config
from memory.queue import EventQueue

config, where = load_config(pathlib.Path(sys.argv[1])), sys.argv[2]

def die(*args, **kwargs):
    os.kill(os.getpid(), 9)

async def nothing(*args):
    return []

def dying(function, before):
    async def wrapped(*args, **kwargs):
        if before:
            die()
        result = await function(*args, **kwargs)
        die()
        return result
    return wrapped

if where == "claimed":
    runner.run_event = die
if where == "asked":
    starting.aask = dying(starting.aask, before=True)
if where == "ended":
    starting.aask = dying(starting.aask, before=False)
if where == "received":
    EventQueue.claim = nothing

async def main():
    begun = asyncio.get_running_loop().create_future()
    work = asyncio.create_task(service.serve(config, ready=begun.set_result))
    serving = await begun
    await serving.intake.take(config.sources["bell"], "e1", {}, at=time.time())
    if where == "received":
        die()
    await asyncio.wait_for(work, 60)

asyncio.run(main())
"""


@pytest.mark.parametrize("where", ["received", "claimed", "asked", "ended"])
async def test_killed_between_receipt_and_end_a_run_is_made_once(
    place: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELL_SECRET", "secret")
    config = write_config(place, CONFIG.format(tool="note"))
    (place / "killed.py").write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    killed = subprocess.run(
        [sys.executable, str(place / "killed.py"), str(place / "events.toml"), where],
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    async with queue() as left:
        (entry,) = await left.entries()
        assert entry.status == ("queued" if where == "received" else "running")
    async with service(config) as running:
        assert await running.until(lambda settled: bool(settled)) == [("e1", "done")]
        receipt = await running.serving.intake.take(config.sources["bell"], "e1", {}, at=0.0)
        assert receipt.status == "duplicate"
    assert (place / "ledger.txt").read_text() == "begun it\ndone it\n"


async def test_killed_in_the_middle_of_a_run_it_is_gone_on_with(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELL_SECRET", "secret")
    text = (
        CONFIG.format(tool="note")
        + """
    [[sources.bell.tasks]]
    id = "t2"
    tool = "weather"
    args = { text = "after" }
    after = ["t1"]

    [[sources.bell.tasks]]
    id = "t3"
    tool = "die_once"
    args = { text = "last" }
    after = ["t2"]
"""
    )
    config = write_config(place, text)
    (place / "killed.py").write_text(KILLED)
    killed = subprocess.run(
        [sys.executable, str(place / "killed.py"), str(place / "events.toml"), "nowhere"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    async with service(config) as running:
        # What killed it may have happened or not, and can't be repeated unseen: a person is asked.
        assert await running.until(lambda settled: bool(settled)) == [("e1", "parked")]
    assert (place / "ledger.txt").read_text().count("done it") == 1
