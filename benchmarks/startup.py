"""What a call of the command costs: `python -m benchmarks.startup [--runs 9]`.

Whole processes, in turns with the baseline: an interpreter that imports LangGraph and its SQLite checkpointer and
does nothing. `ask` runs over an index that is up to date, each time in a new thread of a file that is there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import heading, processes_in_turns, ratio, row

ROOT = Path(__file__).parents[1]
GOAL = "How old must a senator be, and how old a president?"
HELP, ASK, IMPORT = "orchestrate --help", "orchestrate ask", "import langgraph + sqlite checkpointer"
HELP_LIMIT = 0.4
ASK_FACTOR, ASK_EXTRA = 1.5, 0.5


def measure(runs: int) -> dict[str, list[float]]:
    """Seconds of every call, by what was called."""
    command = [sys.executable, "-m", "cli.main"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        IMPORT: [sys.executable, "-c", "import langgraph.graph, langgraph.checkpoint.sqlite.aio"],
        HELP: [*command, "--help"],
        ASK: [*command, "ask", GOAL, "--docs", str(ROOT / "examples" / "us-constitution.txt")],
    }
    with tempfile.TemporaryDirectory() as home:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "LANG"))}
        environment = {**kept, "ORCHESTRATE_HOME": home, "PYTHONPATH": str(ROOT)}
        return processes_in_turns(commands, environment=environment, runs=runs)


def main() -> int:
    """Print the figures; 1 if one is beyond its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=9)
    taken = measure(parser.parse_args().runs)
    print(heading())
    for name, seconds in taken.items():
        print(row(name, seconds))
    bare, ask, shown = (statistics.median(taken[name]) for name in (IMPORT, ASK, HELP))
    limit = ASK_FACTOR * bare + ASK_EXTRA
    allowed = f"{ASK_FACTOR} x import + {ASK_EXTRA} s = {limit:.2f} s"
    print(f"\nask / import: {ratio(taken[ASK], taken[IMPORT]):.2f}; {ask:.2f} s of {allowed}")
    print(f"--help: {shown:.2f} s of {HELP_LIMIT} s")
    return int(ask > limit or shown > HELP_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
