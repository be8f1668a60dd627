"""History, time travel and forks: what was done isn't done again."""

from __future__ import annotations

from typing import Any

from langgraph_sdk.client import LangGraphClient

from tests.server.conftest import Server, approve, plan, refused


async def _before(client: LangGraphClient, thread: str, node: str) -> Any:
    """The checkpoint from which a node was taken, first."""
    history = await client.threads.get_history(thread, limit=100)
    return [entry for entry in history if entry["next"] == [node]][-1]["checkpoint"]


def _noted(text: str) -> dict[str, Any]:
    return plan(
        {"id": "t1", "tool": "note", "args": {"text": text}},
        {"id": "t2", "tool": "calculate", "args": {"expression": "6 * 7"}},
    )


async def test_the_history_names_each_step(client: LangGraphClient) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "hybrid", input={"goal": "What is 5 + 6?"})
    history = await client.threads.get_history(thread, limit=100)
    assert [entry["next"] for entry in history] == [
        [], ["respond"], ["validate"], ["generate"], ["execute"], ["review"], ["route"], ["decompose"], ["intent"],
        ["guard"], ["__start__"],
    ]  # fmt: skip


async def test_going_back_in_time_repeats_no_effect(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "hybrid", input=_noted("once"))
    assert server.ledger()["once"] == 1
    for node in ("execute", "route", "generate"):
        checkpoint = await _before(client, thread, node)
        out: Any = await client.runs.wait(thread, "hybrid", input=None, checkpoint=checkpoint)
        assert {result["status"] for result in out["results"].values()} == {"done"}
        assert server.ledger()["once"] == 1


async def test_a_fork_with_a_changed_state_repeats_no_effect(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "hybrid", input=_noted("forked"))
    state: Any = await client.threads.get_state(thread, checkpoint=await _before(client, thread, "execute"))
    with refused(400, "plan.tasks"):
        await client.threads.update_state(thread, {"plan": {"tasks": "all"}}, checkpoint=state["checkpoint"])
    changed = state["values"]["plan"]
    changed["tasks"][1]["args"]["expression"] = "6 * 8"
    made = await client.threads.update_state(
        thread, {"plan": changed}, checkpoint=state["checkpoint"], as_node="review"
    )
    # Studio forks by changing the state of a checkpoint, and running on from there.
    forked: Any = await client.threads.get_state(thread, checkpoint=made["checkpoint"])
    assert forked["next"] == ["execute"]
    out: Any = await client.runs.wait(thread, "hybrid", input=None, checkpoint=made["checkpoint"])
    assert out["results"]["t2"]["value"] == 48
    assert server.ledger()["forked"] == 1


async def test_a_copied_thread_repeats_no_effect(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    tasks = _noted("copied")["plan"]["tasks"]
    tasks.append({"id": "t3", "goal": "", "tool": "pay", "args": {"to": "zoe"}, "after": ["t1"]})
    await client.runs.wait(thread, "hybrid", input={"goal": "Go.", "plan": {"tasks": tasks}})
    copied: Any = await client.threads.copy(thread)
    assert server.ledger()["copied"] == 1
    out: Any = await client.runs.wait(copied["thread_id"], "hybrid", command={"resume": approve()})
    assert out["results"]["t3"]["status"] == "done"
    out = await client.runs.wait(thread, "hybrid", command={"resume": approve()})
    assert out["results"]["t3"]["status"] == "done"
    assert (server.ledger()["copied"], server.ledger()["zoe"]) == (1, 1)
    await client.threads.delete(copied["thread_id"])
    assert (await client.threads.get_state(thread))["values"]["answer"]


async def test_a_thread_that_is_deleted_is_gone(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "hybrid", input=_noted("a very particular text"))
    assert b"a very particular text" in server.stored()
    await client.threads.delete(thread)
    await client.threads.create(thread_id=thread)
    assert await client.threads.get_history(thread) == []
