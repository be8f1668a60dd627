"""Connections to checked addresses: where a request really goes is decided, and judged, here."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore

from tools.registry import ToolFailure
from tools.safe_address import AddressRules

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a host, for a port. Raises OSError (socket.gaierror) if it has none."""


async def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Sent:
    """Whether anything was sent to a server; a connection that was only opened changed nothing there."""

    something = False


class _WatchedStream(httpcore.AsyncNetworkStream):
    """Notes when the first bytes of a request leave."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, sent: Sent) -> None:
        self._stream = stream
        self._sent = sent

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._sent.something = True
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _WatchedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._sent)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only. Host header, SNI and certificate check keep the name."""

    def __init__(self, rules: AddressRules, resolve: Resolver, timeout: float, sent: Sent) -> None:
        self._rules = rules
        self._resolve = resolve
        self._timeout = timeout
        self._sent = sent
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._resolve(host, port)
        except TimeoutError:
            message = f"no network: can't look up {host} within {self._timeout:g} s"
            raise ToolFailure(message, kind="transient", sent=False) from None
        except OSError as error:
            raise _unresolved(host, error) from error
        failure: Exception = httpcore.ConnectError("it has no address")
        for address in self._rules.check_addresses(host, port, found):
            try:
                stream = await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _WatchedStream(stream, self._sent)
        raise failure


def _unresolved(host: str, error: OSError) -> ToolFailure:
    unknown = isinstance(error, socket.gaierror) and error.errno in (
        socket.EAI_NONAME,
        getattr(socket, "EAI_NODATA", 0),
    )
    if unknown:
        return ToolFailure(f"there is no host called {host}, or no network to look it up", kind="permanent", sent=False)
    return ToolFailure(f"no network: can't look up {host} ({error.strerror or error})", kind="transient", sent=False)
