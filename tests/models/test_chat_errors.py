"""What a person is told when the model's server fails, and how often it is asked."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from evals.servers.openai_server import OpenAIServer, Reply
from memory.settings import Settings
from models.brain import BrainError
from models.chat import ChatBrain, Patience
from state.intent import Intent
from state.verdict import Draft

Start = Callable[..., OpenAIServer]
KEY = "sk-proj-1234567890abcdef"
FINE = {"action": "accept", "reason": "fine"}


class Clock:
    """Sleeps without sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def judged(url: str | None, clock: Clock | None = None, **settings: Any) -> Any:
    patience = Patience(sleep=(clock or Clock()).sleep)
    brain = ChatBrain.from_settings(Settings(openai_base_url=url, OPENAI_API_KEY=KEY, **settings), patience=patience)
    return await brain.judge(Intent(kind="question", goal="g"), draft=Draft(text="d"), evidence=[])


@pytest.mark.parametrize(
    ("reply", "told", "lasting"),
    [
        (Reply(status=403), "answered 403: the key may not use the model 'gpt-4o-mini'. Check OPENAI_API_KEY", True),
        (Reply(status=404), "answered 404: it has no model 'gpt-4o-mini', or the address is wrong", True),
        (Reply(status=402), "the account's quota is used up", True),
        (Reply(status=429, error={"code": "insufficient_quota"}), "the account's quota is used up", True),
        (Reply(status=422, error={"message": f"bad thing {KEY}"}), r"answered 422: bad thing \*\*\*", False),
        (Reply(status=429, headers={"Retry-After": "3600"}), r"limits the rate \(429\) and asks to wait 3600 s", False),
    ],
)
async def test_what_waiting_cannot_mend_is_told_at_once(
    openai_server: Start, reply: Reply, told: str, lasting: bool
) -> None:
    server = openai_server(lambda _: reply, refuses=())
    clock = Clock()
    with pytest.raises(BrainError, match=told) as caught:
        await judged(server.url, clock)
    assert caught.value.lasting is lasting
    assert clock.slept == []
    assert server.url in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_wrong_key_names_the_variable_and_never_the_key(openai_server: Start) -> None:
    server = openai_server([], key="another")
    with pytest.raises(BrainError) as caught:
        await judged(server.url)
    assert str(caught.value) == (
        f"The model server at {server.url} answered 401: the key is wrong. Check OPENAI_API_KEY."
    )
    assert caught.value.lasting
    assert len(server.requests) == 1


async def test_a_server_without_a_key_gets_a_dummy(openai_server: Start) -> None:
    server = openai_server([FINE])
    brain = ChatBrain.from_settings(Settings(openai_base_url=server.url))
    await brain.judge(Intent(kind="question", goal="g"), draft=Draft(text="d"), evidence=[])
    assert server.requests[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize(
    "bad",
    [
        Reply(status=500),
        Reply(status=503, headers={"Retry-After": "0"}),
        Reply(status=429),
        Reply(raw=b"<html>not JSON"),
        Reply(raw=b"[1, 2]"),
        Reply(raw=b"{}"),
        Reply(""),
        Reply("x", drop_after=0),
        Reply("x", drop_after=1),
    ],
    ids=["500", "503", "429", "html", "list", "object", "empty", "closed", "cut"],
)
async def test_what_may_pass_is_tried_again(openai_server: Start, bad: Reply) -> None:
    server = openai_server([bad, bad, FINE])
    clock = Clock()
    thought = await judged(server.url, clock)
    assert thought.value.ok
    assert thought.usage.model_calls == 3
    assert len(clock.slept) == 2
    assert all(wait <= 3 for wait in clock.slept)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (Reply(status=500, error={"message": "out of memory"}), "answered 500: out of memory. Try again later."),
        (Reply(status=429), r"limits the rate \(429\). Try again later"),
        (Reply(raw=b"<html>not JSON"), "isn't a chat completion .* Check OPENAI_BASE_URL: it usually ends in /v1"),
        (Reply(""), "The model 'gpt-4o-mini' answered nothing. Use another model"),
        (Reply("x", drop_after=0), "broke off in the middle of its answer"),
    ],
)
async def test_tries_are_bounded_and_the_last_failure_is_told(openai_server: Start, bad: Reply, told: str) -> None:
    server = openai_server(lambda _: bad)
    with pytest.raises(BrainError, match=told) as caught:
        await judged(server.url)
    assert len(server.requests) == 3, "langchain's own retries don't multiply ours"
    assert caught.value.usage.model_calls == 3
    assert not caught.value.lasting


async def test_retry_after_is_honoured(openai_server: Start) -> None:
    server = openai_server([Reply(status=429, headers={"Retry-After": "7"}), FINE])
    clock = Clock()
    assert (await judged(server.url, clock)).value.ok
    assert 7 <= clock.slept[0] < 7.5
    server = openai_server(lambda _: Reply(status=429, headers={"retry-after-ms": "9000"}))
    clock = Clock()
    with pytest.raises(BrainError):
        await judged(server.url, clock)
    assert sum(clock.slept) <= 20


async def test_waiting_can_be_cancelled(openai_server: Start) -> None:
    waits = asyncio.Event()

    async def sleep(_: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    server = openai_server(lambda _: Reply(status=429, headers={"Retry-After": "15"}))
    brain = ChatBrain.from_settings(Settings(openai_base_url=server.url), patience=Patience(sleep=sleep))
    judging = asyncio.ensure_future(brain.judge(Intent(kind="question", goal="g"), draft=Draft(text="d"), evidence=[]))
    await waits.wait()
    judging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judging
    assert len(server.requests) == 1


async def test_an_unreachable_server_is_told_with_its_address_but_not_its_password() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        with pytest.raises(BrainError) as caught:
            await judged(f"http://user:hunter2@127.0.0.1:{port}/v1?token=abc")
    assert str(caught.value) == (
        f"The model server at http://127.0.0.1:{port}/v1 can't be reached. Check that it runs, and OPENAI_BASE_URL."
    )
    assert caught.value.lasting


async def test_silence_is_waited_for_only_so_long(openai_server: Start) -> None:
    server = openai_server(lambda _: Reply("x", latency=600))
    with pytest.raises(BrainError, match=r"said nothing for 2 s\. Raise ORCHESTRATE_MODEL_TIMEOUT, or use a faster"):
        await judged(server.url, model_timeout=2)
    assert len(server.requests) == 2


def test_a_brain_outlives_its_event_loop(openai_server: Start) -> None:
    server = openai_server([FINE, FINE])
    brain = ChatBrain.from_settings(Settings(openai_base_url=server.url))

    async def judge() -> bool:
        thought = await brain.judge(Intent(kind="question", goal="g"), draft=Draft(text="d"), evidence=[])
        return thought.value.ok

    assert asyncio.run(judge())
    assert asyncio.run(judge())


async def test_many_calls_at_once(openai_server: Start) -> None:
    together = threading.Barrier(10, timeout=120)

    def respond(_: Any) -> Reply:
        together.wait()  # no call is answered before all are there
        return Reply('{"action": "accept"}')

    server = openai_server(respond)
    brain = ChatBrain.from_settings(Settings(openai_base_url=server.url, model_timeout=120))
    draft, intent = Draft(text="d"), Intent(kind="question", goal="g")
    thoughts = await asyncio.gather(*(brain.judge(intent, draft=draft, evidence=[]) for _ in range(10)))
    assert all(thought.value.ok for thought in thoughts)
