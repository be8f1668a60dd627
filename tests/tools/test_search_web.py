"""search_web asks Tavily with a key and DuckDuckGo without, and says clearly when it can't."""

from __future__ import annotations

import importlib.util
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from memory.settings import Settings
from tools.registry import ToolFailure
from tools.search_web import search_web

WITH_KEY = Settings(_env_file=None, tavily_api_key=SecretStr("tvly-test"))  # type: ignore[call-arg]
WITHOUT_KEY = Settings(_env_file=None)  # type: ignore[call-arg]
FOUND = {
    "results": [
        {"url": "https://a.example/1", "title": "First\n page", "content": "The harbour is 12 m deep.", "score": 0.9},
        {"url": "https://b.example/2", "title": "", "content": "Deeper.", "score": 0.5, "published_date": "2026-01-02"},
        {"url": "", "title": "nowhere", "content": "x", "score": 0.1},
    ]
}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on loopback where nobody listens, nor will."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield int(deaf.getsockname()[1])


async def test_tavily_results_become_evidence_with_url_and_date(loopback: Any, respond: Any) -> None:
    loopback.routes["/search"] = respond(200, json.dumps(FOUND), Content_Type="application/json")
    output = await search_web(WITH_KEY, tavily_url=loopback.url).call({"query": "harbour depth", "k": 3})
    assert output.value == [
        {"url": "https://a.example/1", "title": "First page", "date": None, "text": "The harbour is 12 m deep."},
        {"url": "https://b.example/2", "title": "", "date": "2026-01-02", "text": "Deeper."},
    ]
    first, second = output.evidence
    assert (first.source, first.place, first.url, first.score) == ("First page", "result 1", "https://a.example/1", 0.9)
    assert (second.source, second.date, second.trusted) == ("b.example", "2026-01-02", False)
    asked = loopback.received[0]
    assert asked.headers["authorization"] == "Bearer tvly-test"
    assert json.loads(asked.body) == {"query": "harbour depth", "max_results": 3}


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (401, "permanent", "check TAVILY_API_KEY"),
        (429, "transient", "rate limit"),
        (432, "permanent", "plan may be used up"),
        (400, "permanent", "can't do this search"),
        (418, "permanent", "answered 418"),
        (500, "transient", "can't answer now"),
    ],
)
async def test_tavilys_errors_are_typed(loopback: Any, respond: Any, status: int, kind: str, message: str) -> None:
    loopback.routes["/search"] = respond(status, '{"detail": {"error": "no"}}', Content_Type="application/json")
    with pytest.raises(ToolFailure, match=message) as failure:
        await search_web(WITH_KEY, tavily_url=loopback.url).call({"query": "x"})
    assert failure.value.kind == kind


async def test_offline_is_said_clearly(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDGS_PROXY", f"http://127.0.0.1:{closed_port}")
    for spec in (search_web(WITHOUT_KEY), search_web(WITH_KEY, tavily_url=f"http://127.0.0.1:{closed_port}")):
        with pytest.raises(ToolFailure, match=r"no network: (DuckDuckGo|Tavily) can't be reached") as failure:
            await spec.call({"query": "harbour"})
        assert (failure.value.kind, failure.value.sent) == ("transient", False)


async def test_without_a_key_duckduckgo_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def text(self: object, query: str, **options: Any) -> list[dict[str, str]]:
        asked.update(options, query=query)
        return [{"title": "A page", "href": "https://a.example/", "body": "Words."}]

    monkeypatch.setattr("ddgs.ddgs.DDGS.text", text)  # ddgs.DDGS stands for it until it is used
    output = await search_web(WITHOUT_KEY).call({"query": "harbour", "k": 2})
    assert output.value == [{"url": "https://a.example/", "title": "A page", "date": None, "text": "Words."}]
    assert asked == {"query": "harbour", "max_results": 2, "backend": "duckduckgo"}


async def test_nothing_found_is_an_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    from ddgs.exceptions import DDGSException

    def text(self: object, query: str, **options: Any) -> list[dict[str, str]]:
        raise DDGSException("No results found.")

    monkeypatch.setattr("ddgs.ddgs.DDGS.text", text)  # ddgs.DDGS stands for it until it is used
    output = await search_web(WITHOUT_KEY).call({"query": "qwzx"})
    assert (output.value, output.evidence) == ([], [])


def test_it_is_unavailable_only_when_nothing_can_search(monkeypatch: pytest.MonkeyPatch) -> None:
    assert search_web(WITHOUT_KEY).unavailable is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "TAVILY_API_KEY" in (search_web(WITHOUT_KEY).unavailable or "")


async def test_an_empty_query_is_refused() -> None:
    with pytest.raises(ToolFailure, match="nothing to search for"):
        await search_web(WITHOUT_KEY).call({"query": "  "})
