"""What every test shares: a home of its own, no keys, no network beyond loopback, nothing left over from others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.settings import settings
from nodes.execution import limits

pytest_plugins = ["evals.servers.fixtures"]

with contextlib.suppress(ImportError):  # AutoGen's tests have an environment of their own, without it
    import hypothesis

    # The same examples each time, and as long as they take: what fails is the code, never the luck or the machine.
    # `--hypothesis-profile=default` looks for new ones.
    hypothesis.settings.register_profile(
        "steady", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty folder to work in: settings are also read from the `.env` of the folder that one is in."""
    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh ORCHESTRATE_HOME; no tool is left alone for having failed in another test."""
    directory = tmp_path / "home"
    monkeypatch.setenv("ORCHESTRATE_HOME", str(directory))
    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")
    settings.cache_clear()
    limits.reset()
    yield directory
    settings.cache_clear()
