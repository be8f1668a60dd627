"""An HTTP client for URLs that others chose: public addresses only, checked where the connection is made.

A host is resolved once, every address it has is checked, and the connection goes to a checked address: a name
that answers differently the second time (DNS rebinding) gains nothing. Redirects are followed by hand, each checked
like the first URL, and for reading only. Sizes, times and decompression are bounded. Proxies that the environment
names aren't used: they would do the resolving.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json as json_module
import ssl
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpcore
import httpx

from state.waiting import retry_after
from tools.registry import ToolFailure
from tools.safe_address import DEFAULT_PORTS, AddressRules, Target, refused
from tools.safe_connection import CheckedBackend, Resolver, Sent, resolve_host

USER_AGENT = "orchestrate/0.1"
_READING = {"GET", "HEAD"}
_REDIRECTS = {301, 302, 303, 307, 308}
_TURNED_AWAY = {425, 429}
"""Answers by which a server says that it hasn't begun with a request and may take it later."""
_SAFE_TO_FORWARD = {"accept", "accept-encoding", "accept-language", "user-agent"}
_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te", "trailer"}


@dataclass(frozen=True)
class HttpResponse:
    """A response. `url` is where it came from after redirects; header names are in lower case.

    `lost`: why the answer to a write came without its body, which is empty then; '' for a whole response.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    lost: str = ""

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case; '' if none was given."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, in the encoding its headers name, else UTF-8."""
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                with contextlib.suppress(LookupError, ValueError):  # no encoding, or one that isn't for text
                    return self.body.decode(value.strip(" \"'"), errors="replace")
        return self.body.decode("utf-8", errors="replace")

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait, from `Retry-After` as seconds or as a date."""
        return retry_after(self.headers)


def raise_for_status(response: HttpResponse, what: str) -> None:
    """Raise the ToolFailure that a response of 400 and over amounts to; `what` names the request."""
    status = response.status
    if status < 400:
        return
    detail = " ".join(response.text[:300].split()) if response.content_type.startswith(("text/plain", "app")) else ""
    message = f"{what} answered {status}{f': {detail}' if detail else ''}"
    if status in (408, 425, 429) or status >= 500:
        sent = status not in _TURNED_AWAY
        raise ToolFailure(message, kind="transient", retry_after=response.retry_after, sent=sent)
    raise ToolFailure(message, kind="permanent")


class _Exchange:
    """How far a request has come: what was sent, and the head of the answer once it is there."""

    def __init__(self) -> None:
        self.sent = Sent()
        self.head: HttpResponse | None = None


class SafeHttp:
    """Makes HTTP requests to public addresses, and to the hosts in `allow` (see AddressRules).

    `timeout` is seconds for a whole request with its redirects, `connect_timeout` for resolving and for connecting;
    `max_bytes` bounds the body as sent and as decompressed. Methods raise ToolFailure: kind 'refused' for what isn't
    allowed, 'transient' for what may work later (`sent=False` if nothing reached the server), else 'permanent'.
    """

    def __init__(
        self,
        *,
        allow: Collection[str] = (),
        ports: Collection[int] = DEFAULT_PORTS,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_bytes: int = 5_000_000,
        max_redirects: int = 5,
        resolve: Resolver = resolve_host,
    ) -> None:
        self.rules = AddressRules(allow, ports)
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.max_bytes = max_bytes
        self.max_redirects = max_redirects
        self._resolve = resolve

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """GET a URL, following redirects. The response may have any status."""
        return await self.request("GET", url, headers=headers)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, json: Any = None
    ) -> HttpResponse:
        """Make a request; `json` becomes its body. Only GET and HEAD follow redirects: what a write was approved for is
        the receiver it names, and no other.

        Once a write has been answered, nothing in the answer's body makes it a failure: `lost` says what went wrong.
        """
        method = method.upper()
        content = None if json is None else json_module.dumps(json).encode()
        sending = _outgoing(headers or {}, has_json=content is not None)
        target, exchange = self.rules.check_url(url), _Exchange()
        if method in _READING:
            return await self._in_time(self._follow(method, target, sending, content, exchange), target, exchange)
        try:
            response = await self._in_time(self._once(method, target, sending, content, exchange), target, exchange)
        except ToolFailure as failure:
            if exchange.head is None:
                raise
            response = replace(exchange.head, lost=str(failure))
        _raise_for_redirect(method, target, response)
        return response

    async def _in_time(self, requesting: Awaitable[HttpResponse], target: Target, exchange: _Exchange) -> HttpResponse:
        try:
            async with asyncio.timeout(self.timeout):
                return await requesting
        except TimeoutError:
            message = f"{_shown(target)} didn't answer within {self.timeout:g} s"
            raise ToolFailure(message, kind="transient", sent=exchange.sent.something) from None

    async def _follow(
        self, method: str, target: Target, headers: dict[str, str], content: bytes | None, exchange: _Exchange
    ) -> HttpResponse:
        for _ in range(self.max_redirects + 1):
            response = await self._once(method, target, headers, content, exchange)
            location = response.headers.get("location")
            if response.status not in _REDIRECTS or not location:
                return response
            following = self.rules.check_url(_joined(target, location))
            if following.origin != target.origin:
                headers = {name: value for name, value in headers.items() if name.lower() in _SAFE_TO_FORWARD}
            target = following
        raise ToolFailure(f"{_shown(target)} was still redirecting after {self.max_redirects} redirects")

    async def _once(
        self, method: str, target: Target, headers: dict[str, str], content: bytes | None, exchange: _Exchange
    ) -> HttpResponse:
        context = await asyncio.to_thread(_tls_context) if target.scheme == "https" else None
        backend = CheckedBackend(self.rules, self._resolve, self.connect_timeout, exchange.sent)
        request = httpcore.Request(
            method,
            httpcore.URL(
                scheme=target.scheme.encode(), host=target.host, port=target.url.port, target=target.url.raw_path
            ),
            headers=[("Host", target.url.netloc.decode("ascii")), *headers.items(), *_length(method, content)],
            content=content,
            extensions={
                "timeout": {"connect": self.connect_timeout, "read": self.timeout, "write": self.timeout, "pool": None}
            },
        )
        try:
            async with httpcore.AsyncConnectionPool(ssl_context=context, network_backend=backend) as pool:
                response = await pool.handle_async_request(request)
                try:
                    return await self._read(target, response, exchange)
                finally:
                    await response.aclose()
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            reason = str(error) or "no answer"
            message = f"can't connect to {target.host}:{target.port}: {reason}"
            raise ToolFailure(message, kind="transient", sent=exchange.sent.something) from error
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            reason = str(error) or type(error).__name__
            message = f"the connection to {target.host}:{target.port} broke: {reason}"
            raise ToolFailure(message, kind="transient", sent=exchange.sent.something) from error
        except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
            raise ToolFailure(f"the request can't be made: {error}", kind="invalid_arguments", sent=False) from error

    async def _read(self, target: Target, response: httpcore.Response, exchange: _Exchange) -> HttpResponse:
        headers: dict[str, str] = {}
        for raw_name, raw_value in response.headers:
            name, value = raw_name.decode("latin-1").lower(), _header_text(raw_value)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        exchange.head = HttpResponse(str(target.url), response.status, headers, b"")
        unpack = _decompressor(headers.get("content-encoding", ""), target)
        body, received = bytearray(), 0
        async for chunk in response.aiter_stream():
            received += len(chunk)
            body += unpack(chunk, self.max_bytes - len(body) + 1)
            if max(received, len(body)) > self.max_bytes:
                raise self._too_big(target)
        return replace(exchange.head, body=bytes(body))

    def _too_big(self, target: Target) -> ToolFailure:
        return ToolFailure(f"{_shown(target)} answers with more than {self.max_bytes:,} bytes, which is the limit")


@functools.lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _outgoing(headers: Mapping[str, str], *, has_json: bool) -> dict[str, str]:
    """The headers to send. Raises ToolFailure for those that would change what the request is."""
    sending = {"User-Agent": USER_AGENT, "Accept": "*/*"} | ({"Content-Type": "application/json"} if has_json else {})
    ours = {name.lower(): name for name in sending}
    for name, value in headers.items():
        if name.lower() in _OURS:
            raise refused(f"the header '{name}' is set by the client; leave it out")
        if any(char in "\r\n\0" for char in f"{name}{value}"):
            raise refused(f"the header '{name.strip()}' holds a line break, which could smuggle in other headers")
        sending[ours.get(name.lower(), name)] = value
    return sending | {"Accept-Encoding": "gzip, deflate"}


def _header_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _length(method: str, content: bytes | None) -> list[tuple[str, str]]:
    if content is None:
        return [] if method in _READING else [("Content-Length", "0")]
    return [("Content-Length", str(len(content)))]


def _raise_for_redirect(method: str, target: Target, response: HttpResponse) -> None:
    """Raise the ToolFailure that a redirected write amounts to; a 303 is none: it was done, and the result is there."""
    if response.status not in _REDIRECTS - {303}:
        return
    place = response.headers.get("location", "another place").split("?", 1)[0][:200]
    message = f"{_shown(target)} redirects a {method} to {place}"
    if response.status in (307, 308):  # the request is to be made there in place of here
        raise ToolFailure(f"{message}; if that is right, request it there", sent=False)
    # By the standard the same; but servers also answer 302 to what they have done, and to who must log in first.
    raise ToolFailure(f"{message} ({response.status}), which doesn't tell whether it was done", kind="transient")


def _joined(target: Target, location: str) -> str:
    try:
        return str(target.url.join(location))
    except Exception as error:
        raise refused(f"{_shown(target)} redirects to what is no URL: {error}") from None


def _shown(url: str | Target) -> str:
    """A URL as messages show it: short, without its query, which may hold secrets."""
    text = str(url.url) if isinstance(url, Target) else url
    return text.split("?", 1)[0][:200]


def _decompressor(encoding: str, target: Target) -> Callable[[bytes, int], bytes]:
    """A function that unpacks a chunk to at most so many bytes, so that no small body becomes a huge one."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda chunk, limit: chunk
    if name not in ("gzip", "x-gzip", "deflate"):
        raise ToolFailure(f"{_shown(target)} answers in the encoding '{name}', which wasn't asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def unpack(chunk: bytes, limit: int) -> bytes:
        nonlocal unpacker
        try:
            return unpacker.decompress(chunk, limit)
        except zlib.error:
            if name == "deflate":
                # Some servers send deflate without the zlib header that the standard asks for.
                unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
                with contextlib.suppress(zlib.error):
                    return unpacker.decompress(chunk, limit)
            raise ToolFailure(f"{_shown(target)} sends a damaged {name} body") from None

    return unpack
