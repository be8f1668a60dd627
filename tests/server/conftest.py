"""A real LangGraph server in a process of its own, on a copy of the sources such as a fresh clone is."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError

from tests.stored import stored_bytes

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "graph", "memory", "models", "nodes", "state", "tools", "web", "examples")
KEYS = ("OPENAI_", "TAVILY_", "LANGSMITH_", "LANGCHAIN_", "ORCHESTRATE_", "LANGGRAPH_")
STARTS_WITHIN = 180.0
"""Seconds; a port that another process was quicker to take is known at once."""


def copy_project(directory: Path) -> Path:
    """The sources in `directory`, as a fresh clone has them, and beside them the place where a test meets its tools."""
    project, place = directory / "project", directory / "place"
    place.mkdir()
    for package in PACKAGES:
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("langgraph.json", "pyproject.toml"):
        shutil.copy(ROOT / file, project)
    shutil.copy(Path(__file__).with_name("own_tools.py"), place)
    return project


def own_environment(directory: Path) -> dict[str, str]:
    """What a server on that copy is started with: nothing of what whoever runs the tests has set."""
    place = directory / "place"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(KEYS)}
    return kept | {
        "ORCHESTRATE_HOME": str(directory / "home"),
        "ORCHESTRATE_FILES": str(place),
        "ORCHESTRATE_TOOLS": str(place / "own_tools.py"),
        "TEST_PLACE": str(place),
        "PYTHONPATH": str(directory / "project"),
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "NO_COLOR": "1",
    }


def ledger(place: Path) -> Counter[str]:
    """What the tools did, and how often."""
    file = place / "ledger"
    return Counter(file.read_text().split("\n")[:-1] if file.exists() else [])


class Server:
    """`langgraph dev` in a directory of its own; may be killed and started again."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory, self.place = directory, directory / "place"
        self.project = copy_project(directory)
        self.environment = own_environment(directory) | environment
        self.log_file = directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        for _ in range(3):  # the port that is free now may be another's by then
            if self._started():
                return
        pytest.fail(f"the server didn't start:\n{self.log()[-5000:]}")

    def _started(self) -> bool:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).with_name("langgraph")), "dev", "--no-browser", "--no-reload"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(port), "--n-jobs-per-worker", "10"],
                cwd=self.project,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ok", timeout=5, trust_env=False).status_code == 200:
                    return True
            except httpx.TransportError:
                time.sleep(0.1)
        self.kill()
        return False

    def kill(self) -> None:
        """As a power cut would: nothing is flushed."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=60)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def client(self, token: str | None = None) -> LangGraphClient:
        return get_client(url=self.url, headers={"Authorization": f"Bearer {token}"} if token else None, api_key=None)

    def ledger(self) -> Counter[str]:
        """What the tools did, and how often."""
        return ledger(self.place)

    def let_go(self, name: str) -> None:
        (self.place / f"{name}.let-go").touch()

    async def held(self, name: str) -> None:
        """Wait until a run is in the tool `hold`."""
        async with asyncio.timeout(120):
            while not (self.place / f"{name}.held").exists():
                await asyncio.sleep(0.02)

    def stored(self) -> bytes:
        """Every byte that is kept beside the server's own tables."""
        return b"".join(stored_bytes(self.directory / "home").values())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server most tests share; threads keep them apart. Fails at the end if anything blocked its event loop."""
    shared = Server(tmp_path_factory.mktemp("server"))
    shared.start()
    try:
        yield shared
        log = shared.log()
        assert "BlockingError" not in log
        assert "Blocking call" not in log
    finally:
        shared.kill()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[LangGraphClient]:
    async with server.client() as connected:
        yield connected


@contextmanager
def refused(status: int | set[int], told: str = "") -> Iterator[None]:
    """What the server refuses with an HTTP status, and words in its answer."""
    with pytest.raises((httpx.HTTPStatusError, APIStatusError)) as caught:
        yield
    assert caught.value.response.status_code in ({status} if isinstance(status, int) else status)
    assert told in caught.value.response.text


def graphs() -> list[str]:
    """The graphs that langgraph.json names."""
    return list(json.loads((ROOT / "langgraph.json").read_text())["graphs"])


def plan(*tasks: dict[str, Any]) -> dict[str, Any]:
    """An input that brings a plan of its own."""
    return {"goal": "Do as planned.", "plan": {"tasks": [{"goal": "", **task} for task in tasks]}}


def approve() -> dict[str, Any]:
    return {"decisions": [{"type": "approve"}]}
