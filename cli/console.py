"""Where output goes and how wide it is: Rich on a terminal, plain text without control codes anywhere else."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def say(line: str) -> None:
    """Print a line on stderr. A stderr that can't be written is given up: it must not cost the answer."""
    try:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        give_up(sys.stderr)


def give_up(stream: TextIO) -> None:
    """Let what is written to `stream`, and what it still holds, vanish from now on."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def aside(*, json: bool = False) -> Iterator[TextIO]:
    """While tools are at work: what they, their threads and their processes print goes to stderr, so that stdout has
    the command's own output alone. Yields stdout itself. On a terminal everything stays together, unless `json`.

    A tool that took too long is left behind, and may print for as long as the process lives: from then on stdout is
    this thread's alone."""
    own = sys.stdout
    if not json and is_terminal(own):
        yield own
        return
    _flush(own)
    with contextlib.ExitStack() as stack:
        stack.callback(_keep_stdout)
        with contextlib.suppress(OSError, ValueError):  # closed, or no file
            number, kept = own.fileno(), os.dup(own.fileno())
            stack.callback(os.close, kept)
            os.dup2(sys.stderr.fileno(), number)
            stack.callback(os.dup2, kept, number)
            stack.callback(_flush, own)
            own = stack.enter_context(open(kept, "w", encoding=own.encoding, errors=own.errors, closefd=False))
        stack.enter_context(contextlib.redirect_stdout(_Aside()))
        yield own


def _flush(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        stream.flush()


class _Aside(io.TextIOBase):
    """Stands in for stdout: writes to what stderr is at the time, and never fails."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        _flush(sys.stderr)

    def fileno(self) -> int:
        return sys.stderr.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return sys.stderr.encoding

    @property
    def buffer(self) -> io.BufferedIOBase:
        return sys.stderr.buffer  # type: ignore[return-value]


def _keep_stdout() -> None:
    if not isinstance(sys.stdout, _Own):
        sys.stdout = cast("TextIO", _Own(sys.stdout))


class _Own:
    """A stream for the thread that makes this; for all others it is stderr."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream if threading.get_ident() == self._thread else sys.stderr, name)


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
