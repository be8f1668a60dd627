"""A conversation over a real websocket: who may have one, what comes back, and each message once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from graph.events.server import MOST_MESSAGES, Reception
from memory.database import PersistenceError
from memory.queue import EventQueue
from tests.events.harness import Watched, eventually, service, write_config

CONFIG = """
    port = 0

    [sources.desk]
    type = "chat"
    token_env = "DESK_TOKEN"
    origins = ["https://desk.example.org"]
    docs = ["law.txt"]
"""
USER = {"Authorization": "Bearer s3cret"}
BUSY = """
    port = 0
    concurrency = 1

    [sources.desk]
    type = "chat"
    token_env = "DESK_TOKEN"
    {more}

    [sources.bell]
    type = "webhook"
    secret_env = "DESK_TOKEN"
    goal = "Note it."

    [[sources.bell.tasks]]
    id = "t1"
    tool = "note"
    args = {{ text = "it" }}
"""


@pytest.fixture(autouse=True)
def law(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TOKEN", "s3cret")
    (place / "law.txt").write_text("A senator must be thirty years old. A president must be thirty-five years old.\n")


def address(running: Watched, query: str = "") -> str:
    return running.url.replace("http", "ws", 1) + "/chat/desk" + query


async def say(socket: ClientConnection, text: str, **more: Any) -> None:
    await socket.send(json.dumps({"text": text, **more}))


async def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            told: dict[str, Any] = json.loads(await socket.recv())
            if told["type"] == kind:
                return told


@asynccontextmanager
async def busy_service(place: Path, more: str = "") -> AsyncIterator[Watched]:
    """A service that is at work, and takes no message up before the file `hold` is gone."""
    (place / "hold").touch()
    config = write_config(place, BUSY.format(more=more))
    async with service(config) as running:
        await running.serving.intake.take(config.sources["bell"], "e1", {}, at=0.0)
        await eventually(lambda: (place / "ledger.txt").read_text() == "begun it\n")
        yield running
        (place / "hold").unlink(missing_ok=True)


async def test_a_question_is_answered_with_its_citations_and_its_thread_goes_on(place: Path) -> None:
    async with service(write_config(place, CONFIG)) as running:
        async with connect(address(running, "?conversation=c1"), additional_headers=USER, proxy=None) as socket:
            await say(socket, "How old must a senator be?", id="1")
            accepted = await hear(socket, "accepted")
            answer = await hear(socket, "answer")
            assert "thirty years" in answer["answer"]
            assert answer["citations"][0]["source"].endswith("law.txt")
            assert (answer["id"], answer["thread"]) == ("1", accepted["thread"])
            await say(socket, "And a president?", id="2")
            assert (await hear(socket, "answer"))["thread"] == accepted["thread"]
        async with connect(address(running, "?conversation=c1"), additional_headers=USER, proxy=None) as socket:
            await say(socket, "How old must a senator be?", id="1")
            assert (await hear(socket, "duplicate"))["thread"] == accepted["thread"]
        assert len(running.settled) == 2


async def test_a_page_sends_its_token_first_and_must_be_of_an_origin_that_is_allowed(place: Path) -> None:
    async with service(write_config(place, CONFIG)) as running:
        async with connect(address(running), origin="https://desk.example.org", proxy=None) as socket:
            await socket.send(json.dumps({"token": "s3cret"}))
            await hear(socket, "ready")
        with pytest.raises(InvalidStatus):
            await connect(address(running), origin="https://evil.example.org", additional_headers=USER, proxy=None)


async def test_without_the_token_nothing_is_heard(place: Path) -> None:
    async with service(write_config(place, CONFIG)) as running:
        async with connect(address(running), additional_headers={"Authorization": "Bearer no"}, proxy=None) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        async with connect(address(running), proxy=None) as socket:
            await say(socket, "How old must a senator be?")
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert await running.queue.entries() == []


async def test_what_is_no_message_is_said(place: Path) -> None:
    async with (
        service(write_config(place, CONFIG)) as running,
        connect(address(running), additional_headers=USER, proxy=None) as socket,
    ):
        no_id = '{"text": "2 + 3", "id": "\\ud800"}'
        for broken in ("no json", b"no text", "[]", '{"text": 3}', '{"text": " "}', no_id, "[" * 100_000):
            await socket.send(broken)
            assert 'send {"text"' in (await hear(socket, "error"))["error"]
        await say(socket, "x" * 30_000)
        assert "at most" in (await hear(socket, "error"))["error"]


async def test_a_conversation_outlives_more_messages_than_may_wait_at_once(place: Path) -> None:
    async with (
        service(write_config(place, CONFIG)) as running,
        connect(address(running), additional_headers=USER, proxy=None) as socket,
    ):
        for number in range(MOST_MESSAGES + 1):
            await say(socket, f"What is {number} + 1?", id=str(number))
            assert f" {number + 1} " in (await hear(socket, "answer"))["answer"]


async def test_what_is_told_no_more_keeps_no_later_message_out(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.events.server.MOST_MESSAGES", 1)
    async with (
        service(write_config(place, CONFIG)) as running,
        connect(address(running), additional_headers=USER, proxy=None) as socket,
    ):
        await say(socket, "What is 1 + 1?", id="1")
        await hear(socket, "answer")
        await say(socket, "What is 1 + 1?", id="1")
        await hear(socket, "duplicate")
        await say(socket, "Write 'Remember the milk' to the file milk.txt", id="2")
        await hear(socket, "waiting")  # for whoever answers elsewhere
        await say(socket, "What is 2 + 1?", id="3")
        assert "waits for a person" in (await hear(socket, "dead"))["error"]
        with monkeypatch.context() as locked:
            locked.setattr(EventQueue, "put", _locked)
            await say(socket, "What is 3 + 1?", id="4")
            assert "is locked" in (await hear(socket, "error"))["error"]
        await say(socket, "What is 4 + 1?", id="5")
        await hear(socket, "accepted")


async def _locked(*args: Any, **options: Any) -> None:
    raise PersistenceError("the queue is locked by another process")


async def test_no_more_messages_wait_than_may(place: Path) -> None:
    async with (
        busy_service(place) as running,
        connect(address(running), additional_headers=USER, proxy=None) as socket,
    ):
        for number in range(MOST_MESSAGES):
            await say(socket, f"What is {number} + 1?", id=str(number))
            await hear(socket, "accepted")
        await say(socket, "What is 8 + 1?", id="8")
        assert "too many" in (await hear(socket, "error"))["error"]
        (place / "hold").unlink()
        for number in range(MOST_MESSAGES):
            assert (await hear(socket, "answer"))["id"] == str(number)
        await say(socket, "What is 8 + 1?", id="8")
        assert (await hear(socket, "answer"))["id"] == "8"


async def test_all_connections_of_a_conversation_hear_the_answer(place: Path) -> None:
    async with busy_service(place) as running:
        here = address(running, "?conversation=c1")
        async with (
            connect(here, additional_headers=USER, proxy=None) as first,
            connect(here, additional_headers=USER, proxy=None) as second,
        ):
            async with connect(here, additional_headers=USER, proxy=None) as left:
                for socket, kind in ((first, "accepted"), (second, "duplicate"), (left, "duplicate")):
                    await say(socket, "What is 1 + 1?", id="1")
                    await hear(socket, kind)
            (place / "hold").unlink()
            assert await hear(first, "answer") == await hear(second, "answer")


async def test_who_waits_hears_that_a_later_message_took_the_place(place: Path) -> None:
    async with (
        busy_service(place, 'strategy = "interrupt"') as running,
        connect(address(running), additional_headers=USER, proxy=None) as socket,
    ):
        for number in range(MOST_MESSAGES + 1):
            await say(socket, "What is 1 + 1?", id=str(number))
            if number:
                assert (await hear(socket, "interrupted"))["id"] == str(number - 1)
            await hear(socket, "accepted")


async def test_who_sends_no_token_in_time_is_told_goodbye(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.events.server.TOKEN_WITHIN", 0.05)
    async with service(write_config(place, CONFIG)) as running, connect(address(running), proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "a token is needed")


async def test_who_only_talks_and_never_listens_is_told_goodbye(place: Path) -> None:
    config = write_config(place, CONFIG)
    scope = {
        "type": "websocket", "path": "/chat/desk", "query_string": b"", "subprotocols": [],
        "headers": [(b"authorization", b"Bearer s3cret")],
    }  # fmt: skip
    said = iter([{"type": "websocket.connect"}])
    closed = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return next(said, {"type": "websocket.receive", "text": "{}"})

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            await asyncio.Event().wait()  # nobody reads it
        if message["type"] == "websocket.close":
            closed.append(message["code"])

    async with service(config) as running:
        app = Reception(config, running.serving.intake).app()
        await asyncio.wait_for(app(scope, receive, send), 30)
    assert closed == [1008]
