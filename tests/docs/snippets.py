"""The snippets of a document: found, run in order in one place, and compared with what the document says they print.

A fenced block may have a directive on the line before it, which readers don't see:

    <!-- file: NAME -->      the block is that file; what runs afterwards finds it
    <!-- exit: N -->         the shell block ends with this code
    <!-- output -->          what the block before prints, but for times and ids; a line of '…' stands for any lines
    <!-- transcript: CMD --> what CMD prints, but for times and ids
    <!-- not run: WHY -->    it needs what a test doesn't have
    <!-- command: NAME -->   one of the README's two commands, which CI runs
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = re.compile(
    r"^(?P<indent> *)(?:<!-- (?P<directive>[a-z ]+?)(?:: (?P<value>[^\n]*?))? -->\n\s*)?"
    r"```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)
_DIRECTIVES = {None, "file", "exit", "output", "transcript", "not run", "command"}
_LANGUAGES = {"python", "sh", "json", "toml", "text", "", "mermaid", "ini", "yaml"}
_TIMEOUT = 300
_VARIABLE = [
    (r"\b\d+(?:\.\d+)? (?:ms|s)\b|\b\d+ min \d+ s\b", "TIME"),
    (r"\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b", "THREAD"),
    (r"\b[0-9a-f]{32}\b", "QUESTION"),
]


@dataclass(frozen=True)
class Snippet:
    """A fenced block of a document."""

    document: Path
    line: int
    language: str
    text: str
    directive: str | None = None
    value: str = ""

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def snippets(document: Path) -> list[Snippet]:
    """The fenced blocks of `document`. Raises ValueError for a directive or a language that isn't known."""
    source = document.read_text("utf-8")
    found = []
    for block in _FENCE.finditer(source):
        indent = len(block["indent"])
        text = "".join(line[indent:] if line.strip() else line for line in block["text"].splitlines(keepends=True))
        line = source.count("\n", 0, block.start("text"))
        one = Snippet(document, line, block["language"], text, block["directive"], block["value"] or "")
        if one.directive not in _DIRECTIVES or one.language not in _LANGUAGES:
            raise ValueError(f"{one}: there is no directive '{one.directive}' or language '{one.language}'")
        found.append(one)
    return found


class Session:
    """A reader at a shell and a Python prompt, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "document"}
        self.printed = ""

    def take(self, snippet: Snippet) -> None:
        """Do what a reader does with a snippet. Raises AssertionError, or what the snippet raises."""
        if snippet.directive in ("not run", "command"):
            return
        if snippet.directive == "output":
            assert_same(snippet.text, self.printed, snippet)
        elif snippet.directive == "transcript":
            # What a terminal shows while the run is at work goes to stderr; a transcript may leave that out.
            whole = snippet.text.lstrip().startswith("plan:")
            self._shell(snippet.value if whole else f"{snippet.value} 2>/dev/null", 0, snippet)
            assert_same(snippet.text, self.printed, snippet)
        elif snippet.language == "python" and snippet.directive != "file":
            self._python(snippet)
        elif snippet.language == "sh":
            self._shell(snippet.text, int(snippet.value) if snippet.directive == "exit" else 0, snippet)
        else:
            self._check(snippet)
            if snippet.directive == "file":
                target = self.folder / snippet.value
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(snippet.text, "utf-8")

    def _python(self, snippet: Snippet) -> None:
        # Line numbers as in the document, so that a traceback leads there.
        code = compile("\n" * snippet.line + snippet.text, str(snippet.document), "exec", dont_inherit=True)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, self.names)
        self.printed = out.getvalue()

    def _shell(self, command: str, code: int, snippet: Snippet) -> None:
        # The last line keeps bash from becoming the command, so that a command that is killed is a code like any other.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{command}\n:"],
            cwd=self.folder,
            env={**os.environ, "PATH": path, "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        self.printed = ran.stdout
        assert ran.returncode == code, f"{snippet}: exit code {ran.returncode}, not {code}\n{command}\n{ran.stdout}"

    def _check(self, snippet: Snippet) -> None:
        if snippet.language == "json":
            json.loads(snippet.text)
        elif snippet.language == "toml":
            tomllib.loads(snippet.text)
        elif snippet.language == "python":
            compile(snippet.text, str(snippet), "exec")


def assert_same(said: str, printed: str, snippet: Snippet) -> None:
    """Whether a document tells the truth about an output. Raises AssertionError."""
    actual = _steady(printed)
    lines = _steady(said).splitlines()
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line) + "\n" for line in lines)
    assert re.fullmatch(pattern, actual), f"{snippet} says\n{said}\nand it is\n{printed}"


def _steady(text: str) -> str:
    """`text` without what differs from run to run: times, ids, and the order of what runs side by side."""
    for pattern, name in _VARIABLE:
        text = re.sub(pattern, name, text)
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return "\n".join(_live_lines_sorted(lines)) + "\n"


def _live_lines_sorted(lines: list[str]) -> Iterator[str]:
    live: list[str] = []
    for line in lines:
        if re.match(r"t\d+  (running|done)\b", line):
            live.append(line)
            continue
        yield from sorted(live)
        live = []
        yield line
    yield from sorted(live)
