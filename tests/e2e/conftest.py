"""Runs the real command in processes of its own, as a person would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONSTITUTION = ROOT / "examples" / "us-constitution.txt"
LONGEST = 300.0
"""Seconds until a call is given up."""


@dataclass(frozen=True)
class Ended:
    """What a call of the command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Begun:
    """A call of the command that is under way."""

    process: subprocess.Popen[bytes]

    def end(self, *, timeout: float = LONGEST) -> Ended:
        """Wait for it. Whatever it was asked, it never shows a stack trace."""
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        ended = Ended(
            self.process.returncode,
            out.decode("utf-8", "replace"),
            err.decode("utf-8", "replace"),
        )
        assert "Traceback" not in ended.out + ended.err, ended.err
        assert "internal error" not in ended.out + ended.err, ended.err
        return ended


def start(*arguments: str | bytes | Path, environment: Mapping[str, str] | None = None, **options: Any) -> Begun:
    """Start `orchestrate` with these arguments, in the environment of the test and `environment`."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    whole = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **(environment or {})}
    process = subprocess.Popen([sys.executable, "-m", "cli.main", *arguments], env=whole, **options)
    return Begun(process)


@pytest.fixture
def orchestrate(home: Path) -> Callable[..., Ended]:
    """Call the command and wait for its end."""

    def call(*arguments: str | bytes | Path, stdin: bytes | None = None, **options: Any) -> Ended:
        if stdin is None:
            return start(*arguments, **options).end()
        options["stdin"] = subprocess.PIPE
        begun = start(*arguments, **options)
        assert begun.process.stdin is not None
        begun.process.stdin.write(stdin)
        begun.process.stdin.close()
        begun.process.stdin = None
        return begun.end()

    return call


def is_grounded(answer: Mapping[str, Any], *, texts: Mapping[str, str]) -> None:
    """Every mark has its citation; every quotation of a file stands in it, word for word but for white space."""
    marks = {int(number) for number in re.findall(r"\[(\d+)\]", answer["answer"])}
    assert marks == {citation["number"] for citation in answer["citations"]}, answer["answer"]
    for citation in answer["citations"]:
        text = texts.get(Path(citation["source"]).name)
        if text is None:
            is_table = citation["place"].startswith("table ")
            assert is_table or citation["source"] in ("calculate", "query_database", "now", "model"), citation
            continue
        assert " ".join(citation["quote"].split()) in " ".join(text.split()), citation
