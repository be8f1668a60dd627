"""Where the process begins: a Ctrl-C that comes while the command is being loaded ends it quietly too."""

from __future__ import annotations

import os


def main() -> None:
    """Load the command and run it."""
    try:
        from cli.main import main as command
    except KeyboardInterrupt:
        os._exit(130)  # Exit.INTERRUPTED, which may not be there yet
    command()
