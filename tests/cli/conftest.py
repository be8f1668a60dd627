"""Runs the command in this process, and shows what a run that was recorded looked like."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cli.main import run


@dataclass(frozen=True)
class Ran:
    """What a call of the command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def orchestrate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Call the command with these arguments, output not being a terminal."""

    def call(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["orchestrate", *arguments])
        code: Any = 0
        try:
            code = run()
        except SystemExit as exit_:
            code = exit_.code
        captured = capsys.readouterr()
        return Ran(int(code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def recorded() -> list[dict[str, Any]]:
    """The events of a run of four tasks: two side by side, one of them retried, one failing, one skipped."""
    tasks = [
        {"id": "t1", "goal": "Age of a senator", "tool": "search_documents", "args": {"query": "senator"}},
        {"id": "t2", "goal": "Age of a president", "tool": "search_documents", "args": {"query": "president"}},
        {"id": "t3", "goal": "Difference", "tool": "calculate", "args": {"expression": "{{t2}} - {{t1}}"}},
        {"id": "t4", "goal": "Mail it", "tool": "send_email", "args": {"body": "{{t3}}"}},
    ]
    return [
        {"type": "step", "step": "intent", "status": "started", "at": 100.0},
        {"type": "step", "step": "intent", "status": "ended", "at": 100.1},
        {"type": "plan", "at": 100.2, "plan": {"tasks": tasks}},
        {"type": "step", "step": "execute", "status": "started", "at": 100.2},
        {"type": "task", "task": "t1", "status": "running", "tool": "search_documents", "at": 100.2},
        {"type": "task", "task": "t2", "status": "running", "tool": "search_documents", "at": 100.2},
        {"type": "task", "task": "t1", "status": "done", "at": 100.7},
        {"type": "task", "task": "t2", "status": "retrying", "detail": "503", "attempt": 2, "at": 100.9},
        {"type": "task", "task": "t2", "status": "running", "attempt": 2, "at": 101.0},
        {"type": "task", "task": "t2", "status": "done", "at": 101.2},
        {"type": "task", "task": "t3", "status": "running", "at": 101.2},
        {"type": "task", "task": "t3", "status": "failed", "detail": "no number", "at": 101.3},
        {"type": "task", "task": "t4", "status": "skipped", "detail": "t3 failed", "at": 101.3},
        {"type": "step", "step": "generate", "status": "started", "at": 101.3},
        {"type": "text", "text": "Draft", "at": 101.4},
        {"type": "text", "text": "A senator must be thirty [1].", "restart": True, "at": 101.5},
        {"type": "note", "level": "warning", "message": "the mail was not sent", "at": 101.6},
    ]
