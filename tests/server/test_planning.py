"""Tasks begin on the server while a model still writes the plan; killed among them, the run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.servers.openai_server import OpenAIServer
from tests.planning import SlowPlanner
from tests.server.conftest import Server

GOAL = "What is 6 * 7, what is held, and is it noted?"
TASKS = [
    {"id": "t1", "goal": "Multiply", "tool": "calculate", "args": {"expression": "6 * 7"}},
    {"id": "t2", "goal": "Hold", "tool": "hold", "args": {"name": "here"}},
    {"id": "t3", "goal": "Note", "tool": "note", "args": {"text": "noted"}, "after": ["t2"]},
]

pytestmark = pytest.mark.slow


@pytest.fixture
def model() -> SlowPlanner:
    return SlowPlanner(GOAL, TASKS, until="t3", answer="It is 42 [1].")


@pytest.fixture
def mortal(model: SlowPlanner, tmp_path: Path) -> Iterator[Server]:
    """A server whose model is the scripted one."""
    with OpenAIServer(model) as models:
        server = Server(tmp_path, OPENAI_BASE_URL=models.url)
        server.start()
        try:
            yield server
            assert "BlockingError" not in server.log()
        finally:
            model.let_go.set()
            server.kill()


async def test_killed_with_a_head_start_it_goes_on_and_writes_once(mortal: Server, model: SlowPlanner) -> None:
    async with mortal.client() as client, asyncio.timeout(240):
        thread = (await client.threads.create())["thread_id"]
        await client.runs.create(thread, "hybrid", input={"goal": GOAL}, context={"policy": "auto"})
        await mortal.held("here")  # though the plan isn't written yet
        state = await client.threads.get_state(thread)
        assert state["next"] == ["decompose"]
        model.let_go.set()
        while "execute" not in (await client.threads.get_state(thread))["next"]:
            await asyncio.sleep(0.02)
        assert not mortal.ledger()
    mortal.kill()  # while `execute` waits for what began before it
    mortal.let_go("here")
    mortal.start()
    async with mortal.client() as client, asyncio.timeout(240):
        await client.threads.create(thread_id=thread, graph_id="hybrid", if_exists="do_nothing")
        for run in await client.runs.list(thread):
            if run["status"] in ("pending", "running"):
                await client.runs.join(thread, run["run_id"])
        state = await client.threads.get_state(thread)
        out = state["values"]
        if state["next"]:
            out = await client.runs.wait(thread, "hybrid", input=None, context={"policy": "auto"})
    values = {name: result["value"] for name, result in out["results"].items()}
    assert values == {"t1": 42, "t2": "held here", "t3": "noted noted"}
    assert mortal.ledger() == {"noted": 1}
