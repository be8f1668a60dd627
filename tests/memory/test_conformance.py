"""LangGraph's own conformance suite, on the saver as this application opens it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate

from memory.persistence import open_checkpointer
from memory.settings import settings


@pytest.mark.parametrize("key", [None, "0123456789abcdef"], ids=["plain", "encrypted"])
async def test_the_saver_conforms_in_every_capability(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if key:
        monkeypatch.setenv("ORCHESTRATE_ENCRYPTION_KEY", key)
        settings.cache_clear()

    @checkpointer_test(name=f"sqlite-{key}")
    async def saver() -> AsyncGenerator[BaseCheckpointSaver[str], None]:
        with tempfile.TemporaryDirectory() as directory:
            async with open_checkpointer(f"sqlite:///{Path(directory) / 'checkpoints.sqlite'}") as opened:
                yield opened

    report = await validate(saver)
    failures = [failure for result in report.results.values() for failure in result.failures or []]
    assert failures == []
    assert all(result.detected and result.passed for result in report.results.values()), report.to_dict()
    assert sum(result.tests_passed for result in report.results.values()) >= 58
