"""Edits a text in the person's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from cli.errors import UsageError


def edit_text(text: str, *, suffix: str = ".txt") -> str:
    """`text` as it is when $VISUAL or $EDITOR (or vi) has ended. Raises UsageError if it can't be started or fails."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"edit{suffix}"
        path.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(path)], check=True)  # noqa: S603
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise UsageError(f"the editor '{editor}' failed: {error}", "set EDITOR to one that is there") from None
        return path.read_text(encoding="utf-8")
