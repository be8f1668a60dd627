"""http_request: any HTTP API, reading and writing."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field

from state.result import Evidence
from tools.registry import ToolFailure, ToolOutput, ToolSpec, current_call, tool
from tools.safe_http import HttpResponse, SafeHttp, raise_for_status

IDEMPOTENCY_HEADER = "Idempotency-Key"
_SHOWN_HEADERS = ("content-type", "date", "etag", "last-modified", "link", "location", "x-request-id")
_MAX_BODY = 1_000_000
_MOST_NESTED = 100
"""Levels of lists and objects in a parsed body; what works on values goes down into them."""


def http_request(
    *, allow: Collection[str] = (), receiver_dedupes: bool = False, http: SafeHttp | None = None
) -> ToolSpec:
    """The tool `http_request`. `allow` names non-public hosts it may call, as in AddressRules; `http` is the client.

    A write carries the call's key as `Idempotency-Key`. `receiver_dedupes` says that the receivers honour it, so that
    a write whose outcome is unknown may be sent again.
    """
    client = http or SafeHttp(allow=allow, max_bytes=_MAX_BODY)

    @tool(risk="write", idempotent=receiver_dedupes, trusted=False, timeout=45.0, open_world=True)
    async def http_request(
        method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        url: str,
        body: Annotated[Any, Field(description="What to send, as JSON; null for nothing.")] = None,
        headers: dict[str, str] | None = None,
    ) -> ToolOutput:
        """Send a request to an HTTP API, with a JSON body if one is given.

        Returns {"status", "url", "headers", "body"}; `body` is the parsed JSON if the answer is JSON, else text.
        An answer of 400 or over is an error. What was done is a result whatever came back: `note` says why a body is
        left out or isn't parsed. Only reading follows redirects. Only public http and https addresses can be called.
        """
        sending = {name: value for name, value in (headers or {}).items() if name.lower() != IDEMPOTENCY_HEADER.lower()}
        if method not in ("GET", "HEAD"):
            if key := current_call.get().key:
                sending[IDEMPOTENCY_HEADER] = key
        elif body is not None:
            raise ToolFailure(f"a {method} has no body; leave it out", kind="invalid_arguments", sent=False)
        response = await client.request(method, url, headers=sending, json=body)
        raise_for_status(response, f"{method} {response.url.split('?', 1)[0]}")
        return _output(method, response)

    return http_request


def _output(method: str, response: HttpResponse) -> ToolOutput:
    body, note = _body(response)
    if note and method in ("GET", "HEAD"):
        raise ToolFailure(f"{response.url} answered {response.status}: {note}")
    value = {
        "status": response.status,
        "url": response.url,
        "headers": {name: response.headers[name] for name in _SHOWN_HEADERS if name in response.headers},
        "body": body,
    }
    if note:
        value["note"] = note
    place = f"{method}, status {response.status}"
    evidence = Evidence(text=response.text, source=response.url, place=place, url=response.url, kind="value")
    return ToolOutput(value, [evidence] if response.text.strip() else [])


def _body(response: HttpResponse) -> tuple[Any, str]:
    """The body as JSON or text, and what is wrong with it, if anything is."""
    if response.lost:
        return None, f"the body is left out: {response.lost}"
    if response.content_type != "application/json" and not response.content_type.endswith("+json"):
        return response.text, ""
    try:
        body = json.loads(response.body or b"null")
    except (ValueError, RecursionError) as error:
        return response.text, f"the body is no JSON: {error}"
    if _is_nested_deeper(body, _MOST_NESTED):
        return response.text, f"the body is JSON nested deeper than {_MOST_NESTED} levels, and isn't parsed"
    return body, ""


def _is_nested_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        containers = (part for part in level if isinstance(part, dict | list))
        level = [inner for part in containers for inner in (part.values() if isinstance(part, dict) else part)]
    return any(isinstance(part, dict | list) for part in level)
