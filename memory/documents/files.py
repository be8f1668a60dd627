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
    """The files that were asked for, and the folders that were looked through; absolute paths.

    `astray`: those of the files that aren't to be read, links out of the folder they were found in.
    """

    files: list[Path]
    folders: list[Path]
    missing: list[Path]
    astray: set[Path]


def find(paths: Iterable[Path | str]) -> Found:
    """The files of `paths`: files as they are, folders with all below them that a converter knows.

    Hidden files and folders are left out. Links to folders aren't followed, so a loop does no harm. A link that was
    named is what it leads to; one that was found is it only within its folder, which others may fill.
    """
    is_astray: dict[Path, bool] = {}
    folders: list[Path] = []
    missing: list[Path] = []
    for path in map(absolute, paths):
        if path.is_dir():
            folders.append(path)
            for found, leads_out in _below(path):
                is_astray[found] = is_astray.get(found, True) and leads_out
        elif os.path.lexists(path) and path.exists():
            is_astray[path] = False
        else:
            missing.append(path)
    for folder in folders:
        is_astray.pop(folder, None)
    return Found(list(is_astray), folders, missing, {path for path, leads_out in is_astray.items() if leads_out})


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


def _below(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The files below a folder, and the links to folders elsewhere; whether each is a link that leads out of it."""
    root = folder.resolve()
    for directory, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _SKIPPED_FOLDERS)
        yield from ((path, True) for path in (Path(directory, name) for name in names) if _leads_out(path, root))
        for name in sorted(files):
            path = Path(directory, name)
            if not name.startswith(".") and kind(path):
                yield path, _leads_out(path, root)


def _leads_out(path: Path, root: Path) -> bool:
    try:
        return path.is_symlink() and not path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a loop, which leads nowhere
        return False
