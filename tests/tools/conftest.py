"""A real server for the tools' tests: HTTP on loopback whose answers a test writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Received:
    """A request as the server got it. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def answer(status: int = 200, body: bytes | str = b"", **headers: str) -> bytes:
    """The bytes of a response; underscores in the names of headers stand for dashes."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


Answer = Callable[[Received], bytes | Awaitable[bytes]]


@dataclass
class LoopbackServer:
    """`routes` maps paths to answers, or to functions that make one of the request; `received` is all that came in."""

    host: str
    routes: dict[str, bytes | Answer] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ", 2)
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Received(method, path, headers, body)
            self.received.append(request)
            route = self.routes.get(path.split("?")[0], answer(404, "nothing here", Content_Type="text/plain"))
            made = route(request) if callable(route) else route
            writer.write(made if isinstance(made, bytes) else await made)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackServer]:
    """A server on 127.0.0.1; its `host` is 'address:port'."""
    serving = LoopbackServer("")
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await serving.serve(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    serving.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield serving
    server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.wait_closed()


@pytest.fixture
def respond() -> Callable[..., bytes]:
    """Makes the bytes of a response: `respond(status, body, Header_Name=...)`."""
    return answer
