"""The servers as pytest fixtures: `pytest_plugins = ["evals.servers.fixtures"]`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

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
