"""The page as `orchestrate serve` serves it: on a port of loopback, from a thread of the test's own process."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from web.page import Site
from web.server import PageServer

ROOT = Path(__file__).parents[2]
CONSTITUTION = ROOT / "examples" / "us-constitution.txt"
WITHIN = 120.0
"""Seconds until what is waited for is given up."""


class Served:
    """A page that is served, and a client that has its token."""

    def __init__(self, address: str, site: Site, place: Path) -> None:
        self.address, self.site, self.place = address, site, place
        self.client = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {site.token}"}, trust_env=False, timeout=WITHIN
        )

    @property
    def link(self) -> str:
        """The address with the token, as the command prints it."""
        return f"{self.address}/?token={self.site.token}"

    def start(self, goal: str, **chosen: Any) -> str:
        """Begin a run; its thread's id."""
        response = self.client.post("/api/runs", json={"goal": goal, **chosen})
        assert response.status_code == 202, response.text
        thread: str = response.json()["thread_id"]
        return thread

    def events(self, thread: str, after: int | None = None) -> list[tuple[int, dict[str, Any]]]:
        """All that is said of the thread's run until it ends, each with its number."""
        headers = {"Last-Event-ID": str(after)} if after is not None else {}
        said, number = [], 0
        with self.client.stream("GET", f"/api/threads/{thread}/events", headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            for line in response.iter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: ") and line != "data: {}":
                    said.append((number, json.loads(line[6:])))
        return said

    def end(self, thread: str) -> dict[str, Any]:
        """The last thing said of the thread's run."""
        return self.events(thread)[-1][1]

    def resume(self, thread: str, **given: Any) -> httpx.Response:
        return self.client.post(f"/api/threads/{thread}/resume", json=given)

    def held(self, name: str) -> None:
        """Wait until the tool `hold` holds the run."""
        wait_for((self.place / f"{name}.held").exists)

    def let_go(self, name: str) -> None:
        (self.place / f"{name}.let-go").touch()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < until, "it didn't come"
        time.sleep(0.02)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.setenv("TEST_PLACE", str(place))
    monkeypatch.setenv("ORCHESTRATE_FILES", str(place))
    monkeypatch.setenv("ORCHESTRATE_TOOLS", str(Path(__file__).with_name("own_tools.py")))
    site = Site(docs=[str(CONSTITUTION)])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = PageServer(site)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        wait_for(lambda: server.started)
        page = Served(f"http://127.0.0.1:{listening.getsockname()[1]}", site, place)
        with page.client:
            yield page
        server.should_exit = True
        thread.join(WITHIN)


def save(path: str = "note.txt", content: str = "kept") -> dict[str, Any]:
    """A plan that writes a file."""
    return {
        "tasks": [
            {"id": "t1", "goal": "Save it", "tool": "write_file", "args": {"path": path, "content": content}},
            {"id": "t2", "goal": "Add", "tool": "calculate", "args": {"expression": "2 + 3"}},
        ]
    }


def one_task(tool: str, **args: Any) -> dict[str, Any]:
    """A plan of one task."""
    return {"tasks": [{"id": "t1", "goal": f"Let {tool} do it", "tool": tool, "args": args}]}
