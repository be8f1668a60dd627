"""Prints one of the README's two commands: the fenced block after `<!-- command: NAME -->`."""

import pathlib
import re
import sys

readme = (pathlib.Path(__file__).parent.parent / "README.md").read_text("utf-8")
found = re.search(rf"<!-- command: {re.escape(sys.argv[1])} -->\s*```(?:\w+)?\n(.+?)\n```", readme, re.DOTALL)
if not found:
    sys.exit(f"README.md has no command '{sys.argv[1]}'")
sys.stdout.write(found.group(1).strip() + "\n")
