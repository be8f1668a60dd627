"""Real servers for the tools' tests: HTTP on loopback whose answers a test writes, and Postgres on a socket."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A Postgres server of its own. Yields the options of a URL that lead to it."""
    pytest.importorskip("psycopg")
    places = os.pathsep.join([os.environ["PATH"], *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))])
    initdb, server = (shutil.which(name, path=places) for name in ("initdb", "postgres"))
    if not (initdb and server):
        pytest.skip("no Postgres server is installed")
    directory = Path(tempfile.mkdtemp())
    user: dict[str, Any] = {}
    if os.getuid() == 0:  # Postgres doesn't run as root
        user = {"user": "nobody", "cwd": directory}
        shutil.chown(directory, "nobody")
    data = directory / "data"
    subprocess.run(
        [initdb, "-D", data, "-U", "tester", "-A", "trust", "--no-sync"], check=True, capture_output=True, **user
    )
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={directory}", "-c", "fsync=off"]
    process = subprocess.Popen([server, "-D", data, *options], stderr=subprocess.PIPE, text=True, **user)
    assert process.stderr is not None
    for line in process.stderr:
        if "ready to accept connections" in line:
            break
    yield f"host={directory}&user=tester"
    process.terminate()
    process.communicate(timeout=30)
    shutil.rmtree(directory)


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of an empty database on a real Postgres server."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"postgresql:///postgres?{postgres_server}", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return f"postgresql:///{name}?{postgres_server}"
