"""A server with tokens: who may see and do what."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient

from tests.server.conftest import Server, approve, plan, refused

SUM = {"goal": "What is 5 + 6?"}
TOKENS = {"admin": "a-token-of-the-admin", "ada": "a-token-of-ada", "bob": "a-token-of-bob"}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("closed"), ORCHESTRATE_API_TOKENS=json.dumps(TOKENS))
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
async def ada(closed: Server) -> AsyncIterator[LangGraphClient]:
    async with closed.client(TOKENS["ada"]) as client:
        yield client


@pytest.fixture
async def bob(closed: Server) -> AsyncIterator[LangGraphClient]:
    async with closed.client(TOKENS["bob"]) as client:
        yield client


@pytest.fixture
async def admin(closed: Server) -> AsyncIterator[LangGraphClient]:
    async with closed.client(TOKENS["admin"]) as client:
        yield client


@pytest.mark.parametrize("token", [None, "", "another", TOKENS["ada"][:-1]])
async def test_without_a_token_nothing(closed: Server, token: str | None) -> None:
    async with closed.client(token) as client:
        with refused(401):
            await client.threads.create()
        with refused(401):
            await client.assistants.search()
    async with httpx.AsyncClient(timeout=60) as http:
        assert (await http.get(f"{closed.url}/ok")).status_code == 200  # for load balancers


async def test_a_thread_is_its_makers(ada: LangGraphClient, bob: LangGraphClient, admin: LangGraphClient) -> None:
    thread = (await ada.threads.create())["thread_id"]
    out: Any = await ada.runs.wait(thread, "hybrid", input={"goal": "What is 5 + 6?"})
    assert "11" in out["answer"]
    assert thread in {one["thread_id"] for one in await ada.threads.search()}
    assert thread not in {one["thread_id"] for one in await bob.threads.search()}
    for attempt in (
        bob.threads.get(thread),
        bob.threads.get_history(thread),
        bob.threads.update_state(thread, {"goal": "mine"}),
        bob.runs.wait(thread, "hybrid", input={"goal": "What is 1 + 1?"}),
        bob.runs.list(thread),
        bob.threads.copy(thread),
        bob.threads.delete(thread),
    ):
        with refused({404, 409}):  # as if there were none
            await attempt
    assert (await admin.threads.get(thread))["metadata"]["owner"] == "ada"


async def _ids(client: LangGraphClient) -> set[str]:
    return {one["thread_id"] for one in await client.threads.search(limit=1000)}


async def test_nobody_can_give_a_thread_to_somebody_else(
    ada: LangGraphClient, bob: LangGraphClient, admin: LangGraphClient
) -> None:
    named, new = {"owner": "bob", "about": "sums"}, str(uuid.uuid4())
    made = await ada.threads.create(metadata=named)
    changed = await ada.threads.update((await ada.threads.create())["thread_id"], metadata=named)
    run = await ada.runs.create(new, "hybrid", input=SUM, metadata=named, if_not_exists="create")
    await ada.runs.join(new, run["run_id"])
    run_in = await ada.threads.get(new)
    threads = {one["thread_id"] for one in (made, changed, run_in)}
    assert len(threads) == 3
    for one in (made, changed, run_in):
        assert (one["metadata"] or {}).items() >= {"owner": "ada", "about": "sums"}.items()
    assert threads <= await _ids(ada)
    assert not threads & await _ids(bob)
    assert await ada.threads.search(metadata={"owner": "bob"}) == []
    given = (await admin.threads.create(metadata=named))["thread_id"]
    assert given in await _ids(bob)


async def test_what_the_admin_does_in_a_thread_leaves_it_its_makers(
    ada: LangGraphClient, admin: LangGraphClient
) -> None:
    thread = (await ada.threads.create())["thread_id"]
    await admin.threads.update(thread, metadata={"looked": "at"})
    run = await admin.runs.create(thread, "hybrid", input=SUM)
    await admin.runs.join(thread, run["run_id"])
    assert (await ada.threads.get(thread))["metadata"].items() >= {"owner": "ada", "looked": "at"}.items()  # type: ignore[union-attr]
    assert [one["run_id"] for one in await ada.runs.list(thread)] == [run["run_id"]]


@pytest.mark.parametrize(
    "context",
    [{"docs": ["/etc"]}, {"db": "sqlite:////tmp/x"}, {"policy": "auto"}, {"model": "dear"}, {"brain": "chat"}],
)
async def test_what_a_run_may_reach_is_the_admins_to_choose(ada: LangGraphClient, context: dict[str, Any]) -> None:
    thread = (await ada.threads.create())["thread_id"]
    given = {"goal": "What is 5 + 6?"}
    with refused(403, "only 'admin' may choose that"):
        await ada.runs.wait(thread, "hybrid", input=given, context=context)
    with refused(403, "only 'admin' may choose that"):
        await ada.runs.wait(thread, "hybrid", input=given, config={"configurable": context})
    with refused(403):
        await ada.assistants.create("hybrid", context=context)
    with refused(403):
        await ada.crons.create("hybrid", schedule="* * * * *", input=given)


async def test_nobody_chooses_what_the_admins_command_resumes_a_thread_with(ada: LangGraphClient) -> None:
    thread = (await ada.threads.create())["thread_id"]
    sent = {"orchestrate_docs": '["/etc"]', "orchestrate_policy": "open"}
    await ada.runs.wait(thread, "hybrid", input=SUM, metadata=sent, config={"configurable": sent})
    await ada.threads.update_state(thread, {"notes": ["edited"]}, as_node="review")
    history = await ada.threads.get_history(thread, limit=100)
    assert len(history) > 3
    assert not any(set(sent) & set(state["metadata"] or {}) for state in history)


async def test_everybody_may_use_the_admins_assistants(
    closed: Server, ada: LangGraphClient, admin: LangGraphClient
) -> None:
    made = await admin.assistants.create("hybrid", context={"docs": [str(closed.project / "examples")]})
    assert made["assistant_id"] in {one["assistant_id"] for one in await ada.assistants.search()}
    thread = (await ada.threads.create())["thread_id"]
    given = {"goal": "How old must a senator be?"}
    out: Any = await ada.runs.wait(thread, made["assistant_id"], input=given, context={"budget": {"seconds": 60}})
    assert "thirty Years" in out["answer"]


async def test_each_has_a_part_of_the_store(ada: LangGraphClient, bob: LangGraphClient) -> None:
    await ada.store.put_item(["ada", "facts"], key="one", value={"v": 1})
    assert (await ada.store.search_items(["ada"]))["items"]
    for attempt in (bob.store.search_items(["ada"]), bob.store.get_item(["ada", "facts"], key="one")):
        with refused(403):
            await attempt
    with refused(403):
        await bob.store.search_items([])


async def test_a_decision_is_recorded_under_the_name_of_the_token(closed: Server, ada: LangGraphClient) -> None:
    from memory.journal import journal_at

    thread = (await ada.threads.create())["thread_id"]
    await ada.runs.wait(thread, "hybrid", input=plan({"id": "t1", "tool": "pay", "args": {"to": "ann"}}))
    response = {**approve(), "who": "admin"}
    await ada.runs.wait(thread, "hybrid", command={"resume": response}, config={"configurable": {"user": "admin"}})
    journal = journal_at(str(closed.directory / "home" / "orchestrate.sqlite"))
    decided = [one for one in await journal.decisions(thread) if one.kind == "approval"]
    await journal.aclose()
    assert [one.who for one in decided] == ["ada"]
    assert closed.ledger()["ann"] == 1


async def test_inputs_are_cleaned_here_too(ada: LangGraphClient) -> None:
    thread = (await ada.threads.create())["thread_id"]
    with refused(422, "The goal is empty"):
        await ada.runs.wait(thread, "hybrid", input={"goal": ""})


async def test_an_input_that_nothing_is_made_of_is_not_stored(ada: LangGraphClient) -> None:
    thread = (await ada.threads.create())["thread_id"]
    await ada.runs.wait(thread, "hybrid", input=SUM)
    secret = {"goal": "My key is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"}
    made = await ada.runs.create(thread, "hybrid", input=secret, command={"resume": {"who": "ada"}})
    assert "sk-ant" not in json.dumps(await ada.runs.get(thread, made["run_id"]))
