"""Folders that only their owner may look into."""

from __future__ import annotations

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that aren't there, 0700 whatever the process's mask. Raises OSError.

    `Path.mkdir` gives its mode to the last one alone.
    """
    missing = [folder, *folder.parents]
    for path in reversed([path for path in missing if not path.exists()]):
        path.mkdir(mode=0o700, exist_ok=True)
