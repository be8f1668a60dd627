"""A folder with tools whose effects can be counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory.settings import settings
from tests.events.harness import TOOLS


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files, with `tools.py`; what they did is in `ledger.txt`."""
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "ledger_tools.py").write_text(TOOLS)
    (folder / "ledger.txt").touch()
    monkeypatch.setenv("ORCHESTRATE_TOOLS", str(folder / "ledger_tools.py"))
    monkeypatch.setenv("ORCHESTRATE_FILES", str(folder))
    monkeypatch.setenv("ORCHESTRATE_BRAIN", "reflex")
    settings.cache_clear()
    return folder
