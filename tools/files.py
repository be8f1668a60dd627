"""read_file, list_files, write_file: files in one folder and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field

from state.result import Evidence
from state.text import counted
from tools.confined import LARGEST_WRITE, Confined, Refused
from tools.registry import ToolFailure, ToolOutput, ToolSpec, tool

MOST_CHARACTERS = 200_000
MOST_FILES = 500
_MOST_EVIDENCE = 50
_Name = Annotated[str, Field(min_length=1, max_length=1000, description="Relative path, as 'notes/today.txt'.")]


def file_tools(root: Path | str) -> list[ToolSpec]:
    """The tools `read_file`, `list_files` and `write_file`, confined to `root`; unavailable without that folder."""
    files = Confined(root)
    unavailable = files.unavailable()

    @tool(risk="read", trusted=False, timeout=60, unavailable=unavailable)
    def read_file(
        path: _Name, first_line: Annotated[int, Field(ge=1, description="Line to begin with.")] = 1
    ) -> ToolOutput:
        """Read a file: text, HTML, PDF, Word, CSV or JSON, as text.

        Returns the text, up to 200,000 characters from `first_line` on.
        """
        return _read(files, path, first_line)

    @tool(risk="read", trusted=False, timeout=30, unavailable=unavailable)
    def list_files(
        folder: Annotated[str, Field(max_length=1000, description="Relative path; '' for all.")] = "",
        pattern: Annotated[str, Field(min_length=1, max_length=200, description="As '*.txt'.")] = "*",
    ) -> ToolOutput:
        """List the files in a folder and below it.

        Returns a list of {"path", "bytes", "modified"}, at most 500.
        """
        return _list(files, folder, pattern)

    @tool(risk="write", idempotent=True, trusted=True, timeout=30, concurrency=1, unavailable=unavailable)
    def write_file(
        path: _Name, content: Annotated[str, Field(max_length=LARGEST_WRITE, description="The whole text.")]
    ) -> ToolOutput:
        """Write a text file, replacing what it held; folders on the way are made.

        Returns {"path", "bytes", "changed"}.
        """
        return _write(files, path, content)

    return [read_file, list_files, write_file]


def _read(files: Confined, path: str, first_line: int) -> ToolOutput:
    from memory.documents import reading
    from memory.documents.content import Unreadable, chunks

    try:
        data = files.read(path)
    except Refused as error:
        raise ToolFailure(str(error), sent=False) from error
    if not data:
        return ToolOutput("")
    try:
        if reading.is_prose(Path(path)):
            text = "".join(reading.decoded(data).splitlines(keepends=True)[first_line - 1 :])
            if not text.strip():
                return ToolOutput(text)
            content = reading.convert(Path(path), ("\n" * (first_line - 1) + text).encode())
        else:
            content = reading.convert(Path(path), data)
            text = "\n".join([block.text for block in content.blocks][first_line - 1 :])
    except Unreadable as error:
        raise ToolFailure(f"'{path}' {error}") from error
    passages = chunks(content)[:_MOST_EVIDENCE]
    return ToolOutput(
        text[:MOST_CHARACTERS], [Evidence(text=p.text, source=path, place=p.place, date=content.date) for p in passages]
    )


def _list(files: Confined, folder: str, pattern: str) -> ToolOutput:
    try:
        found, more = files.files(folder, pattern, MOST_FILES)
    except Refused as error:
        raise ToolFailure(str(error), sent=False) from error
    except ValueError as error:
        raise ToolFailure(f"'{pattern}' is no pattern: {error}", kind="invalid_arguments", sent=False) from error
    value = [
        {
            "path": path,
            "bytes": status.st_size,
            "modified": datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds"),
        }
        for path, status in found
    ]
    names = ", ".join(path for path, _ in found[:100])
    count = f"{'more than ' if more else ''}{counted(len(found), 'file')}"
    text = f"{count}: {names}" if found else "There are no such files."
    return ToolOutput(value, [Evidence(text=text, source="list_files", place=folder, kind="value")])


def _write(files: Confined, path: str, content: str) -> ToolOutput:
    try:
        data = content.encode()
    except UnicodeEncodeError as error:
        message = "the content has characters that no text can have (lone surrogates)"
        raise ToolFailure(message, kind="invalid_arguments", sent=False) from error
    try:
        changed = files.write(path, data)
    except Refused as error:
        raise ToolFailure(str(error), sent=False) from error
    text = f"Wrote {counted(len(data), 'byte')} to {path}." if changed else f"{path} holds exactly that already."
    evidence = Evidence(text=text, source="write_file", kind="value", trusted=True)
    return ToolOutput({"path": path, "bytes": len(data), "changed": changed}, [evidence])
