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
        An answer of 400 or over is an error. Only public http and https addresses can be called.
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
    body: Any = response.text
    if response.content_type == "application/json" or response.content_type.endswith("+json"):
        try:
            body = json.loads(response.body or b"null")
        except ValueError as error:
            message = f"{response.url} answered {response.status} with a body that is no JSON: {error}"
            raise ToolFailure(message) from None
    value = {
        "status": response.status,
        "url": response.url,
        "headers": {name: response.headers[name] for name in _SHOWN_HEADERS if name in response.headers},
        "body": body,
    }
    place = f"{method}, status {response.status}"
    evidence = Evidence(text=response.text, source=response.url, place=place, url=response.url, kind="value")
    return ToolOutput(value, [evidence] if response.text.strip() else [])
