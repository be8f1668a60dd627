"""Questions to people, asked and answered through the server's API."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from langgraph_sdk.client import LangGraphClient

from tests.server.conftest import Server, approve, plan


def _pay(*names: str) -> dict[str, Any]:
    return plan(*({"id": f"t{i}", "tool": "pay", "args": {"to": name}} for i, name in enumerate(names, 1)))


async def _open(client: LangGraphClient, thread: str) -> dict[str, str]:
    """The ids of the open questions, by whom is to be paid."""
    state = await client.threads.get_state(thread)
    return {one["value"]["action_requests"][0]["args"]["to"]: str(one["id"]) for one in state["interrupts"]}


async def test_several_questions_are_answered_in_any_order(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    first: Any = await client.runs.wait(thread, "hybrid", input=_pay("ann", "ben", "cid", "dot"))
    assert len(first["__interrupt__"]) == 4
    assert (await client.threads.get(thread))["status"] == "interrupted"
    asked = await _open(client, thread)
    assert set(asked) == {"ann", "ben", "cid", "dot"}
    assert not {"ann", "ben", "cid", "dot"} & set(server.ledger())

    await client.runs.wait(thread, "hybrid", command={"resume": {asked["cid"]: approve()}})
    assert set(await _open(client, thread)) == {"ann", "ben", "dot"}
    edited = {"type": "edit", "edited_action": {"name": "pay", "args": {"to": "eve"}}}
    rejected = {"type": "reject", "message": "not him"}
    asked = await _open(client, thread)
    answers = {asked["ann"]: {"decisions": [edited]}, asked["ben"]: {"decisions": [rejected]}}
    await client.runs.wait(thread, "hybrid", command={"resume": answers})
    asked = await _open(client, thread)
    assert set(asked) == {"dot"}
    # The only one left needs no address, as the user interfaces there are send it.
    out: Any = await client.runs.wait(thread, "hybrid", command={"resume": approve()})
    assert {name: result["status"] for name, result in out["results"].items()} == {
        "t1": "done", "t2": "refused", "t3": "done", "t4": "done",
    }  # fmt: skip
    assert "not him" in json.dumps(out["results"]["t2"])
    ledger = server.ledger()
    assert {name: ledger[name] for name in ("ann", "ben", "cid", "dot", "eve")} == {
        "ann": 0, "ben": 0, "cid": 1, "dot": 1, "eve": 1,
    }  # fmt: skip


async def test_the_request_has_the_shape_that_interfaces_know(client: LangGraphClient) -> None:
    thread = (await client.threads.create())["thread_id"]
    parts = [part async for part in client.runs.stream(thread, "hybrid", input=_pay("fay"), stream_mode="updates")]
    (interrupt,) = parts[-1].data["__interrupt__"]
    request = interrupt["value"]
    assert request["action_requests"][0].items() >= {"name": "pay", "args": {"to": "fay"}}.items()
    (review,) = request["review_configs"]
    assert review["action_name"] == "pay"
    assert set(review["allowed_decisions"]) == {"approve", "edit", "reject", "respond"}
    assert review["args_schema"]["properties"]["to"]["type"] == "string"
    assert request["task"] == "t1"
    assert request["reason"]


async def test_a_bad_answer_leaves_the_question_open(client: LangGraphClient, server: Server) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "hybrid", input=_pay("gus", "hal"))
    with pytest.raises(Exception, match="interrupt"):  # which of the two?
        await client.runs.wait(thread, "hybrid", command={"resume": approve()})
    asked = await _open(client, thread)
    assert set(asked) == {"gus", "hal"}
    with pytest.raises(Exception, match="An answer looks like"):
        await client.runs.wait(thread, "hybrid", command={"resume": {asked["gus"]: {"decisions": [{"type": "maybe"}]}}})
    asked = await _open(client, thread)
    assert set(asked) == {"gus", "hal"}
    assert not server.ledger()["gus"]
    await client.runs.wait(thread, "hybrid", command={"resume": {one: approve() for one in asked.values()}})
    assert (server.ledger()["gus"], server.ledger()["hal"]) == (1, 1)


async def test_what_needs_no_answer_goes_on(client: LangGraphClient) -> None:
    thread = (await client.threads.create())["thread_id"]
    tasks = _pay("ida")["plan"]["tasks"]
    other = {"id": "t2", "goal": "", "tool": "calculate", "args": {"expression": "6 * 7"}}
    await client.runs.wait(thread, "hybrid", input={"goal": "Pay.", "plan": {"tasks": [*tasks, other]}})
    state: Any = await client.threads.get_state(thread)
    assert state["values"]["results"]["t2"]["value"] == 42
    assert state["values"]["results"]["t1"]["status"] == "pending"


async def test_a_chat_interface_shows_each_question_under_a_message(client: LangGraphClient, server: Server) -> None:
    """agent-chat-ui shows a question under the last message, and only if that isn't the user's own."""
    thread = (await client.threads.create())["thread_id"]
    said: Any = {"messages": [{"type": "human", "content": "What is 5 + 6?"}]}
    await client.runs.wait(thread, "hybrid", input=said)
    said = {"messages": [{"type": "human", "content": "Write 'Remember the milk' to the file milk.txt"}]}
    out: Any = await client.runs.wait(thread, "hybrid", input=said)
    kinds = []
    while asked := out.get("__interrupt__"):
        last = out["messages"][-1]
        assert last["type"] == "ai"
        assert "Write 'Remember the milk' to the file milk.txt (write_file)" in last["content"]
        kinds.append(asked[0]["value"]["kind"])
        edited = {
            "name": "review_plan",
            "args": {"plan": json.dumps(asked[0]["value"]["action_requests"][0]["args"]["plan"])},
        }
        decision = {"type": "edit", "edited_action": edited} if kinds[-1] == "plan" else {"type": "approve"}
        out = await client.runs.wait(thread, "hybrid", command={"resume": {"decisions": [decision]}})
    assert kinds[0] == "plan"
    assert (server.place / "milk.txt").read_text() == "Remember the milk"
    assert "milk.txt" in out["messages"][-1]["content"]
    assert len({message["id"] for message in out["messages"]}) == len(out["messages"])


@pytest.mark.slow
async def test_what_a_cron_begins_asks_nobody(client: LangGraphClient, server: Server) -> None:
    cron: Any = await client.crons.create(
        "hybrid", schedule="* * * * *", input=_pay("jim"), on_run_completed="keep", metadata={"of": "jim"}
    )
    try:
        async with asyncio.timeout(300):
            ended: list[Any] = []
            while not ended:
                found = await client.threads.search(limit=1000)
                ended = [one for one in found if "jim" in json.dumps(one["values"]) and one["status"] != "busy"]
                await asyncio.sleep(1)
    finally:
        await client.crons.delete(cron["cron_id"])
    assert ended[0]["status"] == "idle"
    assert ended[0]["values"]["results"]["t1"]["status"] == "refused"
    assert not server.ledger()["jim"]
