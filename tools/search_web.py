"""search_web: the web, by Tavily with a key and by DuckDuckGo without."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from memory.settings import Settings, settings
from state.result import Evidence
from tools.registry import ToolFailure, ToolOutput, ToolSpec, tool

MAX_RESULTS = 20
_TIMEOUT = 10


def search_web(config: Settings | None = None, *, tavily_url: str | None = None) -> ToolSpec:
    """The tool `search_web`. `tavily_url` is the address of another Tavily-compatible service."""
    configured = config or settings()
    key = configured.tavily_api_key.get_secret_value() if configured.tavily_api_key else None

    @tool(risk="read", trusted=False, timeout=30.0, rate=2.0, unavailable=_missing(key))
    async def search_web(
        query: Annotated[str, Field(min_length=1, max_length=400, description="What to search for.")],
        k: Annotated[int, Field(ge=1, le=MAX_RESULTS, description="How many results.")] = 5,
    ) -> ToolOutput:
        """Search the web. Returns a list of {"url", "title", "date", "text"}, best first; `date` may be null.

        `text` is an excerpt; fetch_page reads the whole page.
        """
        if not query.strip():
            raise ToolFailure("there is nothing to search for", kind="invalid_arguments", sent=False)
        found = await (_tavily(key, query, k, tavily_url) if key else asyncio.to_thread(_duckduckgo, query, k))
        results = [result for result in found if result["url"]][:k]
        return ToolOutput(
            [{name: result[name] for name in ("url", "title", "date", "text")} for result in results],
            [_evidence(number, result) for number, result in enumerate(results, start=1) if result["text"]],
        )

    return search_web


def _missing(key: str | None) -> str | None:
    library = "tavily" if key else "ddgs"
    if importlib.util.find_spec(library):
        return None
    return f"the package '{library}' isn't installed" + ("" if key else "; install it, or set TAVILY_API_KEY")


async def _tavily(key: str, query: str, k: int, url: str | None) -> list[dict[str, Any]]:
    def connect() -> Any:
        from tavily import AsyncTavilyClient

        return AsyncTavilyClient(api_key=key, api_base_url=url)

    # Importing and building the client reads files.
    client = await asyncio.to_thread(connect)
    try:
        async with client:
            answer = await client.search(query, max_results=k, timeout=_TIMEOUT)
    except Exception as error:
        raise _tavily_failure(error) from error
    return [
        _result(
            found.get("url"), found.get("title"), found.get("content"), found.get("published_date"), found.get("score")
        )
        for found in answer.get("results", [])
    ]


def _tavily_failure(error: Exception) -> ToolFailure:
    import httpx
    from tavily import errors

    if isinstance(error, errors.InvalidAPIKeyError):
        return ToolFailure("Tavily doesn't accept the key; check TAVILY_API_KEY")
    if isinstance(error, errors.UsageLimitExceededError):
        return ToolFailure(f"Tavily's rate limit is reached: {error}", kind="transient")
    if isinstance(error, errors.ForbiddenError):
        return ToolFailure(f"Tavily refuses the search, the plan may be used up: {error}")
    if isinstance(error, errors.BadRequestError):
        return ToolFailure(f"Tavily can't do this search: {error}")
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
        return ToolFailure(f"Tavily answered {error.response.status_code}")
    if isinstance(error, httpx.TransportError):
        return _offline("Tavily", error)
    return ToolFailure(f"Tavily can't answer now: {error}", kind="transient")


def _duckduckgo(query: str, k: int) -> list[dict[str, Any]]:
    """Search by DuckDuckGo. Blocks."""
    from ddgs import DDGS
    from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException

    try:
        found = DDGS(timeout=_TIMEOUT).text(query, max_results=k, backend="duckduckgo")
    except RatelimitException as error:
        message = "DuckDuckGo's rate limit is reached; set TAVILY_API_KEY to search more"
        raise ToolFailure(message, kind="transient") from error
    except TimeoutException as error:
        raise _offline("DuckDuckGo", error) from error
    except DDGSException as error:
        if "No results found" in str(error):
            return []
        raise _offline("DuckDuckGo", error) from error
    return [_result(result.get("href"), result.get("title"), result.get("body"), None, None) for result in found]


def _offline(provider: str, error: Exception) -> ToolFailure:
    reason = type(error).__name__ if len(str(error)) > 200 or not str(error) else str(error)
    message = f"no network: {provider} can't be reached ({reason}); search documents instead, or try again later"
    return ToolFailure(message, kind="transient", sent=False)


def _result(url: Any, title: Any, text: Any, date: Any, score: Any) -> dict[str, Any]:
    return {
        "url": str(url or ""),
        "title": " ".join(str(title or "").split()),
        "date": str(date) if date else None,
        "text": str(text or "").strip(),
        "score": float(score) if isinstance(score, int | float) else None,
    }


def _evidence(number: int, result: dict[str, Any]) -> Evidence:
    return Evidence(
        text=result["text"],
        source=result["title"] or urlsplit(result["url"]).hostname or result["url"],
        place=f"result {number}",
        url=result["url"],
        date=result["date"],
        score=result["score"],
        trusted=False,
    )
