"""Webhooks over real HTTP: who may send, what is old, what is full, and that one request is one run."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph.events.config import ConfigError
from graph.events.signature import BadSignature, sign, verify
from tests.events.harness import service, write_config
from tests.stored import stored_bytes

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
CONFIG = """
    port = 0
    {top}

    [sources.deploys]
    type = "webhook"
    secret_env = "DEPLOYS_SECRET"
    goal = "Note the deploy."
    largest = 5000
    {more}

    [[sources.deploys.tasks]]
    id = "note"
    tool = "note"
    args = {{ text = "a deploy" }}
"""


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYS_SECRET", SECRET)


def config(place: Path, top: str = "", more: str = "") -> Any:
    return write_config(place, CONFIG.format(top=top, more=more))


def signed(body: bytes, event_id: str = "msg_1", at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    timestamp = int(time.time() if at is None else at)
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(event_id, timestamp, body, secret),
    }


BODY = json.dumps({"repository": "shop", "version": "4.3"}).encode()


async def post(url: str, body: bytes = BODY, headers: dict[str, str] | None = None, name: str = "deploys") -> Any:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.post(f"{url}/hooks/{name}", content=body, headers=headers or signed(body))


def test_signatures_are_those_of_standard_webhooks() -> None:
    # the example of https://www.standardwebhooks.com's reference libraries
    body = b'{"test": 2432232314}'
    made = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_that_is_phased_out_still_counts() -> None:
    headers = signed(BODY, secret="an older secret")
    assert verify(headers, BODY, [SECRET, "an older secret"], now=time.time(), tolerance=300) == "msg_1"
    with pytest.raises(BadSignature):
        verify(headers, BODY, [SECRET], now=time.time(), tolerance=300)


async def test_a_request_is_taken_in_at_once_and_run_once(place: Path) -> None:
    (place / "hold").touch()
    async with service(config(place)) as running:
        answer = await post(running.url)
        assert answer.status_code == 202
        assert answer.json()["status"] == "accepted"
        assert answer.json()["event"] == "msg_1"
        again = await post(running.url)  # the sender didn't hear the answer
        assert (again.status_code, again.json()["status"]) == (202, "duplicate")
        (place / "hold").unlink()
        assert await running.until(lambda settled: bool(settled)) == [("msg_1", "done")]
        assert (await post(running.url)).json()["status"] == "duplicate"
    assert (place / "ledger.txt").read_text() == "begun a deploy\ndone a deploy\n"


@pytest.mark.parametrize(
    "spoil",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-id": "msg_2"},
        {"webhook-id": "a\tb"},
        {"webhook-timestamp": str(int(time.time()) - 10)},
        {"webhook-timestamp": "now"},
    ],
)
async def test_a_request_that_isn_t_signed_is_refused(place: Path, spoil: dict[str, str]) -> None:
    async with service(config(place)) as running:
        answer = await post(running.url, headers=signed(BODY) | spoil)
        assert answer.status_code == 401
        assert (await post(running.url, BODY + b" ", signed(BODY))).status_code == 401
        assert await running.queue.entries() == []


@pytest.mark.parametrize(("off", "refused"), [(-301, True), (-300, False), (300, False), (301, True)])
def test_a_signature_counts_for_as_long_as_it_is_tolerated(off: int, refused: bool) -> None:
    headers, now = signed(BODY, at=1_700_000_000 + off, secret=SECRET), 1_700_000_000.0
    if refused:
        with pytest.raises(BadSignature, match="off by more than 300 s"):
            verify(headers, BODY, [SECRET], now=now, tolerance=300)
    else:
        assert verify(headers, BODY, [SECRET], now=now, tolerance=300) == "msg_1"


@pytest.mark.parametrize("off", [-360, 360])
async def test_an_old_request_is_refused_though_it_is_signed(place: Path, off: int) -> None:
    async with service(config(place)) as running:
        answer = await post(running.url, headers=signed(BODY, at=time.time() + off))
        assert answer.status_code == 401
        assert "off by more than 300 s" in answer.json()["error"]


async def test_what_can_t_be_taken_says_why(place: Path) -> None:
    async with service(config(place, more='key = "{{event.data.repository}}"')) as running:
        assert (await post(running.url, name="other")).status_code == 404
        large = b'"' + b"x" * 6000 + b'"'
        assert (await post(running.url, large, signed(large))).status_code == 413
        broken = b'{"a": '
        assert (await post(running.url, broken, signed(broken))).status_code == 422
        keyless = b'{"version": 1}'
        answer = await post(running.url, keyless, signed(keyless))
        assert answer.status_code == 422
        assert "has no key" in answer.json()["error"]
        assert await running.queue.entries() == []


async def test_a_full_queue_says_when_to_come_back(place: Path) -> None:
    (place / "hold").touch()
    async with service(config(place, top="capacity = 1\nconcurrency = 1")) as running:
        codes = []
        for number in range(3):
            answer = await post(running.url, headers=signed(BODY, f"msg_{number}"))
            codes.append(answer.status_code)
            if number == 0:  # it is at work before the next one comes
                while not (await running.queue.entries("running")):
                    pass
        assert codes == [202, 202, 503]
        assert int(answer.headers["retry-after"]) > 0
        (place / "hold").unlink()
        await running.until(lambda settled: len(settled) == 2)
        assert (await post(running.url, headers=signed(BODY, "msg_2"))).status_code == 202
        await running.until(lambda settled: len(settled) == 3)


async def test_an_event_of_a_busy_key_can_be_turned_away(place: Path) -> None:
    (place / "hold").touch()
    more = 'strategy = "reject"\n    key = "{{event.data.repository}}"'
    async with service(config(place, more=more)) as running:
        assert (await post(running.url)).status_code == 202
        answer = await post(running.url, headers=signed(BODY, "msg_2"))
        assert answer.status_code == 409
        (place / "hold").unlink()
        await running.until(lambda settled: len(settled) == 1)
        assert (await post(running.url, headers=signed(BODY, "msg_2"))).status_code == 202
        await running.until(lambda settled: len(settled) == 2)


async def test_secrets_that_are_sent_are_not_stored(place: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    body = json.dumps({"repository": "shop", "token": token}).encode()
    async with service(config(place)) as running:
        assert (await post(running.url, body, signed(body))).status_code == 202
        await running.until(lambda settled: bool(settled))
        home = running.queue.path.parent
    assert not any(token.encode() in content for content in stored_bytes(home).values())


def test_a_secret_that_isn_t_set_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOYS_SECRET")
    source: Any = config(place).sources["deploys"]
    with pytest.raises(ConfigError, match="DEPLOYS_SECRET is not set"):
        source.secrets()
