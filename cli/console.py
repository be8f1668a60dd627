"""Where output goes and how wide it is: Rich on a terminal, plain text without control codes anywhere else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDEST = 100
"""Columns that text is wrapped at, however wide the terminal is."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at `stream` on something that understands control codes."""
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    except ValueError:  # a closed stream
        return False


def interactive() -> bool:
    """Whether a person can be asked here and now."""
    return is_terminal(sys.stdout) and is_terminal(sys.stdin)


def tolerant(stream: TextIO | None) -> None:
    """Let `stream` replace what its encoding can't say, where it would otherwise raise."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def console(*, stderr: bool = False) -> Console:
    """A console for stdout or stderr as they are now. NO_COLOR is honoured; text is never read as markup."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    terminal = is_terminal(stream)
    made = Console(
        file=stream,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not terminal,
    )
    made.width = min(made.width, WIDEST) if terminal else WIDEST
    return made


def show(*parts: RenderableType) -> None:
    """Print renderables on stdout; without the padding of columns where it is no terminal."""
    on = console()
    if on.is_terminal:
        for part in parts:
            on.print(part)
        return
    with on.capture() as captured:
        for part in parts:
            on.print(part)
    text = "\n".join(line.rstrip() for line in captured.get().splitlines())
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
