"""Who is let in to the page, and the headers of every answer."""

from __future__ import annotations

import hashlib
import hmac
from html import escape
from importlib import resources
from typing import Protocol
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    # The drawings carry their colours in style attributes; nothing else is inline.
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_LONGEST_TOKEN = 4096
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class Keyed(Protocol):
    """What has a token that opens it."""

    how_to_open: str
    """Where a person finds the token, as the end of a sentence."""

    async def key(self) -> str | None:
        """The token; empty where nothing opens it, None where this machine needs none and others are kept out."""


class Door:
    """Lets in who has the token and comes from the page itself, and sets the headers of every answer.

    A browser has the token from the address that was opened or from what was typed, and keeps what follows from it in a
    cookie: whoever reads that can't use it for anything else.
    """

    def __init__(self, app: ASGIApp, site: Keyed) -> None:
        self.app, self.site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in _HEADERS if one[0] not in given)]
            await send(message)

        response = await self._response(Request(scope, receive))
        await (response or self.app)(scope, receive, with_headers)

    async def _response(self, request: Request) -> Response | None:
        """What is answered at the door; None where the request may go in."""
        # What is routed by, and no header has a say in.
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        if path == "/api/health":
            return None
        key = await self.site.key()
        if key is None and not _is_from_here(request):
            return told(403, f"Without a token the page is for its own machine alone; {self.site.how_to_open}.")
        if key is not None and not self._is_in(request, key):
            if path == "/token" and request.method == "POST":
                return await self._typed(request, key)
            given = request.query_params.get("token")
            if path == "/" and given is not None and _same(given, key):
                return _welcome(request, key)
            return self._ask(request, None)
        if request.method != "GET" and not _is_ours(request):
            return told(403, "This request comes from another site.")
        return _home(request) if path == "/token" or (path == "/" and "token" in request.query_params) else None

    def _is_in(self, request: Request, key: str) -> bool:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return _same(bearer, key) or (bool(key) and _same(request.cookies.get(_cookie(request), ""), _derived(key)))

    async def _typed(self, request: Request, key: str) -> Response:
        """A token that was typed into the page that asks for it."""
        received = b""
        async for chunk in request.stream():
            received += chunk
            if len(received) > _LONGEST_TOKEN:
                break
        given = parse_qs(received.decode("utf-8", "replace")).get("token", [""])[0]
        if _is_ours(request) and _same(given.strip(), key):
            return _welcome(request, key)
        return self._ask(request, "That isn't the token.")

    def _ask(self, request: Request, told_first: str | None) -> Response:
        sentence = f"The page needs its token: {self.site.how_to_open}."
        if "text/html" not in request.headers.get("accept", ""):
            return told(401, sentence)
        page = resources.files("web").joinpath("static/token.html").read_text("utf-8")
        action = escape(f"{request.scope.get('root_path', '')}/token", quote=True)
        page = page.replace("{action}", action).replace("{told}", escape(told_first or sentence))
        # Under `no-referrer` a browser sends a form from "null", as it does one of another site.
        return HTMLResponse(page, status_code=401, headers={"referrer-policy": "same-origin"})


def told(status: int, message: str) -> Response:
    """An error, as the page and its API tell it."""
    return JSONResponse({"error": message}, status_code=status)


def _welcome(request: Request, key: str) -> Response:
    response = _home(request)
    response.set_cookie(
        _cookie(request),
        _derived(key),
        path=f"{request.scope.get('root_path', '')}/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _home(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/", status_code=303)


def _is_from_here(request: Request) -> bool:
    """Whether a request comes from this machine, and not by a name that was made to point here."""
    sender = request.client.host if request.client else "localhost"
    return sender in _THIS_MACHINE and request.url.hostname in _THIS_MACHINE


def _is_ours(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def _same(given: str, key: str) -> bool:
    return bool(key) and hmac.compare_digest(given.encode(), key.encode())


def _derived(key: str) -> str:
    return hmac.new(key.encode(), b"the page's cookie", hashlib.sha256).hexdigest()


def _cookie(request: Request) -> str:
    """The cookie's name: cookies don't tell ports apart, and each port may have a page of its own."""
    return f"orchestrate-{request.url.port or 80}"
