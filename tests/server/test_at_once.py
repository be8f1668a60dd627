"""Several runs at once: of different threads side by side, of one thread by the strategy the caller names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient

from tests.server.conftest import Server, plan, refused


def _held(name: str) -> dict[str, Any]:
    return plan(
        {"id": "t1", "tool": "note", "args": {"text": name}},
        {"id": "t2", "tool": "hold", "args": {"name": name}, "after": ["t1"]},
    )


SECOND = {"goal": "What is 5 + 6?"}


async def test_threads_run_side_by_side(client: LangGraphClient, server: Server) -> None:
    names = [f"side{number}" for number in range(8)]
    runs = []
    for name in names:
        thread = (await client.threads.create())["thread_id"]
        runs.append(asyncio.create_task(client.runs.wait(thread, "hybrid", input=_held(name))))
    await asyncio.gather(*(server.held(name) for name in names))  # all are underway at the same time
    for name in names:
        server.let_go(name)
    outs: list[Any] = await asyncio.gather(*runs)
    assert [out["results"]["t2"]["value"] for out in outs] == [f"held {name}" for name in names]
    assert [server.ledger()[name] for name in names] == [1] * 8


async def test_reject(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    first = await client.runs.create(thread, "hybrid", input=_held("reject"))
    await server.held("reject")
    with refused(409):
        await client.runs.create(thread, "hybrid", input=SECOND, multitask_strategy="reject")
    server.let_go("reject")
    out: Any = await client.runs.join(thread, first["run_id"])
    assert out["results"]["t2"]["status"] == "done"


async def test_enqueue(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    first = await client.runs.create(thread, "hybrid", input=_held("enqueue"))
    await server.held("enqueue")
    second = await client.runs.create(thread, "hybrid", input=SECOND, multitask_strategy="enqueue")
    server.let_go("enqueue")
    await client.runs.join(thread, first["run_id"])
    out: Any = await client.runs.join(thread, second["run_id"])
    assert "11" in out["answer"]
    assert len(out["messages"]) == 4


@pytest.mark.parametrize("strategy", ["interrupt", "rollback"])
async def test_the_newest_wins(client: LangGraphClient, server: Server, strategy: Any) -> None:
    thread = (await client.threads.create())["thread_id"]
    first = await client.runs.create(thread, "hybrid", input=_held(strategy))
    await server.held(strategy)
    out: Any = await client.runs.wait(thread, "hybrid", input=SECOND, multitask_strategy=strategy)
    assert "11" in out["answer"]
    assert server.ledger()[strategy] == 1
    left = {run["run_id"]: run["status"] for run in await client.runs.list(thread)}
    assert left.get(first["run_id"]) == ("interrupted" if strategy == "interrupt" else None)
    said = [message["content"] for message in out["messages"] if message["type"] == "human"]
    assert said == (["Do as planned."] if strategy == "interrupt" else []) + [SECOND["goal"]]


async def test_a_run_that_is_cancelled_can_go_on(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread, "hybrid", input=_held("cancel"))
    await server.held("cancel")
    await client.runs.cancel(thread, run["run_id"], wait=True)
    server.let_go("cancel")
    out: Any = await client.runs.wait(thread, "hybrid", input=None)
    assert {result["status"] for result in out["results"].values()} == {"done"}
    assert server.ledger()["cancel"] == 1
