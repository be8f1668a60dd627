"""A conversation over a real websocket: who may have one, what comes back, and each message once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.events.harness import Watched, service, write_config

CONFIG = """
    port = 0

    [sources.desk]
    type = "chat"
    token_env = "DESK_TOKEN"
    origins = ["https://desk.example.org"]
    docs = ["law.txt"]
"""
USER = {"Authorization": "Bearer s3cret"}


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
        for broken in ("no json", "[]", '{"text": 3}', '{"text": " "}'):
            await socket.send(broken)
            assert "text" in (await hear(socket, "error"))["error"]
        await say(socket, "x" * 30_000)
        assert "at most" in (await hear(socket, "error"))["error"]
