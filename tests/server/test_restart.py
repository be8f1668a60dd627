"""Killed without warning and started again: nothing is lost, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.conftest import Server, approve, plan


@pytest.fixture(params=["sqlite", "postgres"])
def mortal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of one's own, to be killed."""
    database = {"ORCHESTRATE_DATABASE": request.getfixturevalue("postgres_url")} if request.param == "postgres" else {}
    server = Server(tmp_path_factory.mktemp("mortal"), **database)
    server.start()
    try:
        yield server
        assert "BlockingError" not in server.log()
    finally:
        server.kill()


async def test_a_server_that_is_killed_goes_on_where_it_was(mortal: Server) -> None:
    async with mortal.client() as client:
        underway = (await client.threads.create())["thread_id"]
        given = plan(
            {"id": "t1", "tool": "note", "args": {"text": "before"}},
            {"id": "t2", "tool": "hold", "args": {"name": "here"}, "after": ["t1"]},
            {"id": "t3", "tool": "note", "args": {"text": "after"}, "after": ["t2"]},
        )
        await client.runs.create(underway, "hybrid", input=given)
        waiting = (await client.threads.create())["thread_id"]
        tasks = [{"id": f"t{i}", "tool": "pay", "args": {"to": name}} for i, name in enumerate(("ann", "ben"), 1)]
        await client.runs.wait(waiting, "hybrid", input=plan(*tasks))
        await client.store.put_item(["facts"], key="one", value={"v": 1})
        await mortal.held("here")
    mortal.kill()
    mortal.let_go("here")
    mortal.start()
    async with mortal.client() as client:
        # The server's list of threads is younger than the threads' states: a thread made in the last seconds before
        # the kill is made known again under its id.
        for thread in (underway, waiting):
            await client.threads.create(thread_id=thread, graph_id="hybrid", if_exists="do_nothing")
        for run in await client.runs.list(underway):
            if run["status"] in ("pending", "running"):
                await client.runs.join(underway, run["run_id"])  # it took the run up again by itself
        state: Any = await client.threads.get_state(underway)
        out = state["values"]
        if state["next"]:
            out = await client.runs.wait(underway, "hybrid", input=None)
        assert {result["status"] for result in out["results"].values()} == {"done"}
        assert out["answer"]

        state = await client.threads.get_state(waiting)
        asked = [one["id"] for one in state["interrupts"]]
        assert len(asked) == 2
        out = await client.runs.wait(waiting, "hybrid", command={"resume": {one: approve() for one in asked}})
        assert {result["status"] for result in out["results"].values()} == {"done"}
        assert mortal.ledger() == {"before": 1, "after": 1, "ann": 1, "ben": 1}
        assert (await client.store.get_item(["facts"], key="one"))["value"] == {"v": 1}
        assert (await client.threads.get_history(waiting))[0]["values"]["answer"]
