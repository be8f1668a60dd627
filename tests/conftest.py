"""What every test shares: a home of its own, no keys, no network beyond loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.settings import settings

pytest_plugins = ["evals.servers.fixtures"]

_PROVIDER_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "TAVILY_API_KEY",
    "LANGSMITH_API_KEY",
    "LANGSMITH_TRACING",
    "LANGCHAIN_TRACING_V2",
    "LANGCHAIN_API_KEY",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh ORCHESTRATE_HOME; no provider configured."""
    directory = tmp_path / "home"
    for name in _PROVIDER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORCHESTRATE_HOME", str(directory))
    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")
    settings.cache_clear()
    yield directory
    settings.cache_clear()
