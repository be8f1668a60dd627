"""The servers as pytest fixtures: `pytest_plugins = ["evals.servers.fixtures"]`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.servers import postgres
from evals.servers.openai_server import OpenAIServer, Script
from evals.servers.smollm import missing, serve_smollm


@pytest.fixture
def openai_server() -> Iterator[Callable[..., OpenAIServer]]:
    """Starts scripted servers that end with the test: `server = openai_server(["Hello."])`, then `server.url`."""
    with contextlib.ExitStack() as stack:

        def start(script: Script = (), **options: Any) -> OpenAIServer:
            return stack.enter_context(OpenAIServer(script, **options))

        yield start


@pytest.fixture(scope="session")
def smollm_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of the real, weak model, started once per session. Mark the tests that use it `slow`."""
    if reason := missing():
        pytest.skip(reason)
    with serve_smollm(tmp_path_factory.mktemp("smollm") / "server.log") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """A Postgres server of the session's own: the directory of its socket."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.serve_postgres() as directory:
        yield directory


@pytest.fixture
def postgres_url(postgres_server: Path) -> str:
    """A new, empty database."""
    return postgres.new_database(postgres_server)
