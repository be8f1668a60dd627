"""What a person sees when a command fails, and how it ends when nobody reads on."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from cli.console import give_up, say
from cli.errors import CommandError, Exit, explain


def fail(error: BaseException) -> int:
    """Tell a person what went wrong, as JSON on stdout where that was asked for, and return the exit code."""
    explained = _unwritten(error) or explain(error)
    try:
        print_error_json(explained)
    except BrokenPipeError:
        close_broken_pipe()
    except OSError:
        give_up(sys.stdout)
    for line in _told(explained):
        say(line)
    return explained.code


@contextlib.contextmanager
def naming(thread_id: str) -> Iterator[None]:
    """While a run's outcome is printed: if it can't be, the error says where it can be read."""
    from cli.progress import as_typed

    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _Unwritten(error, f"the run is kept; `orchestrate threads show {as_typed(thread_id)}` shows it") from None


class _Unwritten(CommandError):
    def __init__(self, reason: OSError, hint: str = "") -> None:
        super().__init__(f"the output couldn't be written: {reason.strerror}", hint or "see what stdout goes to")
        give_up(sys.stdout)


def _unwritten(error: BaseException) -> CommandError | None:
    """What to tell if it was stdout that couldn't be written: then one more line can't be either."""
    if not isinstance(error, OSError) or isinstance(error, BrokenPipeError) or error.filename:
        return None
    try:
        print(flush=True)  # noqa: T201
    except BrokenPipeError:
        return None
    except OSError as reason:
        return _Unwritten(reason)
    return None


def print_error_json(error: CommandError) -> None:
    """The error as JSON on stdout, where JSON was asked for."""
    if "--json" in sys.argv[1:]:
        from cli.conclusion import print_json

        print_json({"error": {"message": error.message, "hint": error.hint, "code": error.code}})


def _told(error: CommandError) -> list[str]:
    from state.text import printable

    return [printable(f"error: {error.message}")] + ([printable(f"hint: {error.hint}")] if error.hint else [])


def close_broken_pipe() -> None:
    """End a command whose reader has gone: Python would fail once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(Exit.ANSWERED)
