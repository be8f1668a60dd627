"""The page on a LangGraph server: for its admin, over the server's own checkpoints."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient

from tests.server.conftest import Server, approve, plan
from tests.web import browser

TOKENS = {"admin": "a-token-of-the-admin", "ada": "a-token-of-ada"}
PAY = plan({"id": "t1", "tool": "pay", "args": {"to": "pia"}})


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("closed"), ORCHESTRATE_API_TOKENS=json.dumps(TOKENS))
    server.start()
    try:
        yield server
        assert "Blocking" not in server.log()
    finally:
        server.kill()


def visitor(server: Server, token: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=60)


@pytest.fixture
async def page(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(server) as client:
        yield client


async def last_said(page: httpx.AsyncClient, thread: str) -> dict[str, Any]:
    """The last thing that is said of the run under way in the thread."""
    events = await page.get(f"/page/api/threads/{thread}/events")
    lines = [line[6:] for line in events.text.splitlines() if line.startswith("data: ") and line != "data: {}"]
    said: dict[str, Any] = json.loads(lines[-1])
    return said


async def test_the_page_runs_goals_on_the_server(page: httpx.AsyncClient, client: LangGraphClient) -> None:
    response = await page.get("/page")
    assert (response.status_code, response.headers["location"]) == (307, "/page/")
    assert "Orchestrate" in (await page.get("/page/")).text
    assert (await page.get("/page/static/app.js")).status_code == 200
    started = await page.post("/page/api/runs", json={"goal": "What is 5 + 6?"})
    assert started.status_code == 202, started.text
    said = await last_said(page, started.json()["thread_id"])
    assert (said["type"], said["stop_reason"]) == ("outcome", "answered")
    # The server's own routes are where they were.
    assert {one["graph_id"] for one in await client.assistants.search()} >= {"hybrid", "event"}


async def test_what_the_server_runs_is_seen_and_answered_on_the_page(
    page: httpx.AsyncClient, client: LangGraphClient, server: Server
) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "hybrid", input=PAY)
    found = (await page.get("/page/api/threads")).json()["threads"]
    assert {one["thread_id"]: one["status"] for one in found}[thread] == "waiting"
    asked = (await page.get(f"/page/api/threads/{thread}")).json()["waiting"]
    answers = {"answers": {one["id"]: approve() for one in asked}}
    assert (await page.post(f"/page/api/threads/{thread}/resume", json=answers)).status_code == 202
    assert (await last_said(page, thread))["stop_reason"] == "answered"
    assert server.ledger()["pia"] == 1
    state = await client.threads.get_state(thread)
    assert (state["next"], state["values"]["stop_reason"]) == ([], "answered")


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example"])
async def test_without_tokens_the_page_is_for_its_own_machine(page: httpx.AsyncClient, host: str) -> None:
    response = await page.get("/page/api/threads", headers={"Host": host})
    assert response.status_code == 403
    assert "ORCHESTRATE_API_TOKENS" in response.json()["error"]
    response = await page.post("/page/api/runs", json={"goal": "2 + 3"}, headers={"Origin": f"http://{host}"})
    assert response.status_code == 403


async def test_with_tokens_the_page_is_the_admins(closed: Server) -> None:
    for token in (None, TOKENS["ada"], "another"):
        async with visitor(closed, token) as page:
            for path in ("/page/", "/page/api/threads", "/page/static/app.js"):
                assert (await page.get(path)).status_code == 401
            assert (await page.post("/page/api/runs", json={"goal": "2 + 3"})).status_code == 401
            assert (await page.get("/page/api/health")).status_code == 200
    async with visitor(closed, TOKENS["admin"]) as page:
        assert (await page.get("/page/api/threads")).json() == {"threads": []}


async def test_the_token_is_typed_in_and_stays_out_of_the_cookie(closed: Server) -> None:
    async with visitor(closed) as page:
        asked = await page.get("/page/", headers={"Accept": "text/html"})
        assert asked.status_code == 401
        assert 'action="/page/token"' in asked.text
        wrong = await page.post("/page/token", data={"token": TOKENS["ada"]}, headers={"Accept": "text/html"})
        assert (wrong.status_code, "That isn&#x27;t the token." in wrong.text) == (401, True)
        elsewhere = {"Origin": "https://attacker.example"}
        assert (await page.post("/page/token", data={"token": TOKENS["admin"]}, headers=elsewhere)).status_code == 401
        right = await page.post("/page/token", data={"token": TOKENS["admin"]})
        assert (right.status_code, right.headers["location"]) == (303, "/page/")
        cookie = right.headers["set-cookie"]
        assert TOKENS["admin"] not in cookie
        assert "Path=/page/" in cookie
        assert (await page.get("/page/api/threads")).status_code == 200
        forged = {"Origin": "https://attacker.example"}
        assert (await page.post("/page/api/runs", json={"goal": "2 + 3"}, headers=forged)).status_code == 403
    async with visitor(closed, cookie.partition("=")[2].partition(";")[0]) as page:  # nor is the cookie a token
        assert (await page.get("/page/api/threads")).status_code == 401


@pytest.mark.skipif(browser.executable() is None, reason="no Chromium is installed (apt-get install chromium)")
def test_the_page_works_in_a_browser_under_its_path(closed: Server) -> None:
    with browser.opened() as chromium:
        tab = chromium.new_page()
        tab.goto(f"{closed.url}/page")
        tab.get_by_label("Token").fill(TOKENS["admin"])
        tab.get_by_role("button", name="Open the page").click()
        tab.get_by_label("What do you want to know or have done?").fill("What is 17 % of 240?")
        tab.get_by_role("button", name="Ask").click()
        tab.locator("#text", has_text="40.8").wait_for(timeout=60_000)
        assert f"{closed.url}/page/" in tab.url
