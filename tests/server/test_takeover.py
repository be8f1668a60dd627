"""Two workers on one database: one is killed in the middle of a run, the other goes on with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client

from tests.server import aegra
from tests.server.conftest import ledger, plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(aegra.missing() is not None, reason=aegra.missing() or ""),
]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[aegra.Workers]:
    with aegra.workers(tmp_path) as started:
        yield started


async def test_a_killed_workers_run_is_taken_over_and_its_effects_happen_once(workers: aegra.Workers) -> None:
    urls = [workers.start(), workers.start()]
    given = plan(
        {"id": "t1", "tool": "note", "args": {"text": "before"}},
        {"id": "t2", "tool": "hold", "args": {"name": "a"}, "after": ["t1"]},
        {"id": "t3", "tool": "note", "args": {"text": "after {{t2}}"}, "after": ["t2"]},
    )
    async with get_client(url=urls[0], api_key=None) as client:
        thread = (await client.threads.create())["thread_id"]
        run = await client.runs.create(thread, "hybrid", input=given)
        held = workers.place / "a.held"
        async with asyncio.timeout(120):
            while not held.exists() or not held.read_text():
                await asyncio.sleep(0.05)
    killed = int(held.read_text())
    owner = workers.number_of(killed)
    workers.kill(owner)
    held.unlink()
    (workers.place / "a.let-go").touch()

    async with get_client(url=urls[1 - owner], api_key=None) as client:
        async with asyncio.timeout(240):
            out: Any = await client.runs.join(thread, run["run_id"])
        assert (await client.runs.get(thread, run["run_id"]))["status"] == "success", workers.logs()
        assert {name: result["status"] for name, result in out["results"].items()} == dict.fromkeys(
            ("t1", "t2", "t3"), "done"
        )
        assert out["stop_reason"] == "answered"
    async with httpx.AsyncClient(base_url=urls[1 - owner], trust_env=False, timeout=60) as page:
        assert "Orchestrate" in (await page.get("/page/")).text
        shown = (await page.get(f"/page/api/threads/{thread}")).json()
        assert (shown.get("stop_reason"), shown.get("at_work")) == ("answered", False), shown
    assert int(held.read_text()) != killed  # the other held it again
    assert ledger(workers.place) == {"before": 1, "after held a": 1}
