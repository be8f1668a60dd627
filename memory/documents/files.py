"""Which files a list of files and folders means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from memory.documents.content import DocumentsError
from memory.documents.reading import CONVERTERS, kind

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages", "_sources", "_static"})


@dataclass(frozen=True)
class Found:
    """The files that were asked for, and the folders that were looked through; absolute paths."""

    files: list[Path]
    folders: list[Path]
    missing: list[Path]


def find(paths: Iterable[Path | str]) -> Found:
    """The files of `paths`: files as they are, folders with all below them that a converter knows.

    Hidden files and folders are left out. Links to folders aren't followed, so a loop does no harm.
    """
    files: dict[Path, None] = {}
    folders: list[Path] = []
    missing: list[Path] = []
    for given in paths:
        path = absolute(given)
        if path.is_dir():
            folders.append(path)
            files.update(dict.fromkeys(_below(path)))
        elif os.path.lexists(path) and path.exists():
            files[path] = None
        else:
            missing.append(path)
    return Found(list(files), folders, missing)


def absolute(path: Path | str) -> Path:
    """`path` made absolute, links kept as they were given. Raises DocumentsError for what can't be a path."""
    try:
        return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() would follow links
    except (ValueError, RuntimeError) as error:
        raise DocumentsError(f"{str(path)!r} is not a path: {error}") from error


def shown(path: Path | str) -> str:
    """How a file is named to a person: relative when it is below the working directory."""
    path = Path(path)
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def formats() -> str:
    """The kinds of files that are understood, for messages."""
    return " ".join(sorted(suffix.lstrip(".") for suffix in CONVERTERS))


def _below(folder: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(directory, name)
            if not name.startswith(".") and kind(path):
                yield path
