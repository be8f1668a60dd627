"""What a person sees when a command fails, and how it ends when nobody reads on."""

from __future__ import annotations

import os
import sys

from cli.errors import CommandError, Exit, explain


def fail(error: BaseException) -> int:
    """Tell a person what went wrong, as JSON on stdout where that was asked for, and return the exit code."""
    explained = explain(error)
    try:
        print_error_json(explained)
        for line in _told(explained):
            print(line, file=sys.stderr)  # noqa: T201
    except BrokenPipeError:
        close_broken_pipe()
    return explained.code


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
